"""The actions on what stays staged: opening it again, saving all of it as one, dropping it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from store.errors import NodedeckError, VersionConflict
from tui.editing import staged
from tui.editing.asking import through
from tui.editing.confirming import offered
from tui.editing.leaving import LeaveScreen, Leaving
from tui.editing.review import Outcome, ReviewScreen
from tui.editing.staged import Left, Next, Staged
from tui.editing.staging import Subject, read
from tui.travel import TimeTravel

if TYPE_CHECKING:
    from tui.editing.form import FormScreen
    from tui.editing.threeway import Picked

_NONE: Final = (
    "Nothing is staged: e opens a form, and what is typed there can stay staged when it is left."
)


class StagedActions(TimeTravel):
    """What an app does with edits that outlast their form; by entity, in the order of staging."""

    def __init__(self) -> None:
        super().__init__()
        self._staged: dict[str, Staged] = {}
        self._form: FormScreen | None = None

    @property
    def staged(self) -> tuple[Staged, ...]:
        """The edits that wait to be saved together."""
        return tuple(self._staged.values())

    def has_staged(self, key: str) -> bool:
        """Whether an edit of an entity, or of a new node, waits to be saved."""
        return key in self._staged

    async def _open_form(self, subject: Subject) -> None:
        """Open a form, with what is staged of its entity already."""
        # its fields take a tenth of the start to be imported
        from tui.editing.form import FormScreen

        key = staged.key_of(subject)
        held = self._staged.get(key)
        others = len(self._staged) > (held is not None)
        if held is None:
            form = FormScreen(subject, self._store, others=others)
        elif held.subject.base is not None:
            form = FormScreen(held.subject, self._store, held.texts, others=others)
        else:
            # the whole entity, where what is staged is of another part of it
            path = key if subject.path != held.subject.path else subject.path
            try:
                now = await self._store.call(lambda manager: read(manager, path))
            except NodedeckError as fault:
                self._say(str(fault))
                return
            if now.same_as(held.subject):
                form = FormScreen(now, self._store, held.texts, others=others)
            else:
                form = FormScreen(held.subject, self._store, held.texts, now=now, others=others)

        async def left(how: Left | None) -> None:
            self._form, how = None, how or Left()
            kept = [edit for edit in self.staged if edit.key != key]
            self._stage([*kept, *([how.edit] if how.edit is not None else [])])
            if how.then is not Next.NOTHING:
                await self._review_staged(reverts=how.then is Next.TRY)
            elif how.edit is not None:
                self._say(f"{staged.told(self.staged)}; ctrl+s looks at all of it and saves it.")

        self._form = form
        await self.push_screen(form, left)

    def _stage(self, edits: Iterable[Staged]) -> None:
        self._staged = {edit.key: edit for edit in edits}
        self._deck.staged_line.show(self.staged)

    async def action_save_staged(self) -> None:
        """Look at all that is staged, and save it as one."""
        await self._review_staged(reverts=False)

    async def action_try_staged(self) -> None:
        """As saving, but taken back by itself unless somebody confirms it."""
        await self._review_staged(reverts=True)

    async def _review_staged(self, *, reverts: bool) -> None:
        edits = self.staged
        if not edits:
            self._say(_NONE)
            return
        try:
            shown = await self._store.call(lambda manager: staged.preview_all(manager, edits))
        except VersionConflict as fault:
            await self._merge_staged(fault, reverts=reverts)
            return
        except NodedeckError as fault:
            self._say(str(fault))
            return

        offer = offered(f"Save {_counted(edits)}", shown, staged.write_all(edits), reverts=reverts)

        async def reviewed(outcome: Outcome | None) -> None:
            if outcome is Outcome.DONE:
                self._stage(())
            elif screen.conflict is not None:
                await self._merge_staged(screen.conflict, reverts=reverts)

        commit, typed = through(self._store, offer.write), staged.typed_for(edits)
        screen = ReviewScreen(
            offer.title, offer.shown, commit, action="Save", typed=typed, merges=True
        )
        await self.push_screen(screen, reviewed)

    async def _merge_staged(self, fault: VersionConflict, *, reverts: bool) -> None:
        """Take in what somebody else wrote; where it clashes, let the operator pick."""
        # it needs the fields of forms
        from tui.editing.threeway import ThreeWayScreen

        edits = self.staged
        try:
            now, found = await self._store.call(lambda manager: staged.caught_up(manager, edits))
        except NodedeckError as gone:
            self._say(f"{fault.message} {gone}")
            return
        if now == edits:  # another conflict than one over these values
            self._say(str(fault))
            return

        async def picked(own: Picked | None) -> None:
            if own is None:
                return
            kept = staged.without(now, [path for path, keeps in own.items() if not keeps])
            self._stage(kept)
            if kept:
                await self._review_staged(reverts=reverts)
            else:
                self._say("Theirs stand, and nothing is staged any more.")

        if found:
            await self.push_screen(ThreeWayScreen(found, fault.message), picked)
        else:
            await picked({})

    def action_drop_staged(self) -> None:
        """Drop what is staged, after a question."""
        if not self._staged:
            self._say(_NONE)
        else:
            self._ask_to_drop("Drop what is staged?", "Drop", lambda: self._stage(()))

    def ask_to_leave(self, leave: Callable[[], object]) -> None:
        """Leave, after a question where edits are staged, here or in a form."""
        if self._staged_count:
            self._ask_to_drop("Leave nodedeck?", "Drop and leave", leave)
        else:
            leave()

    def _ask_to_drop(self, question: str, drop: str, then: Callable[[], object]) -> None:
        def answered(answer: Leaving | None) -> None:
            if answer is Leaving.DROP:
                then()

        if not isinstance(self.screen, LeaveScreen):
            self.push_screen(
                LeaveScreen(self._staged_count, question=question, drop=drop), answered
            )

    @property
    def _staged_count(self) -> int:
        """How many edits are staged; an open form holds those of its entity."""
        if self._form is None:
            return staged.counted(self.staged)
        others = [edit for edit in self.staged if edit.key != self._form.key]
        return staged.counted(others) + len(self._form.staged)


def _counted(edits: tuple[Staged, ...]) -> str:
    count, entities = staged.counted(edits), len(edits)
    told = f"{count} staged edit{'' if count == 1 else 's'}"
    return told if entities == 1 else f"{told} of {entities} entities"
