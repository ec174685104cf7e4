"""The chain pane: is the height moving, how fast, and when does the upgrade come?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from textual import events

from store import blocks, findings, masks, outlook
from store.blocks import BlockHour
from store.findings import Evidence
from store.models import Snapshot
from store.paths import OTHER_CHAIN
from tui.arrival import arrival_lines
from tui.glyphs import UNICODE
from tui.panes.base import Pane
from tui.picture import Picture
from tui.text import age, duration, grouped, lag
from tui.widgets.table_model import Cell, Column, Row, Tone

_SPARKS = 14
_HOUR_SPARKS = 20
_SPARK_MINUTES = 3
_SPARKS_ENOUGH = 4
_BAR = 7
_ROOMY = 80
"""Cells from which a note has room for where a number comes from."""
_PLOT_ROOM = (60, 9)
"""Cells and lines that a plot needs beside the answers."""
_DERIVED = {
    "block time": "current_height",
    "current_seed.epoch_index": "current_seed",
    "upgrade_plan.expected": "upgrade_plan",
    "upgrade_plan.expected_utc": "upgrade_plan",
}


class _Line(NamedTuple):
    """One answer, and the path of the value that it shows."""

    path: str
    label: str
    value: Cell
    note: Cell | str = ""


class ChainPane(Pane):
    """Heights, block time, versions and the upgrade plan, a line each."""

    NUMBER = 1
    TITLE = "Chain"
    COLUMNS = (
        Column("name", "", min_width=10, max_width=24),
        Column("value", "", min_width=9, max_width=24),
        Column("note", "", grow=1, min_width=6),
    )
    EMPTY = (
        "No chain state yet. It comes with the daemon's first block;"
        " 'nodedeck import apply config.yaml' (or key 7) brings in a legacy file's."
    )
    SHOW_HEADER = False
    QUIET = frozenset({"note"})

    def refill(self, picture: Picture, *, flash: bool = False) -> None:
        """Show the answers, and the plot where there is room for it."""
        super().refill(picture, flash=flash)
        self._plot(picture)

    def on_resize(self, _: events.Resize) -> None:
        """Say as much as there is room for."""
        self.retell()

    def _plot(self, picture: Picture) -> None:
        """Give the plot the lines that the answers leave, where these are enough."""
        lines, cells = len(self.table.rows), self.content_size
        room = lines and cells.width >= _PLOT_ROOM[0] and cells.height - lines >= _PLOT_ROOM[1]
        self.table.styles.height = lines if room else "1fr"
        if room:
            # the answers first: what draws plots takes a fifth of the start to be imported
            self.call_after_refresh(self._show_plot, picture)
        else:
            self.query("BlockPlot").set(display=False)

    def _show_plot(self, picture: Picture) -> None:
        from tui.widgets import block_plot

        found = self.query(block_plot.BlockPlot)
        plot = found.first() if found else block_plot.BlockPlot()
        now = self.clock()
        since = block_plot.window(now)
        minutes = (blocks.whole_minute(now) - since) // timedelta(minutes=1)
        plot.show(since.astimezone(), blocks.paces(picture.hour, since, minutes))
        plot.display = True
        if not found:
            self.mount(plot)

    def target(self, key: str) -> str:
        """The path that a line is about; a derived one leads to what it is derived from."""
        return _DERIVED.get(key, key)

    def rows(self, picture: Picture) -> list[Row]:
        """The answers on the chain, the undecodable ones as they are stored."""
        snapshot = picture.snapshot
        if snapshot.empty:
            return []
        raw = {fault.path: fault.raw for fault in snapshot.undecoded}
        raw |= dict.fromkeys(picture.evidence.unknown, "unknown")
        lines = [
            self._height(snapshot),
            _processed(picture.evidence),
            _block_time(snapshot, picture.hour),
            _epoch(picture.evidence, roomy=self.size.width >= _ROOMY),
            _version(snapshot),
            *self._upgrade(snapshot, picture.hour),
            _merged(snapshot),
            *(
                _Line(
                    f"{OTHER_CHAIN}.{name}",
                    name,
                    Cell(str(masks.masked((OTHER_CHAIN, name), value))),
                )
                for name, value in snapshot.other_chain.items()
            ),
        ]
        return [
            Row(line.path, (Cell(line.label, "muted"), _stored(raw, line), line.note))
            for line in lines
        ]

    def _height(self, snapshot: Snapshot) -> _Line:
        at = outlook.height_written_at(snapshot)
        ago = "" if at is None else f"{_coarse((self.clock() - at).total_seconds())}"
        number = _number(snapshot.chain.current_height, "strong")
        return _Line("current_height", "height", number, Cell(ago, "muted"))

    def _upgrade(self, snapshot: Snapshot, hour: BlockHour) -> list[_Line]:
        path, label = "upgrade_plan", "upgrade"
        plan, expected = snapshot.upgrade_plan, outlook.upgrade(snapshot)
        if plan is None or expected is None:
            return [_Line(path, label, Cell("none planned", "muted"))]
        name = Cell(plan.name or "unnamed")
        if misfits := _misfits(snapshot, path):
            return [_Line(path, label, name, Cell(misfits, "critical"))]
        left = expected.blocks_left
        where = f"at {grouped(plan.height)}"
        if left is not None:
            where += f", in {grouped(left)}" if left > 0 else ", reached"
        lines = [_Line(path, label, name, where)]
        if (arrival := blocks.upgrade(snapshot, hour)) is not None:
            names = ("upgrade_plan.expected", "upgrade_plan.expected_utc")
            told = arrival_lines(arrival, self.clock().astimezone())
            lines += [
                _Line(name, "", Cell(""), text) for name, text in zip(names, told, strict=False)
            ]
        return lines


def _stored(raw: dict[str, str], line: _Line) -> Cell:
    return Cell(raw[line.path], "critical") if line.path in raw else line.value


def _misfits(snapshot: Snapshot, entity: str) -> str:
    """The fields of an entity that do not decode, as they are stored."""
    return ", ".join(
        f"{fault.path.removeprefix(entity).lstrip('.')} {fault.raw}".lstrip()
        for fault in snapshot.undecoded
        if fault.path == entity or fault.path.startswith(f"{entity}.")
    )


def _number(number: int | None, tone: Tone = "") -> Cell:
    if number is None:
        return Cell(UNICODE.none, "muted")
    return Cell(f"{grouped(number):>9}", tone, whole=str(number))


def _coarse(seconds: float) -> str:
    """An age that ticks seldom: the masthead has the one that counts seconds."""
    if -1 < seconds < 15:
        return "just now"
    return f"{age(seconds - seconds % 15)} ago" if 15 <= seconds < 60 else f"{age(seconds)} ago"


def _processed(evidence: Evidence) -> _Line:
    snapshot, limit = evidence.snapshot, evidence.thresholds.behind_blocks
    behind = outlook.behind(snapshot)
    note = "" if behind is None else lag(behind)
    tone: Tone = "warning" if behind is not None and abs(behind) > limit else "muted"
    number = _number(snapshot.chain.last_processed_height)
    return _Line("last_processed_height", "processed", number, Cell(note, tone))


def _block_time(snapshot: Snapshot, hour: BlockHour) -> _Line:
    pace, label = snapshot.seconds_per_block, "block time"
    if pace is None:
        none = Cell(UNICODE.none, "muted")
        return _Line(label, label, none, Cell("learned from two blocks", "muted"))
    return _Line(
        label, label, Cell(f"{_seconds(pace):>9}"), Cell(sparkline(snapshot, hour), "accent")
    )


def _seconds(pace: float) -> str:
    return f"{pace:.1f} s" if pace < 100 else duration(pace)


def sparkline(snapshot: Snapshot, hour: BlockHour) -> str:
    """Block times as a line of bars, the longest full height: of the hour, else of the last blocks.

    In the hour a bar is the mean of three minutes, and a dot three minutes without a block.
    """
    spans = timedelta(minutes=_SPARK_MINUTES)
    until = hour.until - timedelta(minutes=hour.until.minute % _SPARK_MINUTES)
    since = until - spans * _HOUR_SPARKS
    minutes = _HOUR_SPARKS * _SPARK_MINUTES
    paces = blocks.paces(hour, since, minutes, each=_SPARK_MINUTES)
    if sum(pace is not None for pace in paces) >= _SPARKS_ENOUGH:
        return f"{_bars(paces).lstrip(UNICODE.dot)}  1 h"
    times = outlook.block_times(snapshot.heights)[-_SPARKS:]
    return f"{_bars(times)}  last {len(times)}" if any(times) else ""


def _bars(times: Sequence[float | None]) -> str:
    most, levels = blocks.scale(times), UNICODE.spark
    return "".join(
        UNICODE.dot
        if time is None
        else levels[round(min(1.0, time / (most or 1.0)) * (len(levels) - 1))]
        for time in times
    )


def _epoch(evidence: Evidence, *, roomy: bool) -> _Line:
    """The epoch with its progress, where its first block was seen."""
    current = outlook.seed(evidence.snapshot, "current")
    number = _number(current.epoch_index if current else None)
    path, label = "current_seed.epoch_index", "epoch"
    if current is None:
        return _Line(path, label, number)
    clock, part = evidence.epoch, findings.epoch_part(evidence)
    if part is None:
        return _Line(path, label, number, Cell("it began before the log", "muted"))
    full = round(max(0.0, min(1.0, part)) * _BAR)
    note = f"{UNICODE.bar_full * full}{UNICODE.bar_empty * (_BAR - full)} {part * 100:.0f} %"
    if part >= 1:
        note += f", {grouped(round((part - 1) * clock.blocks))} blocks over"
    elif (left := findings.epoch_seconds_left(evidence)) is not None:
        note += f" ≈ {duration(left)} left"
    if roomy:
        source = "learned from the last epochs" if clock.learned else "from the settings"
        note += f"  of {grouped(clock.blocks)} blocks, {source}"
    return _Line(path, label, number, note)


def _version(snapshot: Snapshot) -> _Line:
    version, used = snapshot.chain.current_node_version, snapshot.chain.last_used_version
    note: Cell | str = ""
    if misfits := _misfits(snapshot, "node_versions"):
        note = Cell(misfits, "critical")
    elif used and used != version:
        note = f"last used {used}"
    elif coming := [entry for entry in snapshot.versions if entry.version != version]:
        note = f"then {coming[0].version} at {grouped(coming[0].height)}"
    shown = Cell(version) if version else Cell(UNICODE.none, "muted")
    return _Line("current_node_version", "version", shown, note)


def _merged(snapshot: Snapshot) -> _Line:
    merged = snapshot.chain.merged_node_config
    text = UNICODE.none if merged is None else ("yes" if merged else "no")
    value = Cell(text, "muted" if merged is None else "")
    return _Line("merged_node_config", "merged", value, Cell("node config", "muted"))
