"""The lines above the panes: which host and database, whether it is live, and, where there is no
room for all panes, the chain and the seeds in short form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from store import outlook
from store.errors import NodedeckError
from store.models import Snapshot
from store.paths import SEED_TYPES
from tui.picture import Picture
from tui.text import UNICODE, age, clean, grouped, moment

Part = str | tuple[str, str]


class Masthead(Vertical):
    """The title line, and two lines of answers that stand where panes are hidden."""

    DEFAULT_CSS = """
    Masthead { height: auto; padding: 0 1; }
    Masthead Horizontal { height: 1; }
    Masthead Static { height: 1; width: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    Masthead #where { width: 1fr; }
    Masthead #written { width: 22; text-align: right; color: $text-muted; }
    Masthead .short { width: 1fr; }
    """

    picture: reactive[Picture | None] = reactive(None, repaint=False)
    trouble: reactive[NodedeckError | None] = reactive(None, repaint=False)

    def __init__(self, where: str, clock: Callable[[], datetime], *, read_only: bool) -> None:
        super().__init__(id="masthead")
        self._where = where
        self._clock = clock
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        """The title with the state and the age, then the short lines."""
        with Horizontal():
            yield Static(
                Content.assemble(("nodedeck", "bold"), "  ", clean(self._where)), id="where"
            )
            yield Static(id="live", markup=False)
            yield Static(id="written", markup=False)
        yield Static(id="seeds-line", classes="short", markup=False)
        yield Static(id="chain-line", classes="short", markup=False)

    def on_mount(self) -> None:
        """Say that the database is being read; count the age of the last write."""
        self._tell_state()
        self.set_interval(1.0, self.tick, name="age of the last write")

    def tick(self) -> None:
        """Show the age of the last write anew, in its narrow place."""
        written = self.picture.snapshot.written_at if self.picture else None
        text = "" if written is None else f"written {_ago(self._clock(), written)}"
        self._say("#written", text)

    def watch_picture(self) -> None:
        """Show the short lines of a new picture."""
        if not self.is_mounted or self.picture is None:
            return
        self._tell_state()
        self.tick()
        self._say("#seeds-line", seeds_line(self.picture.snapshot))
        self._say("#chain-line", chain_line(self.picture.snapshot, self._clock()))

    def watch_trouble(self) -> None:
        """Show whether the database answers."""
        if self.is_mounted:
            self._tell_state()

    def _tell_state(self) -> None:
        lock: Part = (f"{UNICODE.off} read-only  ", "$text-warning") if self._read_only else ""
        if self.trouble is not None:
            state: Part = (f"{UNICODE.critical} not read  ", "$text-error")
        elif self.picture is None:
            state = ("reading  ", "$text-muted")
        elif self.picture.visit is not None:
            state = ("◀ past  ", "$text-warning")
        else:
            state = (f"{UNICODE.on} live  ", "$text-success")
        self._say("#live", Content.assemble(lock, state), layout=True)

    def _say(self, where: str, what: str | Content, *, layout: bool = False) -> None:
        """Update a line where it differs: an update costs the whole line on the terminal.

        Only a line whose width follows its text asks for a ``layout``, which costs every scrollbar.
        """
        line = self.query_one(where, Static)
        content = what if isinstance(what, Content) else Content(clean(what))
        if line.content != content:
            line.update(content, layout=layout)


def _ago(now: datetime, then: datetime) -> str:
    return f"{age(max(0.0, (now - then).total_seconds()))} ago"


def seeds_line(snapshot: Snapshot) -> Content:
    """Height, lag, epoch, the three seeds and the nodes in one line."""
    height, current = snapshot.chain.current_height, outlook.seed(snapshot, "current")
    epoch = current.epoch_index if current else None
    behind = outlook.behind(snapshot)
    parts: list[Part] = [
        ("height ", "$text-muted"),
        (UNICODE.none if height is None else grouped(height), "bold"),
        ("" if behind is None else f" {grouped(behind)} behind", "$text-muted"),
        (f"   epoch {UNICODE.none if epoch is None else grouped(epoch)}   seeds", "$text-muted"),
    ]
    for offset, kind in enumerate(SEED_TYPES, -1):
        seed = outlook.seed(snapshot, kind)
        if seed is None:
            number = "" if epoch is None else grouped(epoch + offset)
            parts.append((f" {UNICODE.critical}{number or kind}", "$text-warning"))
        elif seed.claimed:
            parts.append((f" {UNICODE.ok}{grouped(seed.epoch_index)}", "$text-success"))
        else:
            parts.append(f" {UNICODE.dot}{grouped(seed.epoch_index)}")
    enabled = sum(node.is_enabled for node in snapshot.nodes)
    parts.append((f"   {enabled}/{len(snapshot.nodes)} nodes on", "$text-muted"))
    return Content.assemble(*parts)


def chain_line(snapshot: Snapshot, now: datetime) -> Content:
    """Block time, version and upgrade in one line."""
    parts: list[str] = []
    if (pace := snapshot.seconds_per_block) is not None:
        parts.append(f"{pace:.1f} s/block")
    if snapshot.chain.current_node_version:
        parts.append(clean(snapshot.chain.current_node_version))
    plan, expected = snapshot.upgrade_plan, outlook.upgrade(snapshot)
    if plan and expected:
        told = f"upgrade {clean(plan.name)}"
        if expected.blocks_left is not None and expected.blocks_left > 0:
            told += f" in {grouped(expected.blocks_left)}"
        if expected.expected_at is not None:
            told += f" ≈ {moment(expected.expected_at, now.astimezone())}"
        parts.append(told)
    return Content.assemble((f" {UNICODE.dot} ".join(parts), "$text-muted"))
