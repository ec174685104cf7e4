"""What ``nodedeck import rollback`` shows, asks and does."""

from __future__ import annotations

from store.errors import UsageError
from store.importing import rollback, unit
from store.importing.rollback import Rollback, State
from store.manager import utc_now
from store.models import FieldChange
from tui import output, streams
from tui.session import Session
from tui.verbs.asking import confirm, type_name
from tui.verbs.changes import shown


def usual(current: Session) -> State:
    """What a rollback brings back unless told: of an import that was stopped, all of before."""
    return State.NOW if unit.standing(current.locations) is None else State.BEFORE


def run(
    current: Session,
    number: int | None,
    state: State,
    *,
    dry_run: bool,
    force: bool,
    yes: bool,
    no_input: bool,
    as_json: bool,
) -> None:
    """Plan, show, ask, take back; raises what ``rollback`` raises."""
    planned = rollback.plan(current.locations, number, state)
    if not as_json:
        output.put_lines(_line(field, state) for field in planned.moved)
    _say(planned)
    receipt = None
    if not dry_run:
        what = f"The rollback of import {planned.receipt}"
        if planned.needs_force and not force:
            if no_input or not streams.has_somebody():
                raise UsageError(
                    f"{what} would undo what an operator did since; nothing was changed.",
                    hint="Look at it with --dry-run, and add --force to do it all the same.",
                )
            warning = "What an operator changed since the import is at stake; --force takes it."
            type_name(planned.file.name, warning, what, yes=False, no_input=no_input)
        else:
            question = f"Take import {planned.receipt} of {planned.file} back now?"
            confirm(question, what, yes=yes or force, no_input=no_input)
        receipt = rollback.apply(
            planned,
            current.locations,
            actor=current.actor,
            clock=utc_now,
            reason=current.reason,
        )
        output.say(f"Import {planned.receipt} was taken back; receipt {receipt}.")
    if as_json:
        output.put_json(
            "import.rollback",
            of=planned.receipt,
            state=planned.state.value,
            file=str(planned.file),
            rewrites_file=planned.text is not None,
            entities=[path for path, _, _ in planned.entities],
            moved=[_field(field) for field in planned.moved],
            file_edited=planned.file_edited,
            dry_run=dry_run,
            receipt=receipt,
        )


def _line(field: FieldChange, state: State) -> str:
    change = f"{field.path}: {shown(field.path, field.old)} → {shown(field.path, field.new)}"
    return f"{change}, by this rollback" if state is State.BEFORE else f"{change}, since the import"


def _field(field: FieldChange) -> dict[str, object]:
    old, new = (output.masked(field.path, each) for each in (field.old, field.new))
    return {"path": field.path, "old": old, "new": new}


def _say(planned: Rollback) -> None:
    if planned.text is None:
        output.say(f"{planned.file} stays as it is.")
    elif planned.state is State.BEFORE:
        output.say(f"{planned.file} gets its text of before the import.")
    else:
        output.say(f"{planned.file} gets its legacy shape, with the values of now.")
    if planned.file_edited:
        output.say(f"{planned.file} was edited since the import; that edit would be lost.")
    if planned.entities:
        output.say(f"{len(planned.entities)} values of the database go back to what they were.")
