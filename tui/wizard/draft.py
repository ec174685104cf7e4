"""What an operator chose in the wizard so far; it outlives the wizard, but not the console."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from store.importing.choices import Choices, RowChoice
from store.importing.plan import Plan, Source


@dataclass(slots=True)
class Draft:
    """The files, the decisions about them, and what was planned of both last.

    ``sources`` are the marked files as they were read, and ``settled`` the decisions that the plan
    was made with. ``confirmed`` are the secrets that were to
    be sealed when that was said: other ones are another question. ``unfolded`` and ``folded`` are
    groups of the plan that were opened or closed by hand.
    """

    marked: tuple[Path, ...] = ()
    typed: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = ()
    choices: Choices = field(default_factory=Choices)
    settled: Choices = field(default_factory=Choices)
    plan: Plan | None = None
    confirmed: frozenset[str] = frozenset()
    rewrite: bool = False
    or_keep: bool = False
    only_changes: bool = False
    folded: frozenset[str] = frozenset()
    unfolded: frozenset[str] = frozenset()
    place: str | None = None

    @property
    def made(self) -> Plan:
        """The plan, in a step that is reached with one only."""
        if self.plan is None:
            raise LookupError("no plan was made yet")
        return self.plan

    @property
    def wanted(self) -> Choices:
        """The decisions that are about the marked files."""
        marked = set(self.marked)
        files = tuple(each for each in self.choices.files if each[0] in marked)
        rows = tuple(row for row in self.choices.rows if row.file is None or row.file in marked)
        return replace(self.choices, files=files, rows=rows)

    @property
    def proposed(self) -> frozenset[str]:
        """The secrets that the plan proposes to seal."""
        return frozenset(each.path for each in self.plan.seals) if self.plan else frozenset()

    @property
    def seal(self) -> bool:
        """Whether those very secrets are to be sealed."""
        return bool(self.confirmed) and self.confirmed == self.proposed

    def mark(self, path: Path) -> None:
        """Mark a file, or unmark it."""
        kept = tuple(each for each in self.marked if each != path)
        self.marked = kept if len(kept) < len(self.marked) else (*kept, path)

    def decide_file(self, path: Path, **decided: Any) -> None:
        """Decide about a file; one that is read otherwise has other paths, so fixes of it go."""
        before = self.choices.of(path)
        self.choices = self.choices.with_file(path, **decided)
        after = self.choices.of(path)
        if (before.role, before.prefix) != (after.role, after.prefix):
            self.forget_values(path)

    def forget_values(self, path: Path) -> None:
        """Drop the fixes and readings of a file, which were about the values that it had."""
        rows = tuple(
            row if row.file != path else replace(row, fix=None, reading=None)
            for row in self.choices.rows
        )
        self.choices = replace(self.choices, rows=tuple(filter(_says_something, rows)))

    def clear(self) -> None:
        """Begin anew, once an import is done."""
        fresh = Draft()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))


def decided_of(choices: Choices, path: str, file: Path) -> RowChoice:
    """What is decided about exactly one path of a file, later decisions before earlier ones."""
    found = RowChoice(path, file)
    for row in choices.rows:
        if (row.pattern, row.file) == (path, file):
            found = replace(
                found,
                strategy=row.strategy or found.strategy,
                reading=row.reading or found.reading,
                fix=found.fix if row.fix is None else row.fix,
            )
    return found


def decide(choices: Choices, path: str, file: Path, **decided: Any) -> Choices:
    """The choices with another decision about one path of a file; None takes a part of it back."""
    found = replace(decided_of(choices, path, file), **decided)
    left = choices.without_row(path, file=file)
    return replace(left, rows=(*left.rows, found)) if _says_something(found) else left


def _says_something(row: RowChoice) -> bool:
    return (row.strategy, row.reading, row.fix) != (None, None, None)
