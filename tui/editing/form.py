"""A form over what is edited: fields, what is staged, and the way from there to a commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
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
from tui.editing.confirming import offered
from tui.editing.fields import FieldBox
from tui.editing.leaving import LeaveScreen, Leaving
from tui.editing.review import Outcome, ReviewScreen
from tui.editing.staged import Left, Next, Staged, key_of
from tui.editing.staging import Subject, again, clashes, preview, write
from tui.editing.threeway import Picked, ThreeWayScreen
from tui.store_thread import StoreThread
from tui.text import clean, shorten_middle
from tui.widgets.key_line import KeyLine

_TITLE_CELLS: Final = 60


class FormScreen(ModalScreen[Left]):
    """The fields of one subject; dismissed with what of it stays staged, and what is to follow.

    Where ``others`` are staged, saving is of all together, and so happens outside. A key of the
    config file is saved by itself, since no transaction of the database takes it back.
    """

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

    def __init__(
        self,
        subject: Subject,
        store: StoreThread,
        texts: Mapping[str, str] = MappingProxyType({}),
        *,
        now: Subject | None = None,
        others: bool = False,
    ) -> None:
        """A form with the ``texts`` that were staged before.

        ``now`` is a later reading, which was written to since then.
        """
        super().__init__()
        self._subject = subject
        self._store = store
        self._texts = texts
        self._now = now
        self._others = others and subject.digest is None

    def compose(self) -> ComposeResult:
        """What to know of the path, the fields, what is wrong, the keys."""
        with Vertical(id="form") as box:
            box.border_title = Content(self._title(0))
            for note in self._subject.notes:
                yield Static(clean(note), classes="note", markup=False)
            with VerticalScroll(can_focus=False):
                for field in self._subject.fields:
                    yield FieldBox(field, self._texts.get(field.path))
            yield Static(id="fault", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Stand in the first field, with what was staged before on what stands there now."""
        self._say("")
        self.query(FieldBox).first().control.focus()
        self._judge()
        if self._now is not None:
            path = shorten_middle(clean(self._subject.path), _TITLE_CELLS)
            await self._take_in(self._now, f"{path} was changed while an edit of it was staged.")

    @property
    def key(self) -> str:
        """What the form is about: an entity, a key of the file, or a new node."""
        return key_of(self._subject)

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
            self.dismiss(Left())
            return

        def left(answer: Leaving | None) -> None:
            if answer is Leaving.DROP:
                self.dismiss(Left())
            elif answer is Leaving.KEEP and self._fits():
                self.dismiss(Left(self._kept()))

        # what the deck's staged edits take in are values of the database's document
        keeps = self._subject.digest is None and self._subject.source is None
        self.app.push_screen(LeaveScreen(count, keeps=keeps), left)

    def _kept(self) -> Staged | None:
        return Staged(self._subject, self.staged) if self.staged else None

    def _judge(self) -> list[FieldBox]:
        """Check every field, and hand back those that are refused."""
        return [box for box in self.query(FieldBox) if box.check()]

    def _fits(self) -> bool:
        """Whether every staged text fits; goes to the first that does not."""
        refused = self._judge()
        if refused:
            refused[0].control.focus()
        return not refused

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
        if not self._fits():
            return
        if self._others:
            self.dismiss(Left(self._kept(), Next.TRY if reverts else Next.SAVE))
            return
        texts = Staged(self._subject, self.staged).given
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

        title = f"Save {shorten_middle(clean(subject.path), _TITLE_CELLS)}"
        offer = offered(title, shown, write(subject, texts), reverts=reverts)

        async def reviewed(outcome: Outcome | None) -> None:
            if outcome is Outcome.DONE:
                self.dismiss(Left())
            elif screen.conflict is not None:
                await self._merge(screen.conflict, reverts=reverts)

        commit = through(self._store, offer.write)
        screen = ReviewScreen(
            offer.title, offer.shown, commit, action="Save", typed=subject.typed, merges=True
        )
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

        async def save() -> None:
            await self.action_save(reverts=reverts)

        await self._take_in(now, fault.message, save)

    async def _take_in(
        self, now: Subject, told: str, go_on: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Put what is staged on a later reading, and go on with what is left of it."""
        found = clashes(self._subject, now, self.staged)

        async def picked(own: Picked | None) -> None:
            if own is None:
                return
            texts = self.staged
            kept = {path: text for path, text in texts.items() if own.get(path, True)}
            await self._rebase(now, kept)
            if not kept:
                self._say("Theirs stand, and nothing is staged any more.")
            elif go_on is not None:
                await go_on()

        if found:
            await self.app.push_screen(ThreeWayScreen(found, told), picked)
        else:
            await picked({})

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
