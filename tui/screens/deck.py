"""The deck: five panes side by side, or one at a time where there is no room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from store.errors import NodedeckError
from store.models import Change
from store.sealing.access import Access
from store.travel import Visit
from tui.commands import PANES, bindings
from tui.editing.countdown import Countdown
from tui.editing.staged_line import StagedLine
from tui.held_clock import HeldClock
from tui.panes.audit import AuditPane
from tui.panes.base import Pane
from tui.panes.chain import ChainPane
from tui.panes.nodes import NodesPane
from tui.panes.params import ParamsPane
from tui.panes.seeds import SeedsPane
from tui.picture import Picture
from tui.store_thread import StoreThread
from tui.text import clean
from tui.widgets.findings_strip import FindingsStrip
from tui.widgets.key_line import KeyLine
from tui.widgets.masthead import Masthead
from tui.widgets.table import Table
from tui.widgets.travel_banner import TravelBanner

ROOM_FOR_ALL = (110, 34)
"""Columns and lines from which all five panes are shown together."""
LEAST = (40, 10)
"""Columns and lines below which a pane would show hardly a row, and a sentence stands instead."""
_ROOM_FOR_SHORT = 14
"""Lines from which the short lines of the masthead leave enough to the pane."""
_RETELL_SECONDS = 5.0
_REPLACED = "The database was replaced, and the moment is not in its log: this is now."


class DeckScreen(Screen[None]):
    """Coordinates the panes: pictures in, focus and zoom."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("deck")

    picture: reactive[Picture | None] = reactive(None, repaint=False)
    live: reactive[Picture | None] = reactive(None, repaint=False)
    trouble: reactive[NodedeckError | None] = reactive(None, repaint=False)
    waiting: reactive[int | None] = reactive(None, repaint=False)
    """How many changes wait while the deck is paused; None where it is live."""

    class Opened(Message):
        """The panes are there; a picture that came earlier would be lost on them."""

    def __init__(
        self,
        where: str,
        clock: Callable[[], datetime],
        store: StoreThread,
        *,
        read_only: bool,
        warnings: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._warnings = tuple(warnings)
        self._where = where
        self._wall_clock = clock
        self._live_clock = HeldClock(clock)
        self._store = store
        self._read_only = read_only
        self._active = PANES[0]
        self._zoomed = False

    def compose(self) -> ComposeResult:
        """Masthead, notice, the panes in three rows, footer."""
        make: dict[str, Callable[..., Pane]] = {
            "chain": ChainPane, "seeds": SeedsPane, "nodes": NodesPane, "params": ParamsPane,
            "audit": partial(AuditPane, store=self._store),
        }  # fmt: skip
        panes = {
            name: kind(self.clock, id=name).data_bind(DeckScreen.picture, DeckScreen.trouble)
            for name, kind in make.items()
        }
        yield Masthead(self._where, self.clock, read_only=self._read_only).data_bind(
            DeckScreen.picture, DeckScreen.trouble, DeckScreen.waiting
        )
        yield TravelBanner(self._live_clock).data_bind(DeckScreen.picture, DeckScreen.live)
        yield FindingsStrip(self.clock).data_bind(DeckScreen.picture)
        yield Countdown(self._wall_clock, self._store, read_only=self._read_only).data_bind(
            DeckScreen.live
        )
        yield StagedLine()
        yield Static(id="notice", markup=False)
        with Vertical(id="panes"):
            with Horizontal(id="top", classes="row"):
                yield panes["chain"]
                yield panes["seeds"]
            with Horizontal(id="middle", classes="row"):
                yield panes["nodes"]
            with Horizontal(id="bottom", classes="row"):
                yield panes["params"]
                yield panes["audit"]
        yield KeyLine()
        yield Static(id="small", markup=False)

    def on_mount(self) -> None:
        """Start in the first pane, and let pictures come."""
        self.focus_on(self._active)
        self._tell_notice()
        self.post_message(self.Opened())
        self.set_interval(_RETELL_SECONDS, self._retell, name="coarse ages")

    def on_table_selected(self, event: Table.Selected) -> None:
        """Ask the app to open the row: a change by its id, everything else by its path."""
        pane = next(one for one in event.table.ancestors if isinstance(one, Pane))
        if self.picture is None:
            return
        if isinstance(pane, AuditPane):
            access = pane.access(event.key)
            if access is None:
                self.post_message(self.ChangeOpened(pane.change(event.key)))
            else:
                self.post_message(self.AccessOpened(access))
        else:
            self.post_message(self.EntityOpened(pane.target(event.key)))

    class EntityOpened(Message):
        """Somebody wants to see all there is to a path."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def secret_here(self) -> str | None:
        """The path that the row under the cursor is about, be it of a secret or not."""
        pane = self.pane(self._active)
        key = pane.table.cursor_key
        return None if key is None else pane.target(key)

    class AccessOpened(Message):
        """Somebody wants to see all that is on record of a look at a secret."""

        def __init__(self, access: Access) -> None:
            super().__init__()
            self.access = access

    class ChangeOpened(Message):
        """Somebody wants to see what a change did."""

        def __init__(self, change: Change) -> None:
            super().__init__()
            self.change = change

    @property
    def visit(self) -> Visit | None:
        """The moment of the log that is shown, None where that is now."""
        return self.picture.visit if self.picture else None

    def clock(self) -> datetime:
        """The time of what is shown: ages in the past are counted as of then."""
        return self.visit.at if self.visit else self._live_clock()

    @property
    def latest(self) -> Picture | None:
        """The picture of the moment that is visited, else the newest one, paused or not."""
        return self.picture if self.visit else self.live

    def receive(self, picture: Picture | None, waiting: int = 0) -> None:
        """Take a live picture; while paused it waits, with so many changes in it.

        One of another moment stays on screen, and only its "now" moves. A database that was
        replaced has another log, in which that moment is not.
        """
        self.live = picture or self.live
        visit = self.visit
        if visit is not None and self.live is not None:
            then, now = visit.evidence.snapshot, self.live.snapshot
            if then.config_epoch == now.config_epoch and then.change_id <= now.change_id:
                return
            self.notify(_REPLACED, markup=False)
        elif self.waiting is not None:
            self.waiting = waiting if picture is not None else self.waiting
            return
        self._take(self.live)

    def look(self, visit: Visit) -> None:
        """Show another moment in every pane; it ends a pause, since "now" goes on meanwhile."""
        self._live_clock.release()
        self.waiting = None
        self._take(Picture(visit.evidence, visit.changes, visit.hour, visit=visit))

    def unvisit(self) -> bool:
        """Come back to now; whether there was a way to come."""
        was = self.visit is not None
        if was:
            self._take(self.live)
        return was

    def _take(self, picture: Picture | None) -> None:
        there = self.visit is not None
        self.picture = picture
        if there != (self.visit is not None):
            self.set_class(not there, "-past")
            self.refresh_bindings()

    @property
    def active(self) -> str:
        """The name of the pane with the focus."""
        return self._active

    @property
    def single(self) -> bool:
        """Whether one pane has the whole screen."""
        width, height = self.app.size
        return self._zoomed or width < ROOM_FOR_ALL[0] or height < ROOM_FOR_ALL[1]

    def pane(self, name: str) -> Pane:
        """A pane by its name."""
        return self.query_one(f"#{name}", Pane)

    @property
    def audit(self) -> AuditPane:
        """The audit pane."""
        return self.query_one(AuditPane)

    @property
    def countdown(self) -> Countdown:
        """The line of edits that wait for their confirmation."""
        return self.query_one(Countdown)

    @property
    def staged_line(self) -> StagedLine:
        """The line of what is staged and not saved yet."""
        return self.query_one(StagedLine)

    def focus_on(self, name: str) -> None:
        """Give a pane the focus, bringing it on screen where one is shown at a time."""
        self._active = name
        self._arrange()
        # at once: a key that was typed right behind must not reach the pane before
        self.set_focus(self.pane(name).table)

    def unzoom(self) -> bool:
        """Take the zoom back; whether there was one."""
        was, self._zoomed = self._zoomed, False
        self._arrange()
        return was

    def watch_trouble(self) -> None:
        """Say why the database is not read; what was shown stays."""
        if self.is_mounted:
            self._tell_notice()
            self._arrange()

    def _tell_notice(self) -> None:
        notice = self.query_one("#notice", Static)
        text = clean(self.trouble) if self.trouble else clean(" ".join(self._warnings))
        notice.display = bool(text)
        if text:
            notice.update(text)

    def _retell(self) -> None:
        self.query_one(TravelBanner).retell()
        self.query_one(FindingsStrip).retell()
        for name in PANES:
            self.pane(name).retell()

    def _arrange(self) -> None:
        """Show all panes, or the active one alone under the short lines."""
        single = self.single
        for name in PANES:
            self.pane(name).display = not single or name == self._active
        self.set_class(single, "-single")
        for row in self.query(".row"):
            row.display = any(pane.display for pane in row.query(Pane))
        unread = self.picture is None and self.trouble is not None
        roomy = self.app.size.height >= _ROOM_FOR_SHORT
        short = single and not self._zoomed and roomy and not unread
        for line in self.query("Masthead .short"):
            line.display = short

    def on_resize(self, _: events.Resize) -> None:
        """Fit the panes to the new size, or say that there is none that they fit."""
        self._arrange()
        width, height = self.app.size
        small = self.query_one("#small", Static)
        small.display = width < LEAST[0] or height < LEAST[1]
        least = "×".join(map(str, LEAST))
        small.update(
            f"nodedeck needs {least} cells; here are {width}×{height}. Enlarge the window."
        )

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the pane that has the focus."""
        for pane in event.widget.ancestors:
            if isinstance(pane, Pane) and pane.id:
                self._active = pane.id

    def action_focus_pane(self, name: str) -> None:
        """Go to a pane."""
        self.focus_on(name)

    def action_next_pane(self) -> None:
        """Go to the next pane, after the last to the first."""
        self.focus_on(PANES[(PANES.index(self._active) + 1) % len(PANES)])

    def action_previous_pane(self) -> None:
        """Go to the pane before, before the first to the last."""
        self.focus_on(PANES[PANES.index(self._active) - 1])

    def action_pause(self) -> None:
        """Let the deck stand still, its ages too; again: catch up with what waits."""
        if self.picture is None or self.visit is not None:  # the past stands still by itself
            return
        if self.waiting is None:
            self._live_clock.hold()
            self.waiting = 0
            return
        self._live_clock.release()
        self.waiting = None
        self._take(self.live)
        self._retell()

    def action_zoom(self) -> None:
        """Give the active pane the whole screen, or take it back."""
        self._zoomed = not self._zoomed
        self._arrange()
