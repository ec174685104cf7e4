"""The handover as Markdown: plain text that a chat, a ticket or a terminal shows alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from store import blocks, outlook
from store.findings import Finding, Severity, epoch_part
from store.handover import Handover
from store.handover_changes import Author, EntityChanges, Gap, HeightChanges
from store.handover_tasks import tasks
from store.models import EpochSeed, Snapshot
from store.paths import SEED_TYPES
from tui import markdown
from tui.arrival import give_or_take
from tui.glyphs import UNICODE
from tui.markdown import code, prose
from tui.text import age, duration, grouped, lag, moment, until

_ENTITIES: Final = 60
_FIELDS: Final = 8
_AUTHORS: Final = 4
_SIGNS: Final = {
    Severity.CRITICAL: UNICODE.critical,
    Severity.WARNING: UNICODE.warn,
    Severity.INFO: UNICODE.dot,
}
_BLIND: Final = (
    "Modes of files, triggers and damage of the database are in no log: 'nodedeck doctor' looks at"
    " them as they are now.",
    "Seed rows that are not active, metadata of settings, the environment, and edits of the config"
    " file by other programs are in no log.",
    "Actors are those who signed; a writer other than nodedeck signs nothing and is called"
    " external. An undo that was given a reason of its own stands among the changes.",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which node this is about: the host's name and the database's path."""

    host: str
    database: str


def written(handover: Handover, place: Place) -> str:
    """The whole handover as Markdown; times are local ones of ``until``'s reader, and UTC once."""
    return "\n".join((*_lines(handover, place), ""))


def _lines(handover: Handover, place: Place) -> Iterator[str]:
    now = handover.stretch.until.astimezone()
    yield f"# Handover of {prose(place.host)}"
    yield ""
    yield f"- Database: {code(place.database, limit=400)}"
    yield f"- Period: {_period(handover)}"
    yield f"- Changes looked at: {_range(handover)}"
    if handover.unknown:
        yield f"- {prose(handover.unknown)} Values and findings of then are unknown."
    sections: tuple[tuple[str, Iterable[str]], ...] = (
        ("Now", _now(handover, now)),
        ("Who should look at what", _tasks(handover)),
        ("What changed", _changes(handover, now)),
        ("Edits of the config file", _edits(handover, now)),
        ("Imports, backups, undos", _deeds(handover, now)),
        ("Findings", _findings(handover, now)),
        ("What this cannot know", (f"- {prose(line)}" for line in _blind(handover))),
    )
    for title, lines in sections:
        yield from ("", f"## {title}", "")
        yield from lines


def _period(handover: Handover) -> str:
    begin, end = handover.asked.astimezone(), handover.stretch.until.astimezone()
    length = age((end - begin).total_seconds())
    utc = [_stamp(each.astimezone(UTC), begin, end) for each in (begin, end)]
    here = [_stamp(each, begin, end) for each in (begin, end)]
    if here == utc:
        return f"{length}, {utc[0]} to {utc[1]} UTC, which is this host's local time"
    zone = prose(end.strftime("%Z"))
    return f"{length}, {here[0]} to {here[1]} local time ({zone}), {utc[0]} to {utc[1]} UTC"


def _stamp(at: datetime, begin: datetime, end: datetime) -> str:
    """A time to the minute, to the second in a period that is shorter than an hour."""
    short = (end - begin).total_seconds() < 3600
    return at.strftime("%Y-%m-%d %H:%M:%S" if short else "%Y-%m-%d %H:%M")


def _range(handover: Handover) -> str:
    first, last = handover.stretch.after + 1, handover.stretch.upto
    return f"#{first} to #{last}" if first <= last else "none were made"


def _now(handover: Handover, now: datetime) -> Iterator[str]:
    """The state in three lines: the chain, the epoch, the verdict."""
    snapshot = handover.evidence.snapshot
    yield f"- {_chain(snapshot)}"
    yield f"- {_epoch(handover, now)}"
    if handover.verdict.safe:
        yield "- Restart: safe now."
    else:
        yield f"- Restart: not now. {prose(' '.join(handover.verdict.reasons))}"


def _chain(snapshot: Snapshot) -> str:
    height, at = snapshot.chain.current_height, outlook.height_written_at(snapshot)
    told = ["Height unknown" if height is None else f"Height {grouped(height)}"]
    if at is not None:
        told.append(f"{age((snapshot.taken_at - at).total_seconds())} ago")
    if (behind := outlook.behind(snapshot)) is not None:
        told.append(f"processing {lag(behind)}")
    if (pace := snapshot.seconds_per_block) is not None:
        told.append(f"{duration(pace)} a block")
    enabled = sum(node.is_enabled for node in snapshot.nodes)
    told.append(f"{enabled} of {len(snapshot.nodes)} nodes enabled")
    return ", ".join(told) + "."


def _epoch(handover: Handover, now: datetime) -> str:
    snapshot = handover.evidence.snapshot
    current = outlook.seed(snapshot, "current")
    told = ["Epoch unknown" if current is None else f"Epoch {grouped(current.epoch_index)}"]
    if (part := epoch_part(handover.evidence)) is not None:
        told[0] += f" ({part:.0%})"
    told += [f"{kind} seed {_seed(outlook.seed(snapshot, kind))}" for kind in SEED_TYPES]
    version = snapshot.chain.current_node_version
    told.append(f"version {code(version) if version else 'unknown'}")
    plan, arrival = snapshot.upgrade_plan, blocks.upgrade(snapshot, handover.evidence.hour)
    if plan is not None and (plan.name or plan.height):
        coming = f"upgrade {code(plan.name)} at {grouped(plan.height)}"
        if arrival is not None:
            left = (arrival.at - snapshot.taken_at).total_seconds()
            coming += f" {until(left)}, ≈ {moment(arrival.at, now)}{give_or_take(arrival)}"
        told.append(coming)
    return ", ".join(told) + "."


def _seed(seed: EpochSeed | None) -> str:
    if seed is None:
        return "missing"
    return f"{grouped(seed.epoch_index)} {'claimed' if seed.claimed else 'not claimed'}"


def _tasks(handover: Handover) -> Iterator[str]:
    found = tasks(handover)
    for task in found:
        yield f"- {code(task.who)}: {prose(task.what)}"
    if not found:
        yield "Nobody has to look at anything."


def _changes(handover: Handover, now: datetime) -> Iterator[str]:
    for height in handover.heights:
        yield f"- {_height(height, now)}"
    for entity in handover.entities[:_ENTITIES]:
        yield from _entity(entity, now)
    if (rest := len(handover.entities) - _ENTITIES) > 0:
        yield f"- and {rest} more; 'nodedeck history' lists them all."
    if not handover.heights and not handover.entities:
        yield "Nothing changed." if handover.stretch.known else "Nothing that the log still holds."


def _height(height: HeightChanges, now: datetime) -> str:
    first = markdown.height(height.first) if height.first_known else "unknown"
    told = [f"{code(height.path)} {first} {UNICODE.arrow} {markdown.height(height.last)}"]
    if height.blocks is not None:
        went = "" if height.blocks >= 0 else " (it went back)"
        told.append(f"{grouped(height.blocks)} block{'' if height.blocks == 1 else 's'}{went}")
    else:
        told.append(_times(height.count))
    if height.gaps:
        told.append(f"longest gap {_gap(height.gaps[0], now)}")
    by = _by(height.authors)
    return ", ".join(told) + (f"; signed {by}" if by else "")


def _gap(gap: Gap, now: datetime) -> str:
    when = "which still lasts" if gap.change_id is None else f"until {moment(gap.ended, now)}"
    return f"{duration(gap.seconds)}, {when}"


def _entity(entity: EntityChanges, now: datetime) -> Iterator[str]:
    by = _by(entity.authors)
    yield (
        f"- {code(entity.path, limit=200)}: {_outcome(entity)}, {_times(entity.count)},"
        f" last {moment(entity.last_at, now)}, {by}"
    )
    if not entity.first_known or None in (entity.first, entity.last):
        return
    for field in entity.fields[:_FIELDS]:
        name = field.path[len(entity.path) + 1 :]
        if name:
            change = f"{markdown.value(field.old)} {UNICODE.arrow} {markdown.value(field.new)}"
            yield f"  - {code(name)} {change}"
    if (rest := len(entity.fields) - _FIELDS) > 0:
        yield f"  - and {rest} more fields"


def _outcome(entity: EntityChanges) -> str:
    """First and last value, or what became of an object whose fields stand below."""
    if not entity.first_known:
        return f"unknown {UNICODE.arrow} {_whole(entity.last)}"
    if entity.first is None and entity.last is None:
        return "came and went"
    if entity.first is None:
        return f"added: {_whole(entity.last)}" if _scalar(entity.last) else "added"
    if entity.last is None:
        return f"removed (was {_whole(entity.first)})" if _scalar(entity.first) else "removed"
    if not entity.fields:
        return "as it was"
    if _scalar(entity.first) and _scalar(entity.last):
        return f"{_whole(entity.first)} {UNICODE.arrow} {_whole(entity.last)}"
    return "changed"


def _scalar(found: object) -> bool:
    return not isinstance(found, dict)


def _whole(found: object) -> str:
    if found is None:
        return "absent"
    return markdown.value(found) if _scalar(found) else "present"


def _times(count: int) -> str:
    return f"{grouped(count)} change{'' if count == 1 else 's'}"


def _by(authors: tuple[Author, ...]) -> str:
    if not authors:
        return ""
    told = []
    for author in authors[:_AUTHORS]:
        who = code(author.actor) if author.actor else "external"
        many = f" ×{grouped(author.count)}" if len(authors) > 1 else ""
        told.append(f"{who}{many}" + (f' "{prose(author.reason)}"' if author.reason else ""))
    if (rest := len(authors) - _AUTHORS) > 0:
        told.append(f"{rest} more")
    return f"by {', '.join(told)}"


def _edits(handover: Handover, now: datetime) -> Iterator[str]:
    for edit in handover.edits:
        who = code(edit.actor) if edit.actor else "external"
        why = f' "{prose(edit.reason)}"' if edit.reason else ""
        change = f"{markdown.value(edit.old)} {UNICODE.arrow} {markdown.value(edit.new)}"
        yield f"- {moment(edit.at, now)} {code(edit.path, limit=200)} {change}, by {who}{why}"
    if not handover.edits:
        yield "None by nodedeck."
    if handover.file_written is not None:
        yield ""
        yield f"The file itself was last written {moment(handover.file_written, now)}."


def _deeds(handover: Handover, now: datetime) -> Iterator[str]:
    told: list[tuple[datetime, str]] = []
    for done in handover.imports:
        totals = ", ".join(f"{count} {prose(name)}" for name, count in done.totals.items() if count)
        told.append(
            (done.at, f"import of {code(done.file, limit=200)} by {code(done.actor)}: {totals}")
        )
    for copy in handover.backups:
        told.append((copy.at, f"backup {code(copy.name)} by {code(copy.actor)}"))
    for undo in handover.undos:
        told.append((undo.at, f"{prose(undo.reason)} by {code(undo.actor)} (#{undo.change_id})"))
    if (back := handover.restore) is not None:
        why = f' "{prose(back.reason)}"' if back.reason else ""
        told.append(
            (
                back.at,
                f"restore of {code(back.backup)} by {code(back.actor)}{why}; what was changed"
                " between that backup and then is in the backup made before the restore",
            )
        )
    for at, line in sorted(told):
        yield f"- {moment(at, now)} {line}"
    if handover.backups_fault:
        yield f"- Backups are unknown: {prose(handover.backups_fault)}"
    elif not told:
        yield "None."


def _findings(handover: Handover, now: datetime) -> Iterator[str]:
    seen = handover.findings
    for one in seen.opened:
        at = moment(one.opened, now) if one.opened else ""
        yield f"- opened, first seen {at}: {_finding(one.finding)}"
    for one in seen.closed:
        at = moment(one.closed, now) if one.closed else ""
        yield f"- closed, gone by {at}: {_finding(one.finding)}"
    for one in seen.passed:
        first, last = (moment(at, now) if at else "" for at in (one.opened, one.closed))
        yield f"- came and went, {first} to {last}: {_finding(one.finding)}"
    for one in seen.standing:
        gone = ", gone in between" if one.interrupted else ""
        yield f"- still standing{gone}: {_finding(one.finding)}"
    for finding in seen.undated:
        yield f"- stands now, since when is unknown: {_finding(finding)}"
    if not seen.seen and not seen.undated:
        yield "None, neither then nor now."


def _finding(finding: Finding) -> str:
    return f"{_SIGNS[finding.severity]} {finding.severity}: {prose(finding.message)}"


def _blind(handover: Handover) -> Iterator[str]:
    """What the reader must not take this text for."""
    seen = handover.findings
    if seen.moments:
        more = ", thinned out from more changes" if seen.thinned else ""
        yield (
            f"Findings were judged at {seen.moments} moments of the log{more}, by the thresholds of"
            " now; what came and went between two of them is not seen."
        )
    if any(not height.first_known for height in handover.heights) and handover.stretch.known:
        yield "Heights of the beginning were forgotten by the log's retention: they are unknown."
    yield from _BLIND
