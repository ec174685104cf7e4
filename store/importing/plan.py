"""What an import would do: for every leaf of every file where it goes, and what stands there now.

A plan is made without changing anything, of the sources, the database and the operator's choices
alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from store import files
from store.codec import leaves_at
from store.errors import BadDocument, UsageError
from store.importing import mending, walking
from store.importing.choices import Choices, FileChoice, Role, RowChoice, Strategy
from store.importing.other_database import HEADER, is_database, load_database
from store.importing.resolving import ABSENT, Absent, Judge, Present, Resolver, differ
from store.importing.rows import Action, Row, Seal, Write
from store.importing.sources import Source, guess_role, source
from store.paths import Kind

__all__ = [
    "ABSENT", "Action", "Choices", "FileChoice", "Judge", "Plan", "Present", "Role", "Row",
    "RowChoice", "Seal", "Source", "Strategy", "Write", "differ", "guess_role", "source",
]  # fmt: skip

_IN_FILE = "it stays in the file"
_CHANGES = (Action.ADD, Action.CHANGE, Action.CONFLICT, Action.SEAL, Action.REFUSED)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every leaf with its fate, the entities to write, and what can be cut out of the files.

    ``sources`` have the roles and prefixes that were chosen. ``movable`` are files and their keys
    that the database takes whole. ``seals`` are the secrets that could be sealed: proposals until
    ``decided``. ``seen`` is the moment of the database that it was made against, None where nobody
    noted it: see ``standing.moment``.
    """

    sources: tuple[Source, ...]
    choices: Choices
    rows: tuple[Row, ...]
    writes: tuple[Write, ...]
    movable: tuple[tuple[Path, tuple[str, ...]], ...] = field(default=())
    seals: tuple[Seal, ...] = ()
    seen: tuple[object, ...] | None = None

    @property
    def source(self) -> Source:
        """What a rollback brings back: the node configuration, else the first file, if any."""
        configs = (each for each in self.sources if each.role is Role.NODE_CONFIG)
        texts = (each for each in self.sources if each.is_file)
        return next(configs, next(texts, self.sources[0]))

    @property
    def strategy(self) -> Strategy:
        """Who wins where nothing else was chosen for a file or a row."""
        return self.choices.strategy

    @property
    def totals(self) -> dict[str, int]:
        """How many leaves each action concerns."""
        return totals_of(self.rows)

    @property
    def changes(self) -> tuple[Row, ...]:
        """The rows that change something, or need a decision to."""
        return tuple(row for row in self.rows if row.action in _CHANGES)

    @property
    def refused(self) -> tuple[Row, ...]:
        """The rows that do not fit, and stay in their file unless they are fixed."""
        return tuple(row for row in self.rows if row.action is Action.REFUSED)

    def movable_in(self, file: Path) -> tuple[tuple[str, ...], ...]:
        """The keys of one file that can be cut out of it."""
        return tuple(key for each, key in self.movable if each == file)

    def rows_of(self, file: Path) -> tuple[Row, ...]:
        """The rows of one file."""
        return tuple(row for row in self.rows if row.file == file)

    def decided(self, *, seal: bool) -> Plan:
        """The plan with its secrets sealed and cut out of the file, or left there as they are."""
        if seal:
            taken = tuple((each.file, at) for each in self.seals for at in each.at)
            return replace(self, movable=tuple(dict.fromkeys((*self.movable, *taken))))
        rows = tuple(
            replace(row, action=Action.STAY, reason=f"{row.reason}; {_IN_FILE}")
            if row.action is Action.SEAL
            else row
            for row in self.rows
        )
        return replace(self, rows=rows, seals=())

    def refuse_misfits(self, *, fixable: bool = False) -> None:
        """Raise BadDocument, with its place, for the first row that does not fit.

        ``fixable`` says that whoever reads it can give it another value.
        """
        for row in self.refused:
            why = row.reason.removesuffix(f"; {_IN_FILE}")
            raise BadDocument(
                f"{row.path}: {why}; nothing was changed.",
                file=str(row.file),
                line=row.line,
                column=row.column,
                hint=f"Mend it there, or use --fix '{row.path}=VALUE'." if fixable else "",
            )


def totals_of(rows: Iterable[Row]) -> dict[str, int]:
    """How many of some rows each action concerns."""
    found = Counter(row.action for row in rows)
    return {str(action): found[action] for action in Action}


def nothing(_path: str, _kind: Kind) -> Absent:
    """The present values of a database that is yet to be made."""
    return ABSENT


def anything(_path: str, _value: Any) -> None:
    """The judge of a database in which nothing is declared."""


def load(
    path: Path, *, role: Role | None = None, prefix: str = "", key: Path | None = None
) -> Source:
    """Read a legacy file or another nodedeck database, whose secrets open with the master ``key``.

    Raises BadDocument with the place of the fault, and UsageError for a database that is not ours.
    """
    if not is_database(files.head(path, len(HEADER))):
        if role is Role.DATABASE:
            raise UsageError(f"{path} is no database; nothing was changed.")
        return source(path, files.read(path), role=role, prefix=prefix)
    if role not in (None, Role.DATABASE):
        raise UsageError(f"{path} is a database and no {role}; nothing was changed.")
    return load_database(path, key)


def make(
    sources: Sequence[Source],
    present: Present,
    choices: Choices | None = None,
    judge: Judge = anything,
) -> Plan:
    """Plan an import of all sources together.

    Raises BadDocument where a file does not fit its role at all, and UsageError or InvalidValue for
    choices that cannot be followed.
    """
    choices = choices or Choices()
    chosen = tuple(_chosen(each, choices.of(each.path)) for each in sources)
    if not chosen or len({each.path for each in chosen}) < len(chosen):
        raise UsageError("An import needs files, each named once; nothing was changed.")
    trees = [mending.mended(each, choices.rows) for each in chosen]
    places: walking.Places = {}
    walked = [walking.walk(each, tree, places) for each, tree in zip(chosen, trees, strict=True)]
    used = (row for tree in trees for row in tree.used)
    mending.refuse_unused(choices.rows, used, lambda: _paths(walked))
    resolver = Resolver(present, judge, choices)
    resolver.resolve(walked)
    return Plan(
        chosen,
        choices,
        tuple(resolver.rows),
        tuple(resolver.writes.values()),
        tuple(
            (each.source.path, key) for each in walked for key, whole in each.whole.items() if whole
        ),
        tuple(resolver.seals.values()),
    )


def _paths(walked: Iterable[walking.Walked]) -> Iterator[str]:
    """The paths of all leaves that files propose."""
    for each in walked:
        for step in each.steps:
            if isinstance(step, Row) or not isinstance(step.value, dict):
                yield step.path
            else:
                yield from leaves_at(step.path, step.value)


def _chosen(source: Source, choice: FileChoice) -> Source:
    """A source with the role and the prefix that were chosen for it."""
    if source.is_file:
        role, prefix = choice.role or source.role, choice.prefix or source.prefix
        return replace(source, role=role, prefix=prefix)
    return source


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as ``nodedeck import plan --json`` prints it.

    ``file``, ``digest``, ``role`` and ``strategy`` are those of the source that a rollback brings
    back; ``files`` has them of every one.
    """
    return {
        "schema": "nodedeck.import.plan/1",
        "file": str(plan.source.path),
        "digest": plan.source.digest,
        "role": str(plan.source.role),
        "strategy": str(plan.strategy),
        "totals": plan.totals,
        "files": [
            {
                "file": str(each.path),
                "digest": each.digest,
                "format": each.format,
                "role": str(each.role),
                "prefix": each.prefix,
                "strategy": str(plan.choices.of(each.path).strategy or plan.strategy),
                "totals": totals_of(plan.rows_of(each.path)),
            }
            for each in plan.sources
        ],
        "items": [row.as_json() for row in plan.rows],
    }
