"""From staged edits of a service to their commit: a look, a question, and who was first."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence

from store.errors import NodedeckError, VersionConflict
from store.settings_board import Board
from tui.editing.asking import AskingScreen, through
from tui.editing.leaving import LeaveScreen, Leaving
from tui.editing.review import Outcome, ReviewScreen
from tui.settings_edit.saving import preview, touched, write
from tui.settings_edit.staging import Batch, Draft
from tui.store_thread import StoreThread


class SavingScreen(AskingScreen):
    """Writes what is staged of one service, as one transaction under one version check."""

    def __init__(self, store: StoreThread, *, read_only: bool) -> None:
        super().__init__(store, read_only=read_only)
        self._board: Board | None = None
        self._draft = Draft()

    @abstractmethod
    async def read(self) -> None:
        """Bring the board up to date."""

    @abstractmethod
    def show(self) -> None:
        """Show the board, and what is staged."""

    @property
    def staged(self) -> int:
        """How many edits are staged and not written."""
        return len(self._draft)

    async def save(self, service: str) -> None:
        """Show what the staged edits of a service would change, and ask."""
        batch = self._draft.batch(service)
        try:
            shown = await self._store.call(lambda manager: preview(manager, batch))
        except VersionConflict as conflict:
            await self._merge(batch, conflict)
            return
        except NodedeckError as fault:
            self.say(str(fault))
            return
        if self.app.screen is not self:
            return

        async def reviewed(outcome: Outcome | None) -> None:
            if outcome is Outcome.MOVED_ON:
                await self.save(service)
            elif outcome is Outcome.DONE:
                await self._saved(batch)

        noun = "edit" if len(batch.edits) == 1 else "edits"
        title = f"Save {len(batch.edits)} {noun} of {service}"
        commit = through(self._store, write(batch))
        await self.app.push_screen(
            ReviewScreen(title, shown, commit, action="Save", merges=True), reviewed
        )

    async def _saved(self, batch: Batch) -> None:
        self._draft.clear([one.was.path for one in batch.edits])
        await self.read()
        self.show()
        if rest := ", ".join(self._draft.services):
            self.say(f"Saved. Still staged: {rest}; ctrl+s is next.")

    async def _merge(self, batch: Batch, conflict: VersionConflict) -> None:
        """Take in what somebody else wrote; where it clashes, let the operator pick."""
        try:
            moved = await self._store.call(lambda manager: touched(manager, batch))
        except NodedeckError as fault:
            self.say(str(fault))
            return
        await self.read()
        board, service = self._board, batch.service
        if board is None or board.versions.get(service, 0) == batch.version:
            self.say(str(conflict))  # what there is now cannot be read
            return
        clashes = self._draft.clashes(service, board, moved)
        if not clashes:
            await self._go_on(service, board, ())
            return
        from tui.editing.threeway import Picked, ThreeWayScreen  # its fields cost much of a start

        async def picked(own: Picked | None) -> None:
            if own is not None:
                dropped = [one.path for one in clashes if not own[one.path]]
                await self._go_on(service, board, dropped)

        await self.app.push_screen(ThreeWayScreen(clashes, conflict.message), picked)

    async def _go_on(self, service: str, board: Board, dropped: Sequence[str]) -> None:
        """Ask again, about what is still wanted and against what was seen."""
        self._draft.rebase(service, board)
        self._draft.clear(dropped)
        self.show()
        if service in self._draft.services:
            await self.save(service)
        else:
            self.say(f"{service} is as you wanted it, or as they do: nothing of it is staged.")

    def ask_to_leave(self, leave: Callable[[], object]) -> None:
        """Leave, after a question where edits are staged, here or in a form over this screen."""
        from tui.editing.form import FormScreen

        def answered(answer: Leaving | None) -> None:
            if answer is Leaving.DROP:
                leave()

        forms = [one for one in self.app.screen_stack if isinstance(one, FormScreen)]
        count = self.staged + sum(len(form.staged) for form in forms)
        if not count:
            leave()
        elif not isinstance(self.app.screen, LeaveScreen):
            self.app.push_screen(LeaveScreen(count, question="Leave?"), answered)
