"""``nodedeck list``: paths and their values."""

from __future__ import annotations

import click

from store import codec, paths
from store.documents import Document, Entry
from store.errors import UnknownPath, UsageError
from store.paths import Pattern
from tui import output
from tui.verbs import as_of as past
from tui.verbs import common, searching
from tui.verbs.completing import complete_paths


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck list",
        "nodedeck list 'nodes.*.host'",
        "nodedeck list api --long",
        "nodedeck list --json",
        "nodedeck list nodes --as-of 2025-06-01T08:00:00Z",
        "nodedeck list --search timeout --service router --complexity simple",
    ),
)
@click.argument("pattern", required=False, shell_complete=complete_paths)
@click.option("--long", is_flag=True, help="Show each value's source and home, too.")
@searching.options
@past.option
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    pattern: str | None,
    long: bool,
    as_of: str | None,
    as_json: bool,
    **wanted: str | None,
) -> None:
    """Print all values, or those at and below PATTERN, where * is any text inside one part."""
    with common.session(context).look() as manager:
        if searching.is_search(wanted):
            if as_of is not None:
                raise UsageError("A search looks at the present: leave out --as-of, or search.")
            searching.show(manager, pattern, wanted, as_json=as_json)
            return
        document = past.document(manager, as_of)
    if document.static.fault is not None:
        output.say(f"The config file's keys are missing here: {document.static.fault}")
    entries = matching(document, pattern)
    if as_json:
        output.put_json("list", items=[output.entry_fields(entry) for entry in entries])
        return
    if not entries:
        output.say("There are no values yet." if pattern is None else f"Nothing is at {pattern}.")
        return
    rows = []
    for entry in entries:
        value = codec.shown(output.masked(entry.path, entry.value))
        where = [entry.source.value, entry.home.value] if long else []
        rows.append([*where, entry.path, value])
    output.put_lines(output.aligned(rows))


def matching(document: Document, pattern: str | None) -> list[Entry]:
    """The leaves that a pattern names; raises UnknownPath where it is one path without a value."""
    leaves = document.leaves()
    if pattern is None:
        return leaves
    wanted = Pattern.parse(pattern)
    found = [entry for entry in leaves if wanted.matches(output.parts_of(entry.path))]
    if not found and "*" not in pattern:
        near = paths.nearest(pattern, (entry.path for entry in leaves))
        raise UnknownPath(
            f"There is no value at {pattern}.",
            hint=f"Did you mean {', '.join(near)}?" if near else "'nodedeck list' shows all paths.",
        )
    return found
