"""``nodedeck import``: bring a legacy file into the database, planned first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from store.codec import shown
from store.connections import held_open
from store.errors import UsageError
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import receipts
from store.importing.plan import Action, Plan
from store.importing.rollback import State
from store.manager import utc_now
from tui import output
from tui.verbs import common, import_writing, rollback_verb
from tui.verbs.asking import agreed, answer_options, confirm
from tui.verbs.import_choices import file_options, made
from tui.verbs.progress_line import ProgressLine, cancelled_by_keys


@click.group(
    cls=common.VerbGroup,
    name="import",
    examples=(
        "nodedeck import plan config.yaml",
        "nodedeck import apply config.yaml node-config.json --yes",
        "nodedeck import list",
    ),
)
def group() -> None:
    """Bring legacy YAML, TOML or JSON files, or another nodedeck database, into this one."""


@group.command(
    cls=common.Verb,
    name="plan",
    examples=(
        "nodedeck import plan config.yaml --changes",
        "nodedeck import plan dev.toml --prefix rack --json",
        "nodedeck import plan old.yaml --strategy keep --replace 'nodes.*'",
        "nodedeck import plan old.yaml --fix nodes.node1.poc_port=8080 --reading svc.at=pyyaml",
        "nodedeck import plan a.yaml b.yaml --role b.yaml=settings --keep b.yaml=svc.port",
    ),
)
@file_options
@click.option("--changes", is_flag=True, help="Only what changes, or needs a decision to.")
@click.pass_context
def plan_command(
    context: click.Context,
    /,
    *,
    file: Sequence[Path],
    changes: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Show what an import would do; nothing is changed.

    All files are one import. What stays in a file, and what does not fit, is named with its line.
    """
    current = common.session(context, offer=False)
    current.warn_half_done()  # a plan opens the database by itself
    plan = made(current, file, given)
    rows = plan.changes if changes else plan.rows
    if as_json:
        shown_plan = _fields(planning.as_json(plan))
        shown_plan["items"] = [row.as_json() for row in rows]
        import_writing.put_into(shown_plan, import_writing.looked(plan, watched=False))
        output.put_json("import.plan", **shown_plan)
        return
    output.put_lines(output.aligned([_line(row, plan) for row in rows]))
    for each in plan.sources:
        output.say(f"{each.path} is read as {each.role}.")
    output.say(_totals(plan))
    if plan.seals:
        output.say("'import apply --seal' seals what looks like a secret; it stays otherwise.")
    if plan.refused:
        output.say("What is refused stays in its file; --fix PATH=VALUE gives it another value.")
    if any(row.readings and not row.reading for row in plan.rows):
        output.say("Where readers differ, the daemon's (Go) counts; --reading PATH=READER chooses.")
    import_writing.warned(import_writing.looked(plan, watched=True))


@group.command(
    cls=common.Verb,
    name="apply",
    examples=(
        "nodedeck import apply config.yaml --yes --rewrite",
        "nodedeck import apply config.yaml node-config.json dev.toml --yes",
        "nodedeck import apply /backup/state.db --yes --strategy replace",
    ),
)
@file_options
@click.option("--rewrite", is_flag=True, help="Cut what was imported out of the file's text.")
@click.option(
    "--or-keep", is_flag=True, help="With --rewrite: import also where the file cannot be cut."
)
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    is_flag=False,
    flag_value=import_writing.PATIENCE_SECONDS,
    metavar="[=SECONDS]",
    help=f"Wait until no daemon rewrites a file, {import_writing.PATIENCE_SECONDS:g} s at most.",
)
@click.option("--seal", is_flag=True, help="Seal the proposed secrets, which stay otherwise.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--no-input", is_flag=True, help="Never ask; without --yes that is a refusal.")
@click.pass_context
def apply_command(
    context: click.Context,
    /,
    *,
    file: Sequence[Path],
    as_json: bool,
    rewrite: bool,
    or_keep: bool,
    wait: float | None,
    seal: bool,
    yes: bool,
    no_input: bool,
    **given: Any,
) -> None:
    """Import files: backup, one transaction, one receipt.

    What looks like a secret is sealed with --seal, or where a person says so, and otherwise stays
    in the file. The file's copy has it in clear either way: 'nodedeck doctor' names it.
    """
    current = common.session(context, offer=False)
    common.refuse_read_only(current)
    common.settle_first(current)
    if or_keep and not rewrite:
        raise UsageError("--or-keep goes with --rewrite; nothing was changed.")
    context.with_resource(held_open(current.locations.database))
    plan = made(current, file, given)
    seen = {} if wait is not None else import_writing.looked(plan, watched=False)
    if wait is not None and import_writing.waited(plan, wait):
        plan = made(current, file, given)
    if not yes:
        import_writing.warned(seen)
        _ask(plan, no_input=no_input)
    if plan.seals and not (seal or yes):
        seal = agreed(_proposal(plan), yes=False, no_input=no_input)
    with ProgressLine() as progress, cancelled_by_keys() as cancel:
        result = engine.apply(
            plan,
            current.locations,
            actor=current.actor,
            clock=utc_now,
            rewrite=rewrite,
            or_keep=or_keep,
            seal=seal,
            reason=current.reason,
            progress=progress,
            cancel=cancel,
        )
    if cancel.asked:
        output.say("It was too late to cancel: the import is done.")
    _tell(result, rewrite=rewrite)
    if yes and not result.nothing_to_do:  # a failure that changed nothing is its sentence alone
        import_writing.warned(seen)
    if as_json:
        output.put_json(
            "import.apply",
            **_fields(planning.as_json(result.plan)),
            receipt=result.receipt,
            backup=str(result.backup) if result.backup else None,
            copies=[str(each) for each in result.copies],
            rewritten=result.rewritten,
            cut=[str(each) for each in result.cut],
            uncut=result.uncut,
            rehearsed=result.rehearsed,
            empty=result.empty,
        )


apply_command.params.append(common.reason_option())


@group.command(cls=common.Verb, name="list", examples=("nodedeck import list --json",))
@common.json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """The receipts of the imports and rollbacks done so far, newest first."""
    with common.session(context, offer=False).look() as manager:
        kept = receipts.listed(manager)
    if as_json:
        output.put_json("import.list", items=kept)
        return
    output.put_lines(
        output.aligned(
            [
                [
                    str(receipt["id"]),
                    str(receipt["at"]),
                    str(receipt["actor"]),
                    ", ".join(map(str, receipt["files"])),
                    _done(receipt),
                ]
                for receipt in kept
            ]
        )
    )


@group.command(
    cls=common.Verb,
    name="rollback",
    examples=(
        "nodedeck import rollback              the newest import: its file, with today's values",
        "nodedeck import rollback 3 --dry-run",
        "nodedeck import rollback --state before --yes",
    ),
)
@click.argument("number", metavar="[ID]", type=click.IntRange(min=1), required=False)
@click.option(
    "--state",
    type=click.Choice([str(one) for one in State]),
    help="now: the file with the values of now (the default); before: file and database as they"
    " were (the default for an import that was stopped half-way).",
)
@click.option("--force", is_flag=True, help="Also where an operator changed values since.")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@answer_options
@common.json_option
@click.pass_context
def rollback_command(
    context: click.Context,
    *,
    number: int | None,
    state: str | None,
    force: bool,
    dry_run: bool,
    yes: bool,
    no_input: bool,
    as_json: bool,
) -> None:
    """Take an import back, the newest one unless ID names another.

    Values that an operator changed since the import are shown, and need the file's name to be
    typed, or --force.
    """
    current = common.session(context, offer=False)
    if not dry_run:
        common.refuse_read_only(current)
    if number is None and rollback_verb.settled(current, dry_run=dry_run, as_json=as_json):
        return
    if not dry_run:
        common.settle_first(current)
    rollback_verb.run(
        current,
        number,
        State(state) if state else rollback_verb.usual(current),
        dry_run=dry_run,
        force=force,
        yes=yes,
        no_input=no_input,
        as_json=as_json,
    )


rollback_command.params.append(common.reason_option())


def _done(receipt: dict[str, Any]) -> str:
    """What a receipt is of: the counts of an import, or which one a rollback took back."""
    if receipt.get("of") is not None:
        return f"rollback of import {receipt['of']}, to the state {receipt['state']}"
    return ", ".join(f"{count} {name}" for name, count in receipt["totals"].items() if count)


def _ask(plan: Plan, *, no_input: bool) -> None:
    output.say(_totals(plan))
    confirm(f"Import {_named(plan)} now?", "The import", yes=False, no_input=no_input)


def _named(plan: Plan) -> str:
    return ", ".join(str(each.path) for each in plan.sources)


def _as_it_was(plan: Plan) -> str:
    return "is as it was" if len(plan.sources) == 1 else "are as they were"


def _proposal(plan: Plan) -> str:
    named = ", ".join(each.path for each in plan.seals)
    return f"Seal these secrets, which otherwise stay in the file: {named}?"


def _tell(result: engine.Result, *, rewrite: bool) -> None:
    plan = result.plan
    if result.nothing_to_do:
        output.say("Nothing to do: everything already is as this import would leave it.")
    if result.receipt is not None:
        output.say(f"{_totals(plan)} Receipt {result.receipt}.")
    for row in plan.rows:
        if row.action in _NAMED and "static key" not in row.reason:
            output.say(f"{_place(row, plan)}{row.path}: {row.reason}.")
    for remaining in result.remains:
        output.say(remaining.sentence)
    for file in result.cut:
        if not any(each.file == file for each in result.remains):
            output.say(f"{file} now holds only what stays in it.")
    for file, why in result.kept:
        output.say(f"{file} is as it was. {why}")
    if rewrite and not (result.cut or result.kept or result.nothing_to_do):
        they = "it" if len(plan.sources) == 1 else "they"
        output.say(f"Nothing could be cut out of {_named(plan)}; {they} {_as_it_was(plan)}.")
    if result.rehearsed:
        output.say(
            f"Rehearsed on a copy first: {result.rehearsed} values came back as the file has"
            f" them{_empty(result.empty)}."
        )
    if result.backup is not None:
        output.say(f"The file's copy is {result.backup}.")
    for copy in result.copies:
        output.say(f"Another is {copy}.")
    if plan.seals:
        output.say(f"Sealed: {', '.join(each.path for each in plan.seals)}.")
        output.say("The file's copy has them in clear; 'nodedeck doctor' says what to do about it.")
    for sentence in result.left:
        output.say(sentence)


def _empty(count: int) -> str:
    """What to say of leaves that are counted among the plan's and come back by no export."""
    if not count:
        return ""
    return f"; {count} more {'holds' if count == 1 else 'hold'} nothing, which no export shows"


_NAMED = (Action.STAY, Action.SKIP, Action.CONFLICT, Action.REFUSED)


def _totals(plan: Plan) -> str:
    told = ", ".join(f"{count} {action}" for action, count in plan.totals.items() if count)
    return f"Leaves: {told or 'none'}."


def _place(row: planning.Row, plan: Plan) -> str:
    """The file and line of a row that an operator has to look at, or of one among several files."""
    if row.action is Action.REFUSED:
        return f"{row.file}:{row.line}:{row.column}: "
    return f"{row.file}: " if len(plan.sources) > 1 else ""


def _line(row: planning.Row, plan: Plan) -> list[str]:
    now = "" if row.present is None or row.action is Action.EQUAL else f"now {shown(row.present)}"
    chosen = f"read as {row.reading} reads it" if row.reading else ""
    mended = ("fixed", "that is the fix")[row.action is Action.REFUSED] if row.fixed else ""
    why = "; ".join(filter(None, (now, row.reason, mended, chosen, *row.readings)))
    place = f"{row.line}:{row.column}" if row.action is Action.REFUSED else str(row.line or "")
    line = [str(row.action), row.path, row.shown, place, why]
    return [*line[:3], str(row.file), *line[3:]] if len(plan.sources) > 1 else line


def _fields(shown_plan: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown_plan.items() if name != "schema"}
