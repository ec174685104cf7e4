"""The lines above the panes: which host and database, whether it is live, and, where there is no
room for all panes, the chain and the seeds in short form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from store import blocks, findings, outlook
from store.errors import NodedeckError
from store.findings import Evidence
from store.models import Snapshot
from store.paths import SEED_TYPES
from tui.arrival import give_or_take
from tui.glyphs import UNICODE
from tui.picture import Picture
from tui.text import age, clean, duration, grouped, lag, moment

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
    waiting: reactive[int | None] = reactive(None, repaint=False)

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
        if self.waiting is not None:
            text = f"as of {self._clock().astimezone():%H:%M:%S}"
        self._say("#written", text)

    def watch_picture(self) -> None:
        """Show the short lines of a new picture."""
        if not self.is_mounted or self.picture is None:
            return
        self._tell_state()
        self.tick()
        self._tell_short()

    def on_resize(self) -> None:
        """Say as much as there is room for."""
        self._tell_short()

    def _tell_short(self) -> None:
        if self.picture is None:
            return
        width = self.content_size.width
        self._say("#seeds-line", fitting(seeds_lines(self.picture.evidence), width))
        self._say("#chain-line", fitting(chain_lines(self.picture, self._clock()), width))

    def watch_trouble(self) -> None:
        """Show whether the database answers."""
        if self.is_mounted:
            self._tell_state()

    def watch_waiting(self) -> None:
        """Show whether the deck stands still."""
        if self.is_mounted:
            self._tell_state()
            self.tick()

    def _tell_state(self) -> None:
        lock: Part = (f"{UNICODE.off} read-only  ", "$text-warning") if self._read_only else ""
        if self.trouble is not None:
            state: Part = (f"{UNICODE.critical} not read  ", "$text-error")
        elif self.waiting is not None:
            state = (f" {paused(self.waiting)} ", "bold reverse $text-warning")
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
            was = line.content
            same = isinstance(was, Content) and was.cell_length == content.cell_length
            line.update(content, layout=layout and not same)


def paused(waiting: int) -> str:
    """That the deck stands still, and how much has happened meanwhile."""
    if not waiting:
        return "paused"
    return f"paused, {grouped(waiting)} {'change' if waiting == 1 else 'changes'} waiting"


def _ago(now: datetime, then: datetime) -> str:
    return f"{age(max(0.0, (now - then).total_seconds()))} ago"


def fitting(lines: Sequence[Content], width: int) -> Content:
    """The first of some lines that fits, else the last."""
    return next((line for line in lines if line.cell_length <= width), lines[-1])


def seeds_lines(evidence: Evidence) -> list[Content]:
    """Height, lag, epoch with its part, the three seeds and the nodes, in long and in short form.

    The short one is for terminals where the third seed would be cut.
    """
    return [_seeds_line(evidence, words=True), _seeds_line(evidence, words=False)]


def _seeds_line(evidence: Evidence, *, words: bool) -> Content:
    snapshot = evidence.snapshot
    height, current = snapshot.chain.current_height, outlook.seed(snapshot, "current")
    epoch = current.epoch_index if current else None
    behind, part = outlook.behind(snapshot), findings.epoch_part(evidence)
    told = "" if behind is None else f" {lag(behind)}"
    lags = behind is not None and abs(behind) > evidence.thresholds.behind_blocks
    gap = "   " if words else "  "
    number = UNICODE.none if epoch is None else grouped(epoch)
    progress = "" if part is None else f" {part * 100:.0f} %"
    parts: list[Part] = [
        ("height " if words else "", "$text-muted"),
        (UNICODE.none if height is None else grouped(height), "bold"),
        (told, "$text-warning" if lags else "$text-muted"),
        (f"{gap}epoch {number}{progress}{gap}", "$text-muted"),
        ("seeds" if words else "", "$text-muted"),
    ]
    parts += _seed_parts(snapshot, epoch)
    enabled = sum(node.is_enabled for node in snapshot.nodes)
    tail = " nodes on" if words else " on"
    parts.append((f"{gap}{enabled}/{len(snapshot.nodes)}{tail}", "$text-muted"))
    return Content.assemble(*parts)


def _seed_parts(snapshot: Snapshot, epoch: int | None) -> Iterator[Part]:
    """The three seeds, each with a sign of its own shape: claimed, there, missing."""
    for offset, kind in enumerate(SEED_TYPES, -1):
        seed = outlook.seed(snapshot, kind)
        if seed is None:
            number = "" if epoch is None else grouped(epoch + offset)
            yield f" {UNICODE.critical}{number or kind}", "$text-warning"
        elif seed.claimed:
            yield f" {UNICODE.ok}{grouped(seed.epoch_index)}", "$text-success"
        else:
            yield f" {UNICODE.dot}{grouped(seed.epoch_index)}"


def chain_lines(picture: Picture, now: datetime) -> list[Content]:
    """Block time, version and upgrade in one line, each time with less of the upgrade."""
    snapshot = picture.snapshot
    parts: list[str] = []
    if (pace := snapshot.seconds_per_block) is not None:
        parts.append(f"{pace:.1f} s/block" if pace < 100 else f"{duration(pace)}/block")
    if snapshot.chain.current_node_version:
        parts.append(clean(snapshot.chain.current_node_version))
    return [_muted([*parts, told]) for told in _upgrade_told(picture, now)] or [_muted(parts)]


def _muted(parts: Sequence[str]) -> Content:
    return Content.assemble((f" {UNICODE.dot} ".join(parts), "$text-muted"))


def _upgrade_told(picture: Picture, now: datetime) -> list[str]:
    """The upgrade with blocks left and arrival, in full and shorter; none without a plan."""
    plan, expected = picture.snapshot.upgrade_plan, outlook.upgrade(picture.snapshot)
    if plan is None or expected is None:
        return []
    told = clean(plan.name)
    if expected.blocks_left is not None:
        left = expected.blocks_left
        told += f" in {grouped(left)}" if left > 0 else " reached"
    if (arrival := blocks.upgrade(picture.snapshot, picture.hour)) is None:
        return [f"upgrade {told}", told]
    when = f" ≈ {moment(arrival.at, now.astimezone())}"
    give = give_or_take(arrival)
    return [f"upgrade {told}{when}{give}", f"{told}{when}{give}", f"{told}{when}"]
