"""Who should look at what, out of a handover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from store.findings import Severity, in_order
from store.handover import Handover
from store.handover_changes import Author
from store.paths import Kind

ON_CALL: Final = "on call"
_IMPORT: Final = "import of "
_NAMED: Final = 5
_DAEMONS: Final = (Kind.CHAIN, Kind.SEED, Kind.VERSIONS)


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody should look at: the actor of a change, or whoever is on call."""

    who: str
    what: str


def tasks(handover: Handover) -> list[Task]:
    """The tasks that follow from a handover, what is urgent first."""
    return list(dict.fromkeys((*_findings(handover), *_daemons(handover), *_file(handover))))


def _findings(handover: Handover) -> Iterator[Task]:
    """A finding that stands goes to whoever changed what it is about, else to who is on call."""
    seen = handover.findings
    standing = [one.finding for one in (*seen.opened, *seen.standing)]
    for finding in in_order([*standing, *seen.undated]):
        who, why = ON_CALL, ""
        for entity in handover.entities:
            if finding.path == entity.path or finding.path.startswith(f"{entity.path}."):
                who, why = _hand(entity.authors)
        if finding.severity is not Severity.INFO or who != ON_CALL:
            yield Task(who, f"{finding.message}{why} {finding.hint}".strip())


def _hand(authors: tuple[Author, ...]) -> tuple[str, str]:
    """Who signed a change last, and why."""
    for author in authors:
        if author.actor is not None:
            return author.actor, f' (reason given: "{author.reason}")' if author.reason else ""
    return ON_CALL, ""


def _daemons(handover: Handover) -> Iterator[Task]:
    """What belongs to the daemon and was changed by hand does not last; an import is no such hand.

    The authors of an entity stand newest first: where that is the daemon, it has the last word.
    """
    changed = [(one.path, one.authors) for one in handover.entities if one.kind in _DAEMONS]
    changed += [(one.path, one.authors) for one in handover.heights if one.authors]
    by_hand = [
        (authors[0].actor, path)
        for path, authors in changed
        if authors[0].actor is not None and not (authors[0].reason or "").startswith(_IMPORT)
    ]
    for who, paths in _grouped(by_hand).items():
        yield Task(
            who,
            f"{_named(paths)} set by hand, and the daemon writes such values from its memory: see"
            " whether yours still stand.",
        )


def _file(handover: Handover) -> Iterator[Task]:
    """The daemon reads the config file when it starts, and no log says when that was."""
    edited = _grouped((edit.actor or ON_CALL, edit.path) for edit in handover.edits)
    for who, paths in edited.items():
        yield Task(
            who,
            f"{_named(paths)} edited in the config file, which the daemon reads when it starts:"
            " see that it was restarted since.",
        )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The second of each pair by the first, each once."""
    found: dict[str, list[str]] = {}
    for who, path in pairs:
        paths = found.setdefault(who, [])
        if path not in paths:
            paths.append(path)
    return found


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f"{', '.join(paths[:_NAMED])}{more} {'was' if len(paths) == 1 else 'were'}"
