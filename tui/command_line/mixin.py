"""``:`` in an app: the line is opened, verbs are run, what they ask is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.screen import ModalScreen
from textual.widgets import Input

from tui.editing.hands import Hands

if TYPE_CHECKING:
    from tui.command_line.asking import QuestionScreen
    from tui.command_line.running import Call, Lines, Question
    from tui.command_line.screen import CommandScreen

THREAD: Final = "command line"
"""The worker that waits for a verb."""


class CommandLine(Hands):
    """The actions of an app that takes verbs; the app supplies deck, store and session."""

    _typed_lines: Lines | None = None
    _command_screen: CommandScreen | None = None
    _verb_question: QuestionScreen | None = None
    _leaving_behind: Call | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the line where no dialog waits for an answer, and no text is typed."""
        if action == "command_line":
            return not isinstance(self.focused, Input) and not isinstance(self.screen, ModalScreen)
        return super().check_action(action, parameters)

    async def action_command_line(self) -> None:
        """Open the line."""
        # what it needs is loaded when it is first opened
        from tui.command_line.running import Lines
        from tui.command_line.screen import CommandScreen

        if self._typed_lines is None:
            self._typed_lines = Lines(self._ask_for_verb)
        lines, past = self._typed_lines, self.visit is not None

        def start(line: str) -> Call:
            call = lines.begin(line, self.session, in_the_past=past)
            # a verb that writes is never broken off
            self.run_worker(self._run_verb(lines, call), name=THREAD, group=THREAD, exclusive=False)
            return call

        self._command_screen = CommandScreen(self.session, lines, start, in_the_past=past)
        await self.push_screen(self._command_screen)

    async def _run_verb(self, lines: Lines, call: Call) -> None:
        await call.run()
        lines.ended(call)
        if self._command_screen is not None and self._command_screen in self.screen_stack:
            self._command_screen.look()
        elif call.told:
            self._say(call.told[-1])

    def interrupt_verb(self) -> bool:
        """End the verb whose output or question is on screen; whether nodedeck stays for one.

        It also stays, once, for a verb that goes on behind a closed line.
        """
        if self._verb_question is not None and self.screen is self._verb_question:
            self._verb_question.dismiss(False)
            return True
        if self.screen is self._command_screen and self._command_screen.interrupt():
            return True
        behind = self._typed_lines.running if self._typed_lines is not None else None
        if behind is None or behind is self._leaving_behind:
            return False
        self._leaving_behind = behind
        self._say(
            f"'{behind.verb}' has not ended yet, and leaving would take back what it has not"
            " committed. Wait for it, or leave with the same key again."
        )
        return True

    def _ask_for_verb(self, question: Question) -> None:
        """Show a question of the verb's thread, whose answer that thread waits for."""
        self.call_from_thread(self._show_question, question)

    def _show_question(self, question: Question) -> None:
        from tui.command_line.asking import QuestionScreen

        def answered(agreed: bool | None) -> None:
            if not question.answer.done():
                question.answer.set_result(bool(agreed))

        self._verb_question = QuestionScreen(question)
        self.push_screen(self._verb_question, answered)
