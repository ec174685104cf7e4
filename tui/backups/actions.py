"""What can be done to the backup that is pointed at, in the list and in its own screen alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from typing import Final

from textual import work
from textual.binding import Binding, BindingType
from textual.widgets import Static

from store.backup_folder import Item
from store.errors import NodedeckError
from store.restoring import Restored
from tui.backups import asking, wording
from tui.backups.desk import Desk
from tui.editing.asking import AskingScreen
from tui.editing.review import Outcome, ReviewScreen
from tui.store_thread import StoreThread

_LOOK_SECONDS: Final = 2.0
_NONE: Final = "No backup is here; a makes one."
_BUSY: Final = "{} is being checked; that comes first."


OF_A_BACKUP: Final[tuple[BindingType, ...]] = (
        Binding(
            "v", "verify", "verify", id="backups.verify",
            tooltip="Prove it: its digest, its integrity, its log.",
        ),
        Binding(
            "R", "restore", "restore", id="backups.restore",
            tooltip="Restore it; its name has to be typed.",
        ),
        Binding(
            "D", "remove", "remove", id="backups.remove",
            tooltip="Remove it for good; its name has to be typed.",
        ),
    )  # fmt: skip
"""The keys that are about the backup that is pointed at."""


class BackupActions(AskingScreen):
    """Verifies, restores and removes; looks at the folder now and then while it is in sight."""

    def __init__(self, desk: Desk, store: StoreThread) -> None:
        super().__init__(store, read_only=desk.session.read_only)
        self.desk = desk

    @property
    @abstractmethod
    def pointed(self) -> Item | None:
        """The file that the keys are about, None where there is none."""

    @abstractmethod
    def show(self) -> None:
        """Show the folder as the desk has it."""

    @abstractmethod
    def fault(self, text: str) -> None:
        """Say why the folder cannot be read; empty where it can."""

    def on_mount(self) -> None:
        """Look now, and now and then: nobody tells when a file comes or goes."""
        self.look_again()
        self.set_interval(_LOOK_SECONDS, self._look_if_seen, name="folder")

    @work(name="folder", group="folder", exclusive=True)
    async def look_again(self) -> None:
        """Look at the folder, and show it."""
        await self.look()

    def _look_if_seen(self) -> None:
        if self.app.screen is self:
            self.look_again()

    async def look(self) -> None:
        """Look at the folder and show it, at once."""
        try:
            await self.desk.look()
        except NodedeckError as fault:
            self.fault(str(fault))
            return
        if self.is_attached:
            self.fault("")
            self.show()
            await self.looked()

    async def looked(self) -> None:
        """Do what else there is to do once the folder was looked at."""

    def tell(self, selector: str, text: str) -> None:
        """Put clean text into a line, hidden where there is none; costs nothing if it is there."""
        said = self.query_one(selector, Static)
        said.display = bool(text)
        if str(said.content) != text:
            said.update(text)

    def refused(self) -> bool:
        """Say that nothing is written here, where that is so."""
        if why := self.desk.without_database:
            self.say(why)
            return True
        return super().refused()

    def _wanted(self) -> Item | None:
        """The backup that is pointed at; says so where it is none, or busy."""
        item = self.pointed
        if item is None:
            self.say(_NONE)
        elif item.backup is None or item.foreign:
            self.say(item.fault)
        elif item.path in self.desk.checking:
            self.say(_BUSY.format(item.name))
        else:
            return item
        return None

    def _check(self, item: Item, work: Callable[[Item], Awaitable[None]]) -> None:
        """Read a backup as a whole, which takes a while, and tell so, also once this is left."""

        async def run() -> None:
            self.desk.checking.add(item.path)
            self.show()
            try:
                await work(item)
            except NodedeckError as fault:
                self.say(str(fault))
            finally:
                self.desk.checking.discard(item.path)
                if self.is_attached:
                    self.show()

        self.app.run_worker(run(), name="check", group="check", exclusive=False)

    def action_verify(self) -> None:
        """Prove the backup, and say what was found."""
        if (item := self._wanted()) is not None:
            self._check(item, self._verify)

    async def _verify(self, item: Item) -> None:
        found = await self.desk.verify(item)
        if item.backup is not None:
            self.say(wording.verdict(item.backup, found.faults))

    def action_restore(self) -> None:
        """Prove the backup, show what a restore of it changes, and ask."""
        if not self.refused() and (item := self._wanted()) is not None:
            self._check(item, self._ask_to_restore)

    async def _ask_to_restore(self, item: Item) -> None:
        planned = await self.desk.plan(item)
        if self.app.screen is not self:
            return
        done: list[Restored] = []

        async def commit(reason: str | None) -> object:
            done.append(await self.desk.restore(planned, reason))
            return done

        def answered(outcome: Outcome | None) -> None:
            if outcome is Outcome.MOVED_ON:
                self.action_restore()
            for each in done:
                self.say(" ".join(wording.restored(planned, each)))
                self.look_again()

        title = f"Restore {item.name}"
        shown = asking.of_restore(planned)
        await self.app.push_screen(
            ReviewScreen(title, shown, commit, action="Restore", typed=item.name, merges=True),
            answered,
        )

    async def action_remove(self) -> None:
        """Remove the backup, once its name was typed."""
        if self.refused() or (item := self._wanted()) is None:
            return

        async def commit(_: str | None) -> None:
            await self.desk.remove(item)

        def answered(outcome: Outcome | None) -> None:
            if outcome is Outcome.DONE:
                self.say(f"Removed {item.name}.")
                self.removed()
            self.look_again()

        shown = asking.of_removal(item, only=self.desk.folder.backups == 1)
        await self.app.push_screen(
            ReviewScreen(
                f"Remove {item.name}",
                shown,
                commit,
                action="Remove",
                typed=item.name,
                reason=False,
            ),
            answered,
        )

    def removed(self) -> None:
        """Do what follows once the backup that is pointed at is gone."""
