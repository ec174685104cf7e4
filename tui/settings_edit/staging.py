"""Edits that are staged and not yet written: what they replace, and what moved on meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from store import codec
from store.settings_board import Board, SettingLine


@dataclass(frozen=True, slots=True)
class Staged:
    """A value that somebody wants, and the setting as it stood when it was typed."""

    was: SettingLine
    value: Any

    @property
    def told(self) -> str:
        """The wanted value as it may be shown."""
        return codec.MASK if self.was.secret else codec.shown(self.value)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a preview: what was there at the time of typing, what is now, what is wanted.

    ``theirs`` is empty where nobody moved it.
    """

    path: str
    was: str
    theirs: str
    wanted: str


@dataclass
class Draft:
    """The staged edits by path, and the version of each service that they were made against.

    The version is that of the first edit: a write by somebody else after it is a conflict, and is
    shown before anything of the draft can be written over it.
    """

    _edits: dict[str, Staged] = field(default_factory=dict)
    _bases: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._edits)

    def get(self, path: str) -> Staged | None:
        """What is staged for a path."""
        return self._edits.get(path)

    def stage(self, line: SettingLine, value: Any, board: Board) -> bool:
        """Stage a value; one that is there already takes a staged edit back. Whether one stands."""
        if line.known and not line.secret and same(value, line.own):
            self.drop(line.path)
            return False
        service = line.rule.service
        self._bases.setdefault(service, board.versions.get(service, 0))
        self._edits[line.path] = Staged(line, value)
        return True

    def drop(self, path: str) -> bool:
        """Take a staged edit back; whether there was one."""
        gone = self._edits.pop(path, None)
        if gone is not None:
            self._forget_bases()
        return gone is not None

    def clear(self, paths: Iterable[str]) -> None:
        """Forget edits that were written."""
        for path in tuple(paths):
            self._edits.pop(path, None)
        self._forget_bases()

    def _forget_bases(self) -> None:
        kept = set(self.services)
        self._bases = {name: base for name, base in self._bases.items() if name in kept}

    @property
    def services(self) -> tuple[str, ...]:
        """The services that have a staged edit, in the order of their first."""
        return tuple(dict.fromkeys(one.was.rule.service for one in self._edits.values()))

    def values(self, service: str) -> dict[str, Any]:
        """What is staged for a service, by key."""
        return {
            one.was.rule.key: one.value
            for one in self._edits.values()
            if one.was.rule.service == service
        }

    def paths(self, service: str) -> tuple[str, ...]:
        """The paths of what is staged for a service."""
        return tuple(path for path, one in self._edits.items() if one.was.rule.service == service)

    def expected(self, service: str) -> int:
        """The version of a service that its staged edits were made against."""
        return self._bases[service]

    def rebase(self, service: str, board: Board) -> None:
        """Go by what the board holds now, once a reader has seen what is different in it."""
        if service in self._bases:
            self._bases[service] = board.versions.get(service, 0)

    def moved(self, line: SettingLine) -> bool:
        """Whether a staged setting's own value is another by now; a secret's is not seen."""
        staged = self._edits.get(line.path)
        return staged is not None and not (
            same(staged.was.own, line.own) and staged.was.known == line.known
        )

    def differences(self, service: str, board: Board) -> list[Difference]:
        """What writing a service's staged edits would change, in the order they were staged."""
        now = {line.path: line for line in board.lines}
        found = []
        for path in self.paths(service):
            staged, line = self._edits[path], now.get(path)
            theirs = ""
            if line is None:
                theirs = "(removed)"
            elif self.moved(line):
                theirs = told_own(line)
            found.append(Difference(path, told_own(staged.was), theirs, staged.told))
        return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to whoever stores them: 1, 1.0 and true are three."""
    return type(one) is type(other) and codec.shown(one) == codec.shown(other)


def told_own(line: SettingLine) -> str:
    """A setting's own value as a person reads it."""
    if not line.known:
        return "(no value)"
    text = codec.shown(line.own) or '""'
    return text if line.stored else f"{text} (default)"
