"""What an operator decides about an import, as one immutable value.

A plan is worked out of the sources, the database and the choices, and of nothing else: who goes
back a step and on again loses none of them. Later decisions about a row count before earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from store.paths import Pattern


class Role(StrEnum):
    """What a file is taken for."""

    NODE_CONFIG = "node configuration"
    NODE_LIST = "node list"
    SETTINGS = "settings"
    PROVIDERS = "provider keys"
    DATABASE = "nodedeck database"


class Strategy(StrEnum):
    """Who wins where file and database differ.

    ``merge`` fills what the database lacks, ``replace`` lets the file win, and with ``keep`` the
    database stays as it is.
    """

    MERGE = "merge"
    REPLACE = "replace"
    KEEP = "keep"


READERS: Final = ("Go", "PyYAML", "YAML 1.2")
"""Whose reading of a plain scalar can be chosen; Go's is the daemon's, and counts unasked."""


@dataclass(frozen=True, slots=True)
class FileChoice:
    """What is decided about one file; None leaves the role to the guess, the strategy to all's."""

    role: Role | None = None
    prefix: str = ""
    strategy: Strategy | None = None


@dataclass(frozen=True, slots=True)
class RowChoice:
    """What is decided about the rows whose paths a pattern matches, in one file or in all.

    ``reading`` is one of ``READERS``; ``fix`` is a value's text, read as a plain YAML scalar or a
    flow collection, that stands for the file's. None decides nothing.
    """

    pattern: str
    file: Path | None = None
    strategy: Strategy | None = None
    reading: str | None = None
    fix: str | None = None

    def concerns(self, file: Path, parts: Sequence[str]) -> bool:
        """Whether it is about a path of a file, or about what stands around the path."""
        return self.file in (None, file) and _parsed(self.pattern).matches(parts)


_UNDECIDED: Final = FileChoice()


@dataclass(frozen=True, slots=True)
class Choices:
    """All decisions; ``seal`` says that the proposed secrets are sealed."""

    strategy: Strategy = Strategy.MERGE
    files: tuple[tuple[Path, FileChoice], ...] = ()
    rows: tuple[RowChoice, ...] = ()
    seal: bool = False

    def of(self, file: Path) -> FileChoice:
        """What is decided about a file."""
        return dict(self.files).get(file, _UNDECIDED) if self.files else _UNDECIDED

    def with_file(self, file: Path, **decided: Any) -> Choices:
        """The choices with fields of ``FileChoice`` decided for a file."""
        kept = dict(self.files)
        kept[file] = replace(kept.get(file, FileChoice()), **decided)
        return replace(self, files=tuple(kept.items()))

    def with_row(self, pattern: str, *, file: Path | None = None, **decided: Any) -> Choices:
        """The choices with fields of ``RowChoice`` decided for rows, before what was there."""
        return replace(self, rows=(*self.rows, RowChoice(pattern, file, **decided)))

    def without_row(self, pattern: str, *, file: Path | None = None) -> Choices:
        """The choices without what was decided for exactly this pattern and file."""
        kept = (row for row in self.rows if (row.pattern, row.file) != (pattern, file))
        return replace(self, rows=tuple(kept))

    def strategy_of(self, file: Path, parts: Sequence[str]) -> Strategy:
        """Who wins at a path of a file."""
        for row in reversed(self.rows):
            if row.strategy is not None and row.concerns(file, parts):
                return row.strategy
        return self.of(file).strategy or self.strategy

    def as_json(self) -> dict[str, Any]:
        """The choices as a receipt keeps them."""
        return {
            "strategy": str(self.strategy),
            "files": [
                {
                    "file": str(file),
                    "role": each.role and str(each.role),
                    "prefix": each.prefix,
                    "strategy": each.strategy and str(each.strategy),
                }
                for file, each in self.files
            ],
            "rows": [
                {
                    "pattern": row.pattern,
                    "file": row.file and str(row.file),
                    "strategy": row.strategy and str(row.strategy),
                    "reading": row.reading,
                    "fix": row.fix,
                }
                for row in self.rows
            ],
            "seal": self.seal,
        }


def from_json(kept: Any) -> Choices:
    """The choices that a receipt kept; the usual ones where it is older than they are."""
    if not kept:
        return Choices()
    files = (
        (
            Path(each["file"]),
            FileChoice(
                None if each["role"] is None else Role(each["role"]),
                each["prefix"],
                None if each["strategy"] is None else Strategy(each["strategy"]),
            ),
        )
        for each in kept["files"]
    )
    return Choices(Strategy(kept["strategy"]), tuple(files), rows_from_json(kept), kept["seal"])


def rows_from_json(kept: Any) -> tuple[RowChoice, ...]:
    """The decisions about rows that a receipt kept; none where it is older than they are."""
    return tuple(
        RowChoice(
            row["pattern"],
            None if row["file"] is None else Path(row["file"]),
            None if row["strategy"] is None else Strategy(row["strategy"]),
            row["reading"],
            row["fix"],
        )
        for row in (kept or {}).get("rows", ())
    )


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> Pattern:
    return Pattern.parse(pattern)
