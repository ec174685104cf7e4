"""``nodedeck import``: bring a legacy file into the database, planned first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from store.codec import shown
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.plan import Action, Plan, Role, Strategy
from store.importing.rollback import State
from store.manager import utc_now
from tui import output
from tui.session import Session
from tui.verbs import common, rollback_verb
from tui.verbs.asking import agreed, answer_options, confirm

_ROLES = {
    "config": Role.NODE_CONFIG,
    "nodes": Role.NODE_LIST,
    "settings": Role.SETTINGS,
    "providers": Role.PROVIDERS,
}


@click.group(
    cls=common.VerbGroup,
    name="import",
    examples=(
        "nodedeck import plan config.yaml",
        "nodedeck import apply config.yaml --yes --rewrite",
        "nodedeck import list",
    ),
)
def group() -> None:
    """Bring a legacy YAML, TOML or JSON file into the database."""


def _file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--role", type=click.Choice(list(_ROLES)), help="What the file is taken for."),
        click.option("--prefix", default="", metavar="NAME", help="The service of its settings."),
        click.option(
            "--strategy",
            type=click.Choice([str(one) for one in Strategy]),
            default=str(Strategy.MERGE),
            show_default=True,
            help="merge fills what is missing; replace lets the file win.",
        ),
        common.json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _made(current: Session, file: Path, role: str | None, prefix: str, strategy: str) -> Plan:
    source = planning.load(file, role=_ROLES[role] if role else None, prefix=prefix)
    return engine.preview(source, current.locations, Strategy(strategy))


@group.command(
    cls=common.Verb,
    name="plan",
    examples=("nodedeck import plan config.yaml", "nodedeck import plan dev.toml --json"),
)
@_file_options
@click.pass_context
def plan_command(
    context: click.Context,
    *,
    file: Path,
    role: str | None,
    prefix: str,
    strategy: str,
    as_json: bool,
) -> None:
    """Show what an import would do; nothing is changed."""
    made = _made(common.session(context, offer=False), file, role, prefix, strategy)
    if as_json:
        output.put_json("import.plan", **_fields(planning.as_json(made)))
        return
    output.put_lines(output.aligned([_line(row) for row in made.rows]))
    output.say(f"{file} is read as {made.source.role}. {_totals(made)}")
    if made.seals:
        output.say("'import apply --seal' seals what looks like a secret; it stays otherwise.")


@group.command(
    cls=common.Verb,
    name="apply",
    examples=("nodedeck import apply config.yaml --yes", "nodedeck import apply n.json --yes"),
)
@_file_options
@click.option("--rewrite", is_flag=True, help="Cut what was imported out of the file's text.")
@click.option("--seal", is_flag=True, help="Seal the proposed secrets, which stay otherwise.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--no-input", is_flag=True, help="Never ask; without --yes that is a refusal.")
@click.pass_context
def apply_command(
    context: click.Context,
    *,
    file: Path,
    role: str | None,
    prefix: str,
    strategy: str,
    as_json: bool,
    rewrite: bool,
    seal: bool,
    yes: bool,
    no_input: bool,
) -> None:
    """Import a file: backup, one transaction, receipt.

    What looks like a secret is sealed with --seal, or where a person says so, and otherwise stays
    in the file. The file's copy has it in clear either way: 'nodedeck doctor' names it.
    """
    current = common.session(context, offer=False)
    common.refuse_read_only(current)
    common.settle_first(current)
    made = _made(current, file, role, prefix, strategy)
    if not yes:
        _ask(made, no_input=no_input)
    if made.seals and not (seal or yes):
        seal = agreed(_proposal(made), yes=False, no_input=no_input)
    result = engine.apply(
        made,
        current.locations,
        actor=current.actor,
        clock=utc_now,
        rewrite=rewrite,
        seal=seal,
        reason=current.reason,
    )
    _tell(result, rewrite=rewrite)
    if as_json:
        output.put_json(
            "import.apply",
            **_fields(planning.as_json(result.plan)),
            receipt=result.receipt,
            backup=str(result.backup) if result.backup else None,
            rewritten=result.rewritten,
            rehearsed=result.rehearsed,
        )


apply_command.params.append(common.reason_option())


@group.command(cls=common.Verb, name="list", examples=("nodedeck import list --json",))
@common.json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """The receipts of the imports done so far, newest first."""
    with common.session(context, offer=False).look() as manager:
        receipts = engine.receipts(manager)
    if as_json:
        output.put_json("import.list", items=receipts)
        return
    output.put_lines(
        output.aligned(
            [
                [
                    str(receipt["id"]),
                    str(receipt["at"]),
                    str(receipt["actor"]),
                    str(receipt["file"]),
                    ", ".join(
                        f"{count} {name}" for name, count in receipt["totals"].items() if count
                    ),
                ]
                for receipt in receipts
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


def _ask(made: Plan, *, no_input: bool) -> None:
    output.say(_totals(made))
    confirm(f"Import {made.source.path} now?", "The import", yes=False, no_input=no_input)


def _proposal(made: Plan) -> str:
    named = ", ".join(each.path for each in made.seals)
    return f"Seal these secrets, which otherwise stay in the file: {named}?"


def _tell(result: engine.Result, *, rewrite: bool) -> None:
    if result.nothing_to_do:
        output.say("Nothing to do: everything already is as this import would leave it.")
    if result.receipt is not None:
        output.say(f"{_totals(result.plan)} Receipt {result.receipt}.")
    for row in result.plan.rows:
        if row.action in (Action.STAY, Action.CONFLICT) and "static key" not in row.reason:
            output.say(f"{row.path}: {row.reason}.")
    if result.rewritten:
        output.say(f"{result.plan.source.path} now holds only what stays in it.")
    elif rewrite and not result.nothing_to_do:
        output.say(f"Nothing could be cut out of {result.plan.source.path}; it is as it was.")
    if result.rehearsed:
        output.say(
            f"Rehearsed on a copy first: {result.rehearsed} values came back as the file has them."
        )
    if result.backup is not None:
        output.say(f"The file's copy is {result.backup}.")
    if result.plan.seals:
        output.say(f"Sealed: {', '.join(each.path for each in result.plan.seals)}.")
        output.say("The file's copy has them in clear; 'nodedeck doctor' says what to do about it.")
    for sentence in result.left:
        output.say(sentence)


def _totals(made: Plan) -> str:
    told = ", ".join(f"{count} {action}" for action, count in made.totals.items() if count)
    return f"Leaves: {told or 'none'}."


def _line(row: planning.Row) -> list[str]:
    now = "" if row.present is None or row.action is Action.EQUAL else f"now {shown(row.present)}"
    why = "; ".join(filter(None, (now, row.reason, *row.readings)))
    return [str(row.action), row.path, shown(row.value), str(row.line or ""), why]


def _fields(shown_plan: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown_plan.items() if name != "schema"}
