"""A verb that runs in a thread of its own, over the deck's session, and the lines typed so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Final

from store.errors import ExitCode, UsageError
from tui import streams
from tui.command_line import refusals, words
from tui.command_line.transcript import Transcript
from tui.session import Session
from tui.store_thread import in_thread
from tui.text import clean

MOST_REMEMBERED: Final = 200
_TITLE: Final = 200
EXIT_WORDS: Final = {
    ExitCode.FAILED: "failed, nothing changed",
    ExitCode.USAGE: "not a call that can be done",
    ExitCode.BUSY: "busy, try again",
    ExitCode.HALF_DONE: "half done: it says how to finish",
    ExitCode.CONFLICT: "somebody else changed it first",
    ExitCode.REFUSED: "refused",
    ExitCode.CRITICAL: "critical findings",
    ExitCode.DIFFERENT: "differences found",
    ExitCode.INTERRUPTED: "interrupted",
}
"""What an exit code other than 0 means, in the words of the README's table or shorter ones."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a verb asks before it goes on; with ``typed`` that has to be typed for a yes."""

    text: str
    answer: Future[bool]
    typed: str = ""


class Call:
    """One verb: its words, what it printed so far, and how it ended."""

    def __init__(
        self,
        line: str,
        argv: Sequence[str],
        session: Session,
        ask: Callable[[Question], None],
    ) -> None:
        self.transcript = Transcript()
        self.code: int | None = None
        self.secret = words.holds_secret(line, argv)
        self.told: list[str] = []
        self.line = line
        self._argv = tuple(argv)
        self._session = session
        self._ask = ask
        self._question: Question | None = None

    @property
    def title(self) -> str:
        """The line, or of one that may hold a secret the verb alone."""
        shown = f"{self._argv[0]} …" if self.secret else self.line
        return clean(shown, limit=_TITLE)

    @property
    def verb(self) -> str:
        """The first word."""
        return clean(self._argv[0], limit=_TITLE)

    @property
    def memorable(self) -> bool:
        """Whether the line may be remembered; a secret in an argument is refused by the verb."""
        return not self.secret and self.code != ExitCode.REFUSED

    async def run(self) -> None:
        """Run it to its end; the exit code is there then, and its words where it is not 0."""
        code = await in_thread(self._run, name="command line")
        self.code = ExitCode.INTERRUPTED if self.transcript.cut else code
        if self.code:
            self.secret = self.secret or self.code == ExitCode.REFUSED
            said = EXIT_WORDS.get(ExitCode(self.code), "failed")
            self.transcript.fail(f"exit {int(self.code)}: {said}")
        elif not self.transcript.count:
            self.transcript.say("Done; there is nothing to show.")

    def leave(self) -> None:
        """Read no more of it: what only reads ends at its next line, what writes is not broken off.

        A question that is open is answered with no.
        """
        self.transcript.leave()
        question = self._question
        if question is not None and not question.answer.done():
            question.answer.set_result(False)

    def _run(self) -> int:
        # from here, since it loads what the deck does not need to start
        from tui import cli

        with streams.held_by(self):
            return int(cli.call(list(self._argv), self._session))

    # what the verb prints and asks, in its thread

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more."""
        return self.transcript.gone

    def put(self, text: str) -> None:
        """Take data; raises ReaderGone where nobody reads any more."""
        self.transcript.put(text)

    def say(self, sentence: str) -> None:
        """Take a line of narration; once nobody reads, it is kept to be told in another way."""
        self.transcript.say(sentence)
        if self.gone:
            self.told.append(sentence)

    def agree(self, question: str) -> bool:
        """Ask in the deck, and wait for the answer."""
        return self._asked(Question(question, Future()))

    def type_name(self, name: str, warning: str) -> bool:
        """Ask in the deck for a name, and wait for it."""
        return self._asked(Question(warning, Future(), name))

    def _asked(self, question: Question) -> bool:
        self._question = question
        if self.gone:
            return False
        self._ask(question)
        return question.answer.result()


class Lines:
    """What the lines of one console share: the verb that runs, and what was typed before."""

    def __init__(self, ask: Callable[[Question], None]) -> None:
        self._ask = ask
        self.running: Call | None = None
        self.remembered: list[str] = []

    def begin(self, line: str, session: Session, *, in_the_past: bool = False) -> Call:
        """A call to be run; raises UsageError for a line that is none or must not be run here."""
        argv = words.split(line)
        if self.running is not None:
            raise UsageError(
                f"'{self.running.verb}' has not ended yet; nothing was done.",
                hint="Wait for it, or end it with ctrl+c.",
            )
        if not argv:
            raise UsageError("This is the deck already.", hint="Name a verb; tab shows them.")
        refusals.check_files(argv, session.locations)
        if in_the_past:
            session = replace(session, read_only=True, in_the_past=True)
        self.running = Call(line.strip(), argv, session, self._ask)
        return self.running

    def ended(self, call: Call) -> None:
        """Make room for the next one, and remember the line."""
        self.running = None
        if call.memorable and self.remembered[-1:] != [call.line]:
            self.remembered = [*self.remembered, call.line][-MOST_REMEMBERED:]
