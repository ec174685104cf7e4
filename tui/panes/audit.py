"""The audit pane: who changed what, newest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.worker import Worker

from store import codec, history, masks, paths
from store.errors import NodedeckError, UsageError
from store.models import Change, FieldChange
from store.paths import HEIGHT_PATHS
from store.sealing.access import EVERYTHING, Access
from store.searching import EXTERNAL, Search
from tui.glyphs import UNICODE
from tui.marks import Marks
from tui.panes.access_search import AccessSearch
from tui.panes.base import Pane
from tui.panes.log_search import LogSearch, Seeking
from tui.panes.log_tail import LogTail, goes_on
from tui.picture import Picture
from tui.store_thread import StoreThread
from tui.text import age, shorten_middle
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

_VALUE = 24
_ACCESS = "access {}"
_FIELDS = 30
"""Fields of one change that a line could show at most."""


class AuditPane(Marks, Pane):
    """A row a change; of the heights, which change with every block, only the newest."""

    NUMBER = 5
    TITLE = "Audit"
    COLUMNS = (
        Column("age", "", align="right", width=7),
        Column("path", "path", min_width=12, max_width=26),
        Column("change", "change", grow=4, min_width=26, max_width=200),
        Column("actor", "by", min_width=8, max_width=20, priority=1),
        Column("reason", "reason", grow=1, min_width=10, max_width=60, priority=2),
    )
    EMPTY = (
        "No changes yet. Whoever writes to the database, each change will stand here;"
        " 'nodedeck history' lists them too, and 'nodedeck demo' shows what it looks like."
    )
    QUIET = frozenset({"age"})

    def __init__(self, clock: Callable[[], datetime], store: StoreThread, *, id: str) -> None:
        """Show the changes of pictures, and what the store finds where a filter asks for it."""
        super().__init__(clock, id=id)
        self._store = store
        self._search: Seeking | None = None
        self._searching: Worker[None] | None = None
        self._unread = ""
        self._by_key: dict[str, Change] = {}
        self._accesses: dict[str, Access] = {}
        self._made: dict[str, tuple[Change, bool, Row]] = {}

    def compose(self) -> ComposeResult:
        """One table, whose filter the store answers."""
        yield Table(
            self.COLUMNS,
            empty=self.EMPTY,
            sought_as="words  path:nodes.*  actor:ops  since:2h  is:access",
            always_sorted="The log is in the order of time; / finds what you look for.",
        )

    def rows(self, picture: Picture) -> list[Row]:
        """The changes of a picture, or those that were found, or the looks at secrets."""
        if isinstance(self._search, AccessSearch):
            self._accesses = {_ACCESS.format(each.id): each for each in self._search.accesses}
            return [self._access_row(key, each) for key, each in self._accesses.items()]
        found = self._search.changes if isinstance(self._search, LogSearch) else None
        changes = picture.changes if found is None else found
        folded = self._search is None or self._search.wanted.pattern is None
        self._by_key = {_key(change, folded=folded): change for change in changes}
        self._made = {key: self._made_of(key, each) for key, each in self._by_key.items()}
        return [row for _, _, row in self._made.values()]

    def refill(self, picture: Picture, *, flash: bool = False) -> None:
        """Follow the newest change for a reader who is at the top; leave others where they are."""
        table, at_top = self.table, self._at_top
        if at_top and isinstance(self._search, LogTail):
            self._search = None  # the picture has what is in sight
        super().refill(picture, flash=flash)
        self._tell_length(picture)
        if at_top and table.rows:
            table.move_to(table.rows[0].key)

    @property
    def _at_top(self) -> bool:
        return self.table.cursor_row == 0 and self.table.scroll_offset.y == 0

    def _changed(self, row: Row, was: Row | None) -> frozenset[str]:
        """Heights do not flash here: they change with every block, and flash in the chain pane."""
        return frozenset() if row.key in HEIGHT_PATHS else super()._changed(row, was)

    def change(self, key: str) -> Change:
        """The change that a row shows."""
        return self._by_key[key]

    def access(self, key: str) -> Access | None:
        """The look at a secret that a row shows, None where it shows a change."""
        return self._accesses.get(key) if isinstance(self._search, AccessSearch) else None

    def target(self, key: str) -> str:
        """The path that a row is about."""
        access = self.access(key)
        return self.change(key).path if access is None else access.path

    def pointed_change(self) -> Change | None:
        """The change under the cursor."""
        key = self.table.cursor_key
        return None if key is None else self._by_key.get(key)

    def show_marks(self) -> None:
        """Draw the marks, and how many there are."""
        self.retell()

    def _tell_length(self, picture: Picture) -> None:
        """Say in the border what is marked, and how much of a long log is here."""
        notes = [f"{len(self.marked)} marked"] if self.marked else []
        if isinstance(self._search, LogTail):
            notes.append(self._search.told())
        elif self._search is None and goes_on(picture):
            notes.append(f"the newest {len(picture.changes)}")
        self.entitle("  ".join(notes))

    # the filter

    def watch_picture(self, old: Picture | None, new: Picture | None) -> None:
        """Show a new picture; under a filter, look for what it brought."""
        if new is not None and self._search is not None:
            if self._search.belongs_to(new.snapshot):
                self._search.follow(new.snapshot)
            else:
                wanted = self._search.wanted
                self._search = None if wanted.empty else _search(wanted, new)
            self._go_on()
        if old is not None and new is not None and old.visit is not new.visit:
            self._age_rows()  # counted from another moment
        super().watch_picture(old, new)
        if old is None and self.is_mounted:
            self._look_for(self.table.filter)

    @on(Table.Sought)
    def _sought(self, event: Table.Sought) -> None:
        event.stop()
        self._look_for(event.text)

    def _look_for(self, text: str) -> None:
        """Begin another search; where the filter cannot be read, what was found stays."""
        if self.picture is None:
            return
        try:
            wanted = Search.parse(text, self.clock())
        except UsageError as fault:
            self._unread = str(fault)
            self.table.tell_filter("", self._unread)
            return
        self._unread = ""
        self.table.tell_filter("")
        self._search = None if wanted.empty else _search(wanted, self.picture)
        if self._searching is not None:
            self._searching.cancel()
        if self._search is None:
            self.refill(self.picture)
        else:
            self._searching = None
            self._go_on()

    @on(Table.NearEdge)
    def _near_edge(self, event: Table.NearEdge) -> None:
        """Find more for a reader who comes to the end of what is here."""
        event.stop()
        if event.edge != "bottom" or self.picture is None:
            return
        if self._search is None and goes_on(self.picture) and not self._at_top:
            self._search = LogTail(self.picture)
            self._go_on()
        elif self._search is not None:
            self._search.widen()
            self._tell_found(self._search)
            self._go_on()

    def look_again(self) -> None:
        """Look for accesses anew: this program's own come with no picture."""
        if isinstance(self._search, AccessSearch) and self.picture is not None:
            self._search.follow(self.picture.snapshot)
            self._go_on()

    def _go_on(self) -> None:
        """See to it that what is to be read is being read."""
        if self._searching is None or self._searching.is_finished:
            self._searching = self.run_worker(self._seek, group="search")

    async def _seek(self) -> None:
        """Take step after step, and show each, until there is no more to find or no room."""
        search = self._search
        while search is not None and (step := search.next()):
            self._tell_found(search)
            try:
                found = await self._store.call(step)
            except NodedeckError as fault:
                self.table.tell_filter("", str(fault))
                return
            if search is not self._search or self.picture is None:
                return
            self.refill(self.picture, flash=search.take(found))
            self._tell_found(search)

    def _tell_found(self, search: Seeking) -> None:
        """Say how far a search came, unless the filter has become one that cannot be read."""
        if not self._unread:
            self.table.tell_filter(search.told())

    def retell(self) -> None:
        """Show ages anew; until then rows stay as they were made, however many there are."""
        self._age_rows()
        super().retell()

    def _age_rows(self) -> None:
        for key, (change, marked, row) in self._made.items():
            age_now = self._age_of(change, marked=marked)
            if row.cells[0] != age_now:
                aged = replace(row, cells=(age_now, *row.cells[1:]))
                self._made[key] = change, marked, aged

    def _made_of(self, key: str, change: Change) -> tuple[Change, bool, Row]:
        """A change with its row, made anew only where something of it is."""
        known, marked = self._made.get(key), change.id in self.marked
        if known and known[1] == marked and (known[0] is change or known[0] == change):
            return known
        return change, marked, self._row(key, change, marked=marked)

    def _row(self, key: str, change: Change, *, marked: bool) -> Row:
        who = Cell(change.actor, "accent") if change.actor else Cell(EXTERNAL, "muted")
        cells = (
            self._age_of(change, marked=marked),
            Cell(change.path),
            change_cell(change),
            who,
            Cell(change.reason or "", "muted"),
        )
        return Row(key, cells)

    def _age_of(self, change: Change, *, marked: bool) -> Cell:
        told = coarse_age((self.clock() - change.at).total_seconds())
        return marked_age(told, marked=marked, whole=change.at.isoformat(timespec="milliseconds"))

    def _access_row(self, key: str, each: Access) -> Row:
        seconds = None if each.at is None else (self.clock() - each.at).total_seconds()
        when = "" if seconds is None else coarse_age(seconds)
        origin = " ".join(filter(None, (each.terminal, each.address)))
        told = f"{each.act}, {each.result}" + (f", from {origin}" if origin else "")
        failed = each.result.startswith("failed")
        cells = (
            Cell(when, "muted", each.at.isoformat(timespec="milliseconds") if each.at else ""),
            Cell("all secrets" if each.path == EVERYTHING else each.path),
            Cell(told, "warning" if failed else ""),
            Cell(each.actor, "accent"),
            Cell(each.reason, "muted"),
        )
        return Row(key, cells)


def _search(wanted: Search, picture: Picture) -> Seeking:
    """The search that answers a filter: of the access log where it asks for that."""
    if wanted.accesses:
        visit = picture.visit
        return AccessSearch(wanted, picture.snapshot, upto=visit.at if visit else None)
    return LogSearch(wanted, picture.snapshot)


def _key(change: Change, *, folded: bool) -> str:
    """Heights keep their row from block to block, unless every block has one of its own."""
    return change.path if folded and change.path in HEIGHT_PATHS else str(change.id)


def coarse_age(seconds: float) -> str:
    """An age in its largest unit, from minutes on, so that it is short and ticks seldom."""
    return (
        "now" if -60 < seconds < 60 else " ".join(age(seconds).split()[: 3 if seconds < 0 else 2])
    )


def marked_age(told: str, *, marked: bool, whole: str | None = None) -> Cell:
    """An age, under a sign where its change is marked; ``whole`` is what is copied."""
    if marked:
        return Cell(f"{UNICODE.on} {told}", "accent", whole)
    return Cell(told, "muted", whole)


def change_cell(change: Change) -> Cell:
    """What a change did, long values in short; the whole of it is copied."""
    return Cell(summary(change), whole=summary(change, cut=False))


def summary(change: Change, *, cut: bool = True) -> str:
    """What a change did, its fields spelled out."""
    if change.action == "R":
        return "rewritten, nothing changed"
    if change.action == "D":
        return "removed"
    if change.action == "I" and isinstance(change.new, dict):
        return "added"
    # the fields of a large value take long to work out, and are asked for only here
    shown = history.fields(change)[: _FIELDS if cut else None]
    return ", ".join(_field(change.path, field, cut=cut) for field in shown)


def _field(entity: str, field: FieldChange, *, cut: bool) -> str:
    name = field.path[len(entity) + 1 :]
    old, new = (_shown(field.path, value, cut=cut) for value in (field.old, field.new))
    return f"{name} {old} {UNICODE.arrow} {new}".lstrip()


def _shown(path: str, value: Any, *, cut: bool) -> str:
    if value is None:
        return UNICODE.none
    if isinstance(value, bool):
        return "yes" if value else "no"
    if cut and type(value) is int and path in HEIGHT_PATHS:
        return f"{value:,}"
    try:
        parts = paths.split(path)
    except UsageError:  # a key that only a foreign writer could make
        parts = (path,)
    text = codec.shown(masks.masked(parts, value))
    return shorten_middle(text, _VALUE) if cut else text
