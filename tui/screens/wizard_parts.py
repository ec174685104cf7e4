"""What the import wizard shows: rows of its tables, and a plan and a result as sentences."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from store.codec import shown
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.plan import Action, Plan
from tui.text import grouped
from tui.widgets.table_model import Cell, Column, Row, Tone

LIKELY: Final = (".yaml", ".yml", ".toml", ".json")
_MOST_FILES: Final = 50

FILE_COLUMNS: Final = (
    Column("name", "file", min_width=16, max_width=40),
    Column("size", "bytes", align="right", min_width=8),
    Column("folder", "in", grow=1, min_width=12, priority=1),
)
PLAN_COLUMNS: Final = (
    Column("action", "action", width=8),
    Column("home", "goes to", width=8),
    Column("path", "path", grow=1, min_width=20, max_width=44),
    Column("value", "value", grow=1, min_width=20),
    Column("present", "database now", min_width=12, max_width=20, priority=2),
    Column("line", "line", align="right", min_width=4, priority=3),
    Column("reason", "why", grow=1, min_width=12, max_width=80, priority=4),
)
_TONES: Final[dict[Action, Tone]] = {
    Action.ADD: "good",
    Action.CHANGE: "warning",
    Action.CONFLICT: "critical",
    Action.EQUAL: "muted",
    Action.SEAL: "accent",
    Action.STAY: "accent",
    Action.SKIP: "muted",
    Action.REFUSED: "critical",
}
_HOMES: Final = {Action.CONFLICT: "nowhere"}
_MEANINGS: Final = {
    Action.ADD: "added",
    Action.CHANGE: "changed",
    Action.EQUAL: "already so",
    Action.CONFLICT: "differ and stay as the database has them",
    Action.SEAL: "could be sealed",
    Action.STAY: "stay in the file",
    Action.SKIP: "left out",
    Action.REFUSED: "do not fit and stay in the file",
}


def likely_files(folders: Iterable[Path]) -> list[Path]:
    """Files of some folders that may be legacy files, by their ending, each once."""
    found: list[Path] = []
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        try:
            here = sorted(path for path in folder.iterdir() if path.suffix.lower() in LIKELY)
        except OSError:
            continue  # a folder that cannot be listed offers nothing; a path can still be typed
        found += [path for path in here if path.is_file()]
    return found[:_MOST_FILES]


def file_row(path: Path) -> Row:
    """A file as a row, its path the key."""
    return Row(
        str(path),
        (path.name, grouped(path.stat().st_size), Cell(str(path.parent), "muted")),
    )


def plan_rows(plan: Plan) -> list[Row]:
    """The plan's leaves: what changes first, then what stays, then what is equal."""
    order = (
        Action.REFUSED,
        Action.CONFLICT,
        Action.SEAL,
        Action.CHANGE,
        Action.ADD,
        Action.STAY,
        Action.SKIP,
        Action.EQUAL,
    )
    rank = {action: place for place, action in enumerate(order)}
    numbered = sorted(enumerate(plan.rows), key=lambda pair: rank[pair[1].action])
    return [_plan_row(str(number), row) for number, row in numbered]


def _plan_row(key: str, row: planning.Row) -> Row:
    return Row(
        key,
        (
            Cell(str(row.action), _TONES[row.action]),
            _HOMES.get(row.action, row.destination),
            row.path,
            shown(row.value),
            Cell("" if row.present is None else shown(row.present), "muted"),
            Cell(str(row.line) if row.line else "", "muted"),
            Cell("; ".join(filter(None, (row.reason, *row.readings))), "muted"),
        ),
    )


def totals(plan: Plan) -> str:
    """The plan's totals as a sentence's part."""
    told = [
        f"{grouped(count)} {_MEANINGS[Action(action)]}"
        for action, count in plan.totals.items()
        if count
    ]
    return ", ".join(told) or "nothing in it"


def told(result: engine.Result) -> tuple[str, ...]:
    """What an import did, a sentence each."""
    if result.nothing_to_do:
        return ("Nothing to do: the database and the file already are as this import leaves them.",)
    lines = [
        f"Imported: {totals(result.plan)}." if result.receipt else "The database already was so.",
        f"The file's copy is {result.backup}.",
        "What went into the database was cut out of the file."
        if result.rewritten
        else "The file is as it was.",
    ]
    if result.plan.seals:
        lines.append(
            f"{len(result.plan.seals)} secrets are sealed; the file's copy has them in clear, and"
            " 'nodedeck doctor' says what to do about it."
        )
    lines += result.left
    if result.receipt:
        lines.append(f"Receipt {result.receipt} is in the database.")
    return tuple(lines)
