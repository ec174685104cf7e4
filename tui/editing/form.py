"""A form over what is edited: fields, what is staged, and the way from there to a commit."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from store.errors import NodedeckError, VersionConflict
from tui.editing.asking import through
from tui.editing.confirming import WITHIN_SECONDS, unconfirmed
from tui.editing.fields import FieldBox
from tui.editing.leaving import LeaveScreen
from tui.editing.review import Outcome, ReviewScreen
from tui.editing.staging import Subject, again, clashes, preview, write
from tui.editing.threeway import Picked, ThreeWayScreen
from tui.store_thread import StoreThread
from tui.text import clean, shorten_middle
from tui.widgets.key_line import KeyLine

_TITLE_CELLS: Final = 60
_REVERTS: Final = (
    f"It goes back by itself after {WITHIN_SECONDS:.0f} s, also without this console, unless it is"
    " kept: K on the deck, or 'nodedeck confirm'."
)


class FormScreen(ModalScreen[bool]):
    """The fields of one subject; dismissed with whether something was committed."""

    DEFAULT_CSS = """
    FormScreen #form { height: 1fr; border: round $primary; padding: 0 1; }
    FormScreen #form > VerticalScroll { height: 1fr; }
    FormScreen .note { height: auto; max-height: 3; color: $text-warning; }
    FormScreen #fault { height: auto; max-height: 5; color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "save", "look and save", id="form.save", priority=True),
        Binding("ctrl+o", "try", "save, reverts in 60 s", id="form.try", priority=True),
        Binding("tab", "app.focus_next", "next field", id="form.next"),
        Binding("escape", "leave", "leave", id="form.leave"),
    ]

    def __init__(self, subject: Subject, store: StoreThread) -> None:
        super().__init__()
        self._subject = subject
        self._store = store

    def compose(self) -> ComposeResult:
        """What to know of the path, the fields, what is wrong, the keys."""
        with Vertical(id="form") as box:
            box.border_title = Content(self._title(0))
            for note in self._subject.notes:
                yield Static(clean(note), classes="note", markup=False)
            with VerticalScroll(can_focus=False):
                for field in self._subject.fields:
                    yield FieldBox(field)
            yield Static(id="fault", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Stand in the first field."""
        self._say("")
        self.query(FieldBox).first().control.focus()

    @property
    def staged(self) -> dict[str, str]:
        """What stands in the fields that differ from what was read, by path."""
        return {box.spec.path: box.text for box in self.query(FieldBox) if box.staged}

    @on(FieldBox.Edited)
    def _edited(self) -> None:
        self._say("")
        self._entitle()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def _entitle(self) -> None:
        self.query_one("#form").border_title = Content(self._title(len(self.staged)))

    def _title(self, staged: int) -> str:
        path = shorten_middle(clean(self._subject.path), _TITLE_CELLS)
        verb = "Edit" if self._subject.base is None else "Add"
        return f"{verb} {path}" + (f"  {staged} staged" if staged else "")

    def _say(self, sentence: str) -> None:
        said = self.query_one("#fault", Static)
        said.display = bool(sentence)
        said.update(clean(sentence))

    def action_leave(self) -> None:
        """Leave at once where nothing is staged, else ask."""
        count = len(self.staged)
        if self.app.screen is not self:
            return
        if not count:
            self.dismiss(False)
            return

        def left(drop: bool | None) -> None:
            if drop:
                self.dismiss(False)

        self.app.push_screen(LeaveScreen(count), left)

    async def action_try(self) -> None:
        """As saving, but taken back by itself unless somebody confirms it."""
        if self._subject.digest is not None:
            self._say(
                "A key of the config file cannot revert by itself; nothing was changed."
                " ctrl+s saves it."
            )
            return
        await self.action_save(reverts=True)

    async def action_save(self, *, reverts: bool = False) -> None:
        """Show what the staged texts would change, and ask."""
        if self.app.screen is not self:
            return
        boxes = list(self.query(FieldBox))
        refused = [box for box in boxes if box.check()]
        if refused:
            refused[0].control.focus()
            return
        texts = {box.spec.path: box.spec.given(box.text) for box in boxes if box.staged}
        if not texts:
            self._say("Nothing is staged: no field differs from what is stored.")
            return
        await self._review(texts, reverts=reverts)

    async def _review(self, texts: dict[str, str], *, reverts: bool) -> None:
        subject = self._subject
        try:
            shown = await self._store.call(lambda manager: preview(manager, subject, texts))
        except VersionConflict as fault:
            await self._merge(fault, reverts=reverts)
            return
        except NodedeckError as fault:
            self._say(str(fault))
            return

        run = unconfirmed(write(subject, texts)) if reverts else write(subject, texts)
        commit = through(self._store, run)

        async def reviewed(outcome: Outcome | None) -> None:
            if outcome is Outcome.DONE:
                self.dismiss(True)
            elif outcome is Outcome.MOVED_ON:
                await self._review(texts, reverts=reverts)

        title = f"Save {shorten_middle(clean(subject.path), _TITLE_CELLS)}"
        if reverts:
            shown = replace(shown, notes=(*shown.notes, _REVERTS))
            title += ", unless confirmed"
        screen = ReviewScreen(title, shown, commit, action="Save", typed=subject.typed, merges=True)
        await self.app.push_screen(screen, reviewed)

    async def _merge(self, fault: VersionConflict, *, reverts: bool) -> None:
        """Take in what somebody else wrote; where it clashes, let the operator pick."""
        if self._subject.base is not None:
            self._say(str(fault))
            return
        was = self._subject
        try:
            now = await self._store.call(lambda manager: again(manager, was))
        except NodedeckError as gone:
            self._say(f"{fault.message} {gone}")
            return
        if now.same_as(was):  # another conflict than one over these values
            self._say(str(fault))
            return
        found = clashes(was, now, self.staged)
        if not found:
            await self._rebase(now, self.staged)
            await self.action_save(reverts=reverts)
            return

        async def picked(own: Picked | None) -> None:
            if own is None:
                return
            texts = self.staged
            kept = {path: text for path, text in texts.items() if own.get(path, True)}
            await self._rebase(now, kept)
            if kept:
                await self.action_save(reverts=reverts)
            else:
                self._say("Theirs stand, and nothing is staged any more.")

        await self.app.push_screen(ThreeWayScreen(found, fault.message), picked)

    async def _rebase(self, now: Subject, texts: dict[str, str]) -> None:
        """Show another reading, with the staged texts that are kept."""
        self._subject = now
        place = self.query_one("#form > VerticalScroll")
        await place.remove_children()
        await place.mount_all(FieldBox(field, texts.get(field.path)) for field in now.fields)
        self.query(FieldBox).first().control.focus()
        for box in self.query(FieldBox):
            box.check()
        self._entitle()
