"""One backup in full: what it holds, and what a restore of it would change of what there is now."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from store import backup_inside
from store.backup_folder import Item
from store.backup_inside import Compared, Inside, Tree
from store.errors import MissingDatabase, NodedeckError
from store.manager import ConfigManager
from store.models import FieldChange
from tui.backups.actions import OF_A_BACKUP, BackupActions
from tui.backups.desk import Desk
from tui.backups.rows import (
    DIFFERENCE_COLUMNS,
    SHOWN,
    TALLY_COLUMNS,
    about,
    difference_row,
    shown_changes,
    tally_row,
)
from tui.panes.base import READING
from tui.screens.value import ValueScreen
from tui.store_thread import StoreThread, in_thread
from tui.text import clean, grouped
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.trouble_line import TroubleLine

_BESIDE: Final = 110
"""Columns from which what it holds stands beside what would change."""
_REST: Final = 10
"""For so many times what a comparison took the next one waits, however often is committed."""
_NOT_COMPARED: Final = (
    "Not compared by this: profiles, flags, sealed keys, the log. They go back too."
)


class BackupScreen(BackupActions):
    """A backup's kinds of entities, and its differences from now, kept up to date."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *OF_A_BACKUP,
        Binding("tab", "app.focus_next", "next", id="backup.next"),
        Binding("shift+tab", "app.focus_previous", "list before", show=False, id="backup.before"),
        Binding("escape", "app.back", "back", id="backup.back"),
    ]

    def __init__(self, item: Item, desk: Desk, store: StoreThread) -> None:
        super().__init__(desk, store)
        self._item = item
        self._inside: Inside | None = None
        self._unread = ""
        self._changes: dict[str, FieldChange] = {}
        self._stale = asyncio.Event()

    def compose(self) -> ComposeResult:
        """The name, what is known of the file, the two tables."""
        yield Static(Content(clean(self._item.name, limit=200)), classes="heading")
        yield Static(id="about", classes="subheading", markup=False)
        yield TroubleLine()
        yield Static(id="fault", markup=False)
        with Horizontal(id="compared"):
            with Vertical(id="tallies", classes="pane") as box:
                box.border_title = "In it"
                yield Table(TALLY_COLUMNS, empty=READING)
            with Vertical(id="differences", classes="pane") as box:
                box.border_title = "Differs from now"
                yield Table(DIFFERENCE_COLUMNS, empty=READING)
        yield Static(_NOT_COMPARED, classes="subheading", id="uncompared", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Read it, and compare again whenever something was committed."""
        self.fault("")
        self.show()
        self._table("differences").focus()
        self.watch(self.app.screen_stack[0], "live", self._committed, init=False)
        self.run_worker(self._follow(), name="inside", group="inside", exclusive=True)

    def on_resize(self, event: events.Resize) -> None:
        """Put the tables under each other where there is no room side by side."""
        self.set_class(event.size.width < _BESIDE, "-narrow")

    def _table(self, part: str) -> Table:
        return self.query_one(f"#{part} Table", Table)

    @property
    def pointed(self) -> Item | None:
        """This backup, as it was last seen."""
        return self.desk.item(self._item.path) or self._item

    def fault(self, text: str) -> None:
        """Say what cannot be read: the folder, the backup, the database."""
        told = text or self._unread
        self.tell("#fault", "" if self.query_one(TroubleLine).says(told) else clean(told))

    def show(self) -> None:
        """Show what is known of the file, and that it is gone."""
        item, now = self.pointed or self._item, self.desk.clock().astimezone()
        lines = about(item, self.desk.verdict(item), now, named=False)
        if item.path in self.desk.checking:
            lines[-1] = "It is being checked."
        self.tell("#about", "\n".join(lines))
        if self.desk.item(item.path) is None:
            self.fault(f"{item.name} is gone: somebody removed it. What it held is below.")

    def removed(self) -> None:
        """Go back to the list."""
        self.dismiss()

    # what is in it

    def _committed(self, _: object) -> None:
        self._stale.set()

    async def _follow(self) -> None:
        """Read the backup once, and compare it with now, at most a tenth of the time."""
        try:
            self._inside = await self.desk.inside(self._item)
        except NodedeckError as fault:
            self._say_unread(fault.message)  # its hint is for the live database
            return
        while self.is_attached:
            self._stale.clear()
            began = monotonic()
            await self._compare(self._inside)
            await asyncio.sleep(_REST * (monotonic() - began))
            await self._stale.wait()

    async def _compare(self, inside: Inside) -> None:
        places = self.desk.session.locations

        def read(manager: ConfigManager) -> Tree:
            return backup_inside.present(places, manager.database)

        try:
            now = await self._store.call(read)
        except MissingDatabase:  # a restore makes it
            now = {}
        except NodedeckError as fault:
            self._say_unread(str(fault))
            return
        self._show(await in_thread(lambda: backup_inside.compare(inside, now), name="compare"))

    def _say_unread(self, fault: str) -> None:
        self._unread = fault
        self.fault("")
        self.query_one("#uncompared").display = False
        for part in ("tallies", "differences"):
            self._table(part).set_empty("Not known: the line above says why.")

    def _show(self, compared: Compared) -> None:
        self._unread = ""
        self.fault("")
        self.query_one("#uncompared").display = True
        shown = shown_changes(compared.changes)
        self._changes = {change.path: change for change in shown}
        self._table("tallies").set_rows([tally_row(one) for one in compared.tallies], flash=False)
        table = self._table("differences")
        table.set_empty("Nothing differs from now.")
        table.set_rows([difference_row(change) for change in shown], flash=False)
        count = len(compared.changes)
        more = f"the first {grouped(SHOWN)} of " if count > SHOWN else ""
        noun = "value" if count == 1 else "values"
        title = f"Differs from now  {more}{grouped(count)} {noun}"
        self.query_one("#differences").border_title = Content(title)

    def on_table_selected(self, event: Table.Selected) -> None:
        """Open a difference in full."""
        change = self._changes.get(event.key)
        if change is not None and event.table is self._table("differences"):
            parts = (("Now", change.old), ("In the backup", change.new))
            self.app.push_screen(ValueScreen(change.path, parts))
