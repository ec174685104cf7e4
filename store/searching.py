"""Searching the audit log, however long it is: what is looked for, and one bounded step of it.

The log is walked by key from its newest end. A step looks at a bounded number of rows and says
where the next one goes on, so that whoever asks is never kept waiting, nor is anybody else.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from store import codec, history, masks, moments, paths
from store.database import Database
from store.errors import UsageError
from store.models import Change
from store.paths import HEIGHT_PATHS, Pattern

ROWS: Final = 200
"""Changes that one window holds."""
STEP_IDS: Final = 20_000
STEP_LOOKS: Final = 250
EXTERNAL: Final = "external"
ACCESS: Final = "access"
"""What ``is:`` may be followed by."""
# a deletion that nobody signed may be taken back for half as long, and an `R` replaced
_UNSETTLED: Final = timedelta(seconds=10)

_TOKEN: Final = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
# what JSON and SQLite write as it stands, whoever wrote it
_RUN: Final = re.compile(r"[a-z0-9_.:@-]+")
_DONE: Final = {"I": "added", "U": "changed", "D": "removed", "R": "rewritten, nothing changed"}
_TRUTHS: Final = {True: "true yes", False: "false no"}
# words that stand in no column: those who type them are looked after row by row
_UNSTORED: Final = " ".join((*_DONE.values(), *_TRUTHS.values(), EXTERNAL, codec.MASK))
_HEIGHT_NAMES: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)


def words(text: str) -> tuple[str, ...]:
    """The words of a filter; what stands in quotes is one, closed or not."""
    return tuple(word for token in _TOKEN.findall(text) if (word := token.replace('"', "")))


@dataclass(frozen=True, slots=True)
class Search:
    """What a change must be to be found: all of it, each part None or empty where it is open."""

    words: tuple[str, ...] = ()
    pattern: Pattern | None = None
    actor: str = ""
    since: datetime | None = None
    accesses: bool = False
    """Whether looks at secrets are wanted, out of the access log, instead of changes."""

    @classmethod
    def parse(cls, text: str, now: datetime) -> Search:
        """Read `words path:nodes.*.host actor:ops since:2h is:access`.

        The last of each kind counts.
        Raises UsageError for a pattern that is none, for a time that is none, and for an `is:` of
        anything but accesses. A kind without anything behind it is one that is being typed, and
        says nothing yet.
        """
        plain: list[str] = []
        pattern, actor, since, accesses = None, "", None, False
        for token in _TOKEN.findall(text):
            kind, colon, value = token.partition(":")
            bare = value.replace('"', "")
            if colon and kind == "path":
                pattern = Pattern.parse(value) if value else None
            elif colon and kind == "actor":
                actor = bare.casefold()
            elif colon and kind == "since":
                since = moments.since(bare, now) if bare else None
            elif colon and kind == "is":
                accesses = _asks_for_accesses(bare)
            else:
                plain += words(token)
        return cls(tuple(map(_plain_word, plain)), pattern, actor, since, accesses)

    @property
    def empty(self) -> bool:
        """Whether everything would be found."""
        return self == Search()

    def finds(self, change: Change) -> bool:
        """Whether a change is one that is looked for; its time is not looked at."""
        if self.actor and self.actor not in (change.actor or EXTERNAL).casefold():
            return False
        if self.pattern is not None and not history.concerns(change, self.pattern):
            return False
        if not self.words:
            return True
        text = told(change)
        return all(word in text for word in self.words)


def _asks_for_accesses(word: str) -> bool:
    """Whether ``is:`` is about the access log; a beginning of its name is one being typed."""
    if not ACCESS.startswith(word.casefold()):
        raise UsageError(
            f"Nothing in the log is {word!r}; is:{ACCESS} finds the looks at secrets.",
            hint="Put quotes around words with a colon to search for them.",
        )
    return word.casefold() == ACCESS


def _plain_word(word: str) -> str:
    """A word as it is compared: small letters, and numbers without their groups."""
    return (word.replace(",", "") if _GROUPED.fullmatch(word) else word).casefold()


def told(change: Change) -> str:
    """All that a change has to say, in small letters: path, fields, values, who and why."""
    done = _DONE.get(change.action, change.action)
    parts = [change.path, change.actor or EXTERNAL, change.reason or "", done]
    above = len(history.parts_of(change.path))
    for field in history.fields(change):
        names = history.parts_of(field.path)
        # part by part, as they are stored: whoever wants an address asks for a path
        parts += names[above:]
        parts += (_told_value(names, value) for value in (field.old, field.new))
    return "\n".join(parts).casefold()


def _told_value(parts: tuple[str, ...], value: Any) -> str:
    if isinstance(value, bool):
        return _TRUTHS[value]
    return "" if value is None else codec.shown(masks.masked(parts, value))


@dataclass(frozen=True, slots=True)
class Found:
    """What one step found, newest first, and the newest change of each height that is folded.

    ``before`` is the change id below which the next step goes on, None where the search is
    through. Above ``after`` this is all there is.
    """

    changes: tuple[Change, ...]
    before: int | None
    after: int = 0
    heights: tuple[Change, ...] = ()


def first(db: Database, wanted: Search, now: datetime, *, upto: int, seen: int = 0) -> Found:
    """Look from a change id downwards; with ``seen``, only for what that reader cannot know yet.

    What a trigger may have taken back since is looked at again.
    """
    after = min(seen, history.change_at(db, now - _UNSETTLED)) if seen else 0
    found = step(db, wanted, before=upto + 1, after=after)
    return replace(found, heights=tuple(_heights(db, wanted, upto + 1)))


def step(db: Database, wanted: Search, *, before: int, after: int = 0) -> Found:
    """Look on below a change id, down to the one before which everything is known.

    Of the heights, which change with every block, none is found here unless a pattern is given.
    """
    floor = after
    if wanted.since is not None:
        # a change at that very moment counts
        floor = max(floor, history.change_at(db, wanted.since - timedelta(milliseconds=1)))
    low = max(floor, before - 1 - STEP_IDS)
    conditions, values = _conditions(wanted)
    rows = db.execute_sql(
        f"SELECT {history.COLUMNS} FROM audit_log WHERE id>? AND id<?"
        f" AND {' AND '.join(conditions)} ORDER BY id DESC LIMIT {STEP_LOOKS}",
        (low, before, *values),
    )
    found: list[Change] = []
    for looks, row in enumerate(rows, 1):
        change = history.change_of(row)
        if wanted.finds(change):
            found.append(change)
        if len(found) == ROWS or looks == STEP_LOOKS:
            low = change.id - 1
            break
    rows.close()  # it may have more, and would keep the transaction open
    return Found(tuple(found), low + 1 if low > floor else None, after)


def _heights(db: Database, wanted: Search, before: int) -> Iterator[Change]:
    """The newest change of each height that stands for all of them, where it is looked for."""
    for path in HEIGHT_PATHS if wanted.pattern is None else ():
        change = history.newest_before(db, path, before)
        if (
            change is not None
            and (wanted.since is None or change.at >= wanted.since)
            and wanted.finds(change)
        ):
            yield change


def _conditions(wanted: Search) -> tuple[list[str], list[Any]]:
    """What SQLite can tell beforehand; it lets nothing pass that would be found."""
    conditions = ["(action<>'R' OR actor IS NOT NULL)"]
    values: list[Any] = []
    if wanted.pattern is None:
        conditions.append(f"path NOT IN ({_HEIGHT_NAMES})")
    if wanted.actor:
        if wanted.actor not in EXTERNAL:
            conditions.append("actor IS NOT NULL")
        if wanted.actor.isascii():
            conditions.append(f"coalesce(actor,'{EXTERNAL}') LIKE ? ESCAPE '!'")
            values.append(_like(wanted.actor))
    if wanted.pattern is not None:
        condition, paths_held = _held_by(wanted.pattern)
        conditions.append(condition)
        values += paths_held
    value = "path||' '||coalesce(old_json,'')||' '||coalesce(new_json,'')"
    text = f"{value}||' '||coalesce(actor,'')||' '||coalesce(reason,'')"
    names = paths.split(wanted.pattern.text) if wanted.pattern is not None else ()
    held = [(value, run) for name in names for run in _RUN.findall(name.lower())]
    held += [(text, run) for word in wanted.words for run in _RUN.findall(word)]
    for where, run in dict.fromkeys(held):
        if where is value or run not in _UNSTORED:
            conditions.append(f"{where} LIKE ? ESCAPE '!'")
            values.append(_like(run))
    return conditions, values


def _held_by(pattern: Pattern) -> tuple[str, list[Any]]:
    """The condition on paths that a pattern's parts before its first `*` make.

    Where it is about more than one path the index is kept out of it (`+path`): all rows of a
    range would be sorted by id before the first is seen.
    """
    parts = list(itertools.takewhile(lambda part: "*" not in part, paths.written(pattern.text)))
    if not parts:
        return "1", []
    exact, whole = history.held_by(".".join(parts))
    marks = ",".join("?" * len(exact))
    if whole is None:
        return f"path IN ({marks})", list(exact)
    condition = f"(+path IN ({marks}) OR (+path>? AND +path<?))"
    return condition, [*exact, f"{whole}.", f"{whole}/"]


def _like(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"%{text}%"
