"""Edits that are staged and not yet written: what they replace, and what moved on meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from store import codec
from store.settings_board import Board, SettingLine
from tui.editing.staging import Clash


@dataclass(frozen=True, slots=True)
class Staged:
    """A value that somebody wants, and the setting as it stood when it was typed.

    With ``unset`` its own value shall go, so that the default counts where there is one.
    """

    was: SettingLine
    value: Any = None
    unset: bool = False

    @property
    def told(self) -> str:
        """The wanted value as it may be shown."""
        rule = self.was.rule
        if not self.unset:
            return codec.MASK if self.was.secret else codec.shown(self.value) or '""'
        return default_of(self.was) if rule.has_default else _NOTHING

    def is_there(self, line: SettingLine | None) -> bool:
        """Whether a setting is already as it is wanted; a secret's value is not seen."""
        if self.unset:
            return line is None or not line.stored
        return line is not None and line.known and not line.secret and same(self.value, line.own)


@dataclass(frozen=True, slots=True)
class Batch:
    """The staged edits of a service, the version of it they were made against, and the change."""

    service: str
    version: int
    since: int
    edits: tuple[Staged, ...]


@dataclass
class Draft:
    """The staged edits by path, and the version of each service that they were made against.

    The version is that of the first edit: a write by somebody else after it is a conflict, and is
    shown before anything of the draft can be written over it.
    """

    _edits: dict[str, Staged] = field(default_factory=dict)
    _bases: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._edits)

    def get(self, path: str) -> Staged | None:
        """What is staged for a path."""
        return self._edits.get(path)

    def stage(self, line: SettingLine, value: Any, board: Board) -> bool:
        """Stage a value; one that is there already takes a staged edit back. Whether one stands."""
        return self._put(Staged(line, value), board)

    def unset(self, line: SettingLine, board: Board) -> bool:
        """Stage that a setting's own value goes. Whether an edit stands: it may have none."""
        return self._put(Staged(line, unset=True), board)

    def _put(self, wanted: Staged, board: Board) -> bool:
        line = wanted.was
        if wanted.is_there(line):
            self.drop(line.path)
            return False
        self._bases.setdefault(line.rule.service, _base(line.rule.service, board))
        self._edits[line.path] = wanted
        return True

    def drop(self, path: str) -> bool:
        """Take a staged edit back; whether there was one."""
        gone = path in self._edits
        self.clear((path,))
        return gone

    def clear(self, paths: Iterable[str]) -> None:
        """Forget edits that were written, or that are not wanted any more."""
        for path in paths:
            self._edits.pop(path, None)
        kept = set(self.services)
        self._bases = {name: base for name, base in self._bases.items() if name in kept}

    @property
    def services(self) -> tuple[str, ...]:
        """The services that have a staged edit, in the order of their first."""
        return tuple(dict.fromkeys(one.was.rule.service for one in self._edits.values()))

    def batch(self, service: str) -> Batch:
        """What is staged for a service that has something staged."""
        edits = tuple(one for one in self._edits.values() if one.was.rule.service == service)
        return Batch(service, *self._bases[service], edits)

    def rebase(self, service: str, board: Board) -> None:
        """Go by what the board holds now, which whoever typed has seen; drop what is there now."""
        now, seen = {line.path: line for line in board.lines}, self.batch(service).edits
        for one in seen:
            line = now.get(one.was.path, _gone(one.was))
            self._edits[line.path] = replace(one, was=line)
        self._bases[service] = _base(service, board)
        self.clear([one.was.path for one in seen if one.is_there(now.get(one.was.path))])

    def moved(self, line: SettingLine) -> bool:
        """Whether a staged setting's own value is another by now; a secret's is not seen."""
        staged = self._edits.get(line.path)
        return staged is not None and not _as_it_was(staged.was, line)

    def clashes(self, service: str, board: Board, touched: Collection[str]) -> list[Clash]:
        """The staged edits whose setting is neither as it was nor as it is wanted.

        Of a secret, whose value is not seen, it is enough that it is among the ``touched`` paths.
        """
        now = {line.path: line for line in board.lines}
        found = []
        for one in self.batch(service).edits:
            path, line = one.was.path, now.get(one.was.path)
            unseen = one.was.secret and path in touched
            as_it_was = _as_it_was(one.was, line or _gone(one.was))
            if one.is_there(line) or (as_it_was and not unseen):
                continue
            theirs = "(removed)" if line is None else told_own(line)
            found.append(Clash(path, path, told_own(one.was), theirs, one.told))
        return found


_NOTHING = "(no value)"


def _base(service: str, board: Board) -> tuple[int, int]:
    return board.versions.get(service, 0), board.change_id


def _gone(line: SettingLine) -> SettingLine:
    return replace(line, own=None, known=False, stored=False)


def _as_it_was(was: SettingLine, line: SettingLine) -> bool:
    return same(was.own, line.own) and (was.known, was.stored) == (line.known, line.stored)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to whoever stores them: 1, 1.0 and true are three."""
    return type(one) is type(other) and codec.shown(one) == codec.shown(other)


def told_own(line: SettingLine) -> str:
    """A setting's own value as a person reads it."""
    if not line.known:
        return _NOTHING
    text = codec.shown(line.own) or '""'
    return text if line.stored else f"{text} (default)"


def default_of(line: SettingLine) -> str:
    """A setting's declared default as a person reads it."""
    text = codec.MASK if line.secret else codec.shown(line.rule.default) or '""'
    return f"{text} (default)"
