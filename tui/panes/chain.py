"""The chain pane: is the height moving, how fast, and when does the upgrade come?"""

from __future__ import annotations

from store import outlook
from store.models import Snapshot
from tui.panes.base import Pane
from tui.picture import Picture
from tui.text import UNICODE, age, clean, duration, grouped, moment
from tui.widgets.table_model import Cell, Column, Row, Tone

_SPARKS = 14


class ChainPane(Pane):
    """Heights, block time, versions and the upgrade plan, a line each."""

    NUMBER = 1
    TITLE = "Chain"
    COLUMNS = (
        Column("name", "", width=10),
        Column("value", "", min_width=9, max_width=24),
        Column("note", "", grow=1, min_width=6),
    )
    EMPTY = "No chain state yet. It comes with the daemon's first block, or with 'nodedeck import'."
    SHOW_HEADER = False
    QUIET = frozenset({"note"})

    def rows(self, picture: Picture) -> list[Row]:
        """The answers on the chain, the undecodable ones as they are stored."""
        snapshot = picture.snapshot
        if snapshot.empty:
            return []
        raw = {fault.path: fault.raw for fault in snapshot.undecoded}
        lines = [
            self._height(snapshot),
            _processed(snapshot),
            _block_time(snapshot),
            _epoch(snapshot),
            _version(snapshot),
            *self._upgrade(snapshot),
            _merged(snapshot),
            *((name, Cell(value), "") for name, value in snapshot.other_chain.items()),
        ]
        return [
            Row(name, (Cell(name.partition("#")[0], "muted"), _stored(raw, name, value), note))
            for name, value, note in lines
        ]

    def _height(self, snapshot: Snapshot) -> tuple[str, Cell, Cell | str]:
        at = outlook.height_written_at(snapshot)
        ago = "" if at is None else f"{_coarse((self.clock() - at).total_seconds())}"
        return "height", _number(snapshot.chain.current_height, "strong"), Cell(ago, "muted")

    def _upgrade(self, snapshot: Snapshot) -> list[tuple[str, Cell, Cell | str]]:
        plan, expected = snapshot.upgrade_plan, outlook.upgrade(snapshot)
        if plan is None or expected is None:
            return [("upgrade", Cell("none planned", "muted"), "")]
        left = expected.blocks_left
        where = f"at {grouped(plan.height)}"
        if left is not None:
            where += f", in {grouped(left)}" if left > 0 else ", reached"
        lines: list[tuple[str, Cell, Cell | str]] = [
            ("upgrade", Cell(plan.name or "unnamed"), where)
        ]
        if expected.expected_at is not None:
            when = moment(expected.expected_at.astimezone(), self.clock().astimezone())
            lines.append(("#eta", Cell(""), f"≈ {when}"))
        return lines


def _stored(raw: dict[str, str], name: str, value: Cell) -> Cell:
    path = {"height": "current_height", "processed": "last_processed_height"}.get(name, name)
    path = {"merged": "merged_node_config"}.get(path, path)
    return Cell(raw[path], "critical") if path in raw else value


def _number(number: int | None, tone: Tone = "") -> Cell:
    return Cell(UNICODE.none, "muted") if number is None else Cell(f"{grouped(number):>9}", tone)


def _coarse(seconds: float) -> str:
    """An age that ticks seldom: the masthead has the one that counts seconds."""
    if -1 < seconds < 15:
        return "just now"
    return f"{age(seconds - seconds % 15)} ago" if 15 <= seconds < 60 else f"{age(seconds)} ago"


def _processed(snapshot: Snapshot) -> tuple[str, Cell, Cell | str]:
    behind = outlook.behind(snapshot)
    note = "" if behind is None else f"{grouped(behind)} behind"
    tone: Tone = "warning" if behind is not None and behind > 5 else "muted"
    return "processed", _number(snapshot.chain.last_processed_height), Cell(note, tone)


def _block_time(snapshot: Snapshot) -> tuple[str, Cell, Cell | str]:
    pace = snapshot.seconds_per_block
    if pace is None:
        return "block time", Cell(UNICODE.none, "muted"), Cell("learned from two blocks", "muted")
    return "block time", Cell(f"{_seconds(pace):>9}"), Cell(sparkline(snapshot), "accent")


def _seconds(pace: float) -> str:
    return f"{pace:.1f} s" if pace < 100 else duration(pace)


def sparkline(snapshot: Snapshot) -> str:
    """The last block times as a line of bars, the longest full height."""
    times = outlook.block_times(snapshot.heights)[-_SPARKS:]
    top = max(times, default=0.0)
    levels = UNICODE.spark
    return "".join(levels[round(time / top * (len(levels) - 1))] for time in times) if top else ""


def _epoch(snapshot: Snapshot) -> tuple[str, Cell, Cell | str]:
    current = outlook.seed(snapshot, "current")
    return "epoch", _number(current.epoch_index if current else None), ""


def _version(snapshot: Snapshot) -> tuple[str, Cell, Cell | str]:
    version, used = snapshot.chain.current_node_version, snapshot.chain.last_used_version
    note = ""
    if used and used != version:
        note = f"last used {used}"
    elif coming := [entry for entry in snapshot.versions if entry.version != version]:
        note = f"then {coming[0].version} at {grouped(coming[0].height)}"
    shown = Cell(clean(version)) if version else Cell(UNICODE.none, "muted")
    return "version", shown, note


def _merged(snapshot: Snapshot) -> tuple[str, Cell, Cell | str]:
    merged = snapshot.chain.merged_node_config
    text = UNICODE.none if merged is None else ("yes" if merged else "no")
    return "merged", Cell(text, "muted" if merged is None else ""), Cell("node config", "muted")
