"""The backups beside the database: what there is, and how one is made, proven, taken back."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from store.backup import Backup, folder_of
from store.backup_folder import Item
from tui.backups.actions import OF_A_BACKUP, BackupActions
from tui.backups.desk import Desk
from tui.backups.making import MakeScreen
from tui.backups.rows import COLUMNS, about, row
from tui.panes.base import READING
from tui.screens.backup import BackupScreen
from tui.store_thread import StoreThread
from tui.text import clean, grouped, size
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.trouble_line import TroubleLine

_UNREAD: Final = "Not known: the line above says why."
_RETELL_SECONDS: Final = 5


class BackupsScreen(BackupActions):
    """The backups as a list, newest first; the one under the cursor in full below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "a", "make", "make", id="backups.make",
            tooltip="Back up the database and the config file.",
        ),
        *OF_A_BACKUP,
        Binding("escape", "app.back", "back", id="backups.back"),
    ]  # fmt: skip

    def __init__(self, desk: Desk, store: StoreThread) -> None:
        super().__init__(desk, store)
        self._shown: object = None

    def compose(self) -> ComposeResult:
        """Heading, faults, the list, the backup in full, the footer."""
        yield Static("Backups", classes="heading", markup=False)
        yield Static(classes="subheading", markup=False)
        yield TroubleLine()
        yield Static(id="fault", markup=False)
        with Vertical(classes="pane", id="list") as box:
            box.border_title = "Backups"
            yield Table(COLUMNS, empty=READING)
        with Vertical(classes="pane", id="full"):
            yield Static(id="about", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Stand in the list."""
        self.query_one("#full").display = False
        self.tell("#fault", "")
        self.tell(".subheading", clean(folder_of(self.desk.session.locations)))
        self._table.focus()

    @property
    def _table(self) -> Table:
        return self.query_one(Table)

    @property
    def pointed(self) -> Item | None:
        """The file under the cursor."""
        key = self._table.cursor_key
        return next((one for one in self.desk.folder.items if str(one.path) == key), None)

    def fault(self, text: str) -> None:
        """Say why the folder cannot be read, or why there is nothing to do here."""
        without = self.desk.without_database
        self.tell("#fault", clean(text or without))
        database = self.desk.session.locations.database.name
        how = "" if without else "; a makes one"
        nothing = f"There are no backups of {clean(database)} yet{how}."
        self._table.set_empty(_UNREAD if text else nothing)
        if text:
            self._shown = None
            self._table.set_rows([], flash=False)

    def show(self) -> None:
        """Show the list, what all of it takes, and the file under the cursor."""
        folder, now = self.desk.folder, self.desk.clock().astimezone()
        checking = frozenset(self.desk.checking)
        mark = (folder, checking, now.timestamp() // _RETELL_SECONDS)
        if mark != self._shown:  # a thousand rows take a while to make
            self._shown = mark
            rows = [
                row(one, self.desk.verdict(one), now, checking=one.path in checking)
                for one in folder.items
            ]
            self._table.set_rows(rows, flash=False)
        noun = "backup" if folder.backups == 1 else "backups"
        told = f"{grouped(folder.backups)} {noun}, {size(folder.size)} in all"
        self.tell(".heading", f"Backups  {told if folder.items else ''}".rstrip())
        self._tell()

    async def looked(self) -> None:
        """Open those in sight whose manifest does not tell all."""
        while (item := self._untold()) is not None:
            await self.desk.open(item)
            self.show()

    def _untold(self) -> Item | None:
        """The first file in sight that has more to tell."""
        top, table = self._table.scroll_offset.y, self._table
        seen = {one.key for one in table.rows[top : top + table.size.height]}
        return next(
            (one for one in self.desk.folder.items if not one.told and str(one.path) in seen), None
        )

    def _tell(self) -> None:
        item = self.pointed
        self.query_one("#full").display = item is not None
        if item is not None:
            now = self.desk.clock().astimezone()
            self.tell("#about", "\n".join(about(item, self.desk.verdict(item), now)))

    def on_table_highlighted(self) -> None:
        """Show the file under the cursor in full."""
        self._tell()

    async def on_table_selected(self) -> None:
        """Open the backup: what is in it, and what differs from now."""
        item = self.pointed
        if item is not None and (item.backup is None or item.foreign):
            self.say(item.fault)
        elif item is not None:
            await self.app.push_screen(BackupScreen(item, self.desk, self._store))

    def on_screen_resume(self) -> None:
        """Show what became of the backups under another screen."""
        self.look_again()

    async def action_make(self) -> None:
        """Ask for a name, make a backup, and say where it is."""
        if self.refused():
            return

        async def made(backup: Backup | None) -> None:
            if backup is None:
                return
            self.say(f"Made {backup.path}, {size(backup.size)}.")
            await self.look()
            self._table.move_to(str(backup.path))

        await self.app.push_screen(MakeScreen(self.desk), made)
