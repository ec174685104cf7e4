"""``nodedeck diff``: a file and the database, two files, or two moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from store import codec, files, masks, paths
from store.documents import Document
from store.errors import ExitCode, UsageError
from store.history import parts_of
from store.importing import plan
from store.manager import ConfigManager, utc_now
from store.paths import Kind
from store.reading import guess_format, read, to_python
from tui import output
from tui.verbs import common
from tui.verbs.as_of import point, tell_unknown
from tui.verbs.changes import shown

# entities whose fields are fixed: one that an old file does not have is no difference
_FIXED: Final = (Kind.NODE, Kind.SEED, Kind.UPGRADE)


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared: its name, and its leaves by path."""

    name: str
    leaves: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """A leaf that differs; None where a side has none."""

    path: str
    old: Any
    new: Any


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck diff                          the config file and the database",
        "nodedeck diff api-config-full.yaml     an export and what is there now",
        "nodedeck diff monday.yaml today.yaml",
        "nodedeck diff --from 2h                what has changed since then",
        "nodedeck diff --from 812 --to 2025-06-01T08:00:00Z --exit-code",
    ),
)
@click.argument("names", metavar="[FILE] [FILE]", nargs=-1)
@click.option("--from", "start", metavar="WHEN", help="A change id, 2h or 7d ago, or ISO 8601.")
@click.option("--to", "end", metavar="WHEN", help="Likewise; now unless given.")
@click.option("--exit-code", is_flag=True, help="Leave with 10 where anything differs.")
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    names: Sequence[str],
    start: str | None,
    end: str | None,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Print what differs: each path, its old and its new value, secrets masked.

    One FILE, the config file unless named, is compared with the database in the keys that the file
    has. Two FILEs are compared with each other, two moments by the history.
    """
    if len(names) > 2 or (names and (start or end)) or (end and not start):
        raise UsageError(
            "diff compares one file with the database, two files, or two moments.",
            hint="Name up to two files, or --from and --to.",
        )
    current = common.session(context)
    if len(names) == 2:
        old, new = (_of_file(Path.cwd() / name) for name in names)
    else:
        with current.look() as manager:
            if start:
                old, new = _moments(manager, start, end or "now")
            else:
                old = _of_file(Path.cwd() / names[0] if names else current.locations.config)
                new = _comparable(old, manager.raw())
    differences, hidden = compare(old.leaves, new.leaves)
    _report(old.name, new.name, differences, hidden, as_json=as_json)
    return ExitCode.DIFFERENT if exit_code and differences else ExitCode.OK


def compare(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[list[Difference], tuple[str, ...]]:
    """The leaves that differ, and those that cannot be compared since a side masks them."""
    found: list[Difference] = []
    hidden: list[str] = []
    for path in dict.fromkeys((*old, *new)):
        before, after = old.get(path), new.get(path)
        if path in old and path in new and _same(before, after):
            continue
        if codec.MASK in (before, after) or _differ_behind_masks(path, before, after):
            hidden.append(path)
        else:
            found.append(Difference(path, before, after))
    return found, tuple(hidden)


def _differ_behind_masks(path: str, one: Any, other: Any) -> bool:
    """Whether a side shows masks, and nothing else tells it from the other side."""
    shows = masks.shows_mask(one) or masks.shows_mask(other)
    return shows and bool(output.masked(path, one) == output.masked(path, other))


def _same(one: Any, other: Any) -> bool:
    alike = bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
    return alike or repr(one) == repr(other)  # NaN is itself here


def _report(
    old: str, new: str, differences: list[Difference], hidden: Sequence[str], *, as_json: bool
) -> None:
    if hidden:
        output.say(f"Not compared, since a side masks it: {', '.join(hidden)}.")
    if as_json:
        items = [
            {
                "path": each.path,
                "old": output.masked(each.path, each.old),
                "new": output.masked(each.path, each.new),
            }
            for each in differences
        ]
        output.put_json("diff", **{"from": old, "to": new, "items": items})
    elif differences:
        rows = [
            [each.path, shown(each.path, each.old), "→", shown(each.path, each.new)]
            for each in differences
        ]
        output.put_lines(output.aligned(rows))
    else:
        output.say(f"Nothing differs between {old} and {new}.")


def _moments(manager: ConfigManager, start: str, end: str) -> tuple[Side, Side]:
    now = utc_now()
    before, after = (manager.document_as_of(point(text, now)) for text in (start, end))
    unknown = {*before.unknown, *after.unknown}
    for past in (before, after):
        tell_unknown(past)
    return (
        Side(f"change #{before.change_id}", _leaves(before, unknown)),
        Side(f"change #{after.change_id}", _leaves(after, unknown)),
    )


def _leaves(document: Document, without: set[str]) -> dict[str, Any]:
    return {entry.path: entry.value for entry in document.leaves() if entry.path not in without}


def _of_file(path: Path) -> Side:
    """A legacy file's leaves, its known fields typed as an import would store them.

    Raises BadDocument with the place of a fault.
    """
    data = files.read(path)
    kind = guess_format(path.name, data)
    root = read(data, str(path), kind)
    if root.kind == "null":
        return Side(str(path), {})
    source = plan.Source(path, data, kind, root, plan.guess_role(root, path))
    # a plan's rows mask secrets; to be compared they are needed in clear
    tree = to_python(root)
    clear = codec.leaves(tree) if isinstance(tree, dict) else {}
    made = plan.make([source], plan.nothing).decided(seal=False)
    made.refuse_misfits()
    typed: dict[str, Any] = {}
    for write in made.writes:
        typed |= codec.leaves_at(write.path, write.value)
    return Side(
        str(path),
        {
            row.path: (clear if row.action is plan.Action.STAY else typed).get(row.path, row.value)
            for row in made.rows
            if row.action is not plan.Action.EQUAL
        },
    )


def _comparable(file: Side, document: Document) -> Side:
    """The stored document's leaves under the keys that a file has.

    Raises the config file's fault where that could not be read.
    """
    if document.static.fault is not None:
        raise document.static.fault
    roots = {parts_of(path)[0] for path in file.leaves}
    fixed = {
        address.entity
        for address in map(paths.locate, file.leaves)
        if address and address.kind in _FIXED
    }

    def counts(path: str) -> bool:
        if path in file.leaves:
            return True
        address = paths.locate(path)
        return parts_of(path)[0] in roots and not (address and address.entity in fixed)

    return Side(
        "the database",
        {path: value for path, value in _leaves(document, set()).items() if counts(path)},
    )
