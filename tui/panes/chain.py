"""The chain pane: is the height moving, how fast, and when does the upgrade come?"""

from __future__ import annotations

from typing import NamedTuple

from store import findings, masks, outlook
from store.findings import Evidence
from store.models import Snapshot
from store.paths import OTHER_CHAIN
from tui.panes.base import Pane
from tui.picture import Picture
from tui.text import UNICODE, age, duration, grouped, moment
from tui.widgets.table_model import Cell, Column, Row, Tone

_SPARKS = 14
_BAR = 12
_DERIVED = {
    "block time": "current_height",
    "current_seed.epoch_index": "current_seed",
    "upgrade_plan.expected": "upgrade_plan",
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

    def target(self, key: str) -> str:
        """The path that a line is about; a derived one leads to what it is derived from."""
        return _DERIVED.get(key, key)

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
            _epoch(picture.evidence),
            _version(snapshot),
            *self._upgrade(snapshot),
            _merged(snapshot),
            *(
                _Line(f"{OTHER_CHAIN}.{name}", name, Cell(str(masks.masked((name,), value))))
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

    def _upgrade(self, snapshot: Snapshot) -> list[_Line]:
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
        if expected.expected_at is not None:
            when = moment(expected.expected_at, self.clock().astimezone())
            lines.append(_Line("upgrade_plan.expected", "", Cell(""), f"≈ {when}"))
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
    return Cell(UNICODE.none, "muted") if number is None else Cell(f"{grouped(number):>9}", tone)


def _coarse(seconds: float) -> str:
    """An age that ticks seldom: the masthead has the one that counts seconds."""
    if -1 < seconds < 15:
        return "just now"
    return f"{age(seconds - seconds % 15)} ago" if 15 <= seconds < 60 else f"{age(seconds)} ago"


def _processed(snapshot: Snapshot) -> _Line:
    behind = outlook.behind(snapshot)
    note = "" if behind is None else f"{grouped(behind)} behind"
    tone: Tone = "warning" if behind is not None and behind > 5 else "muted"
    number = _number(snapshot.chain.last_processed_height)
    return _Line("last_processed_height", "processed", number, Cell(note, tone))


def _block_time(snapshot: Snapshot) -> _Line:
    pace, label = snapshot.seconds_per_block, "block time"
    if pace is None:
        none = Cell(UNICODE.none, "muted")
        return _Line(label, label, none, Cell("learned from two blocks", "muted"))
    return _Line(label, label, Cell(f"{_seconds(pace):>9}"), Cell(sparkline(snapshot), "accent"))


def _seconds(pace: float) -> str:
    return f"{pace:.1f} s" if pace < 100 else duration(pace)


def sparkline(snapshot: Snapshot) -> str:
    """The last block times as a line of bars, the longest full height."""
    times = outlook.block_times(snapshot.heights)[-_SPARKS:]
    top = max(times, default=0.0)
    levels = UNICODE.spark
    return "".join(levels[round(time / top * (len(levels) - 1))] for time in times) if top else ""


def _epoch(evidence: Evidence) -> _Line:
    """The epoch with its progress, where its first block was seen."""
    current = outlook.seed(evidence.snapshot, "current")
    number = _number(current.epoch_index if current else None)
    note: Cell | str = ""
    if (part := findings.epoch_part(evidence)) is not None:
        full = round(min(1.0, part) * _BAR)
        note = f"{UNICODE.bar_full * full}{UNICODE.bar_empty * (_BAR - full)} {part:.0%}"
        if (left := findings.epoch_seconds_left(evidence)) is not None:
            note += f", {duration(left)} left"
    return _Line("current_seed.epoch_index", "epoch", number, note)


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
