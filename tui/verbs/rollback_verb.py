"""What ``nodedeck import rollback`` shows, asks and does."""

from __future__ import annotations

from store.errors import UsageError
from store.importing import rollback, unit
from store.importing.journal import names
from store.importing.returning import Return
from store.importing.rollback import Rollback, State
from store.manager import utc_now
from store.models import FieldChange
from tui import halfdone, output, streams
from tui.session import Session
from tui.verbs.asking import confirm, type_name
from tui.verbs.changes import shown


def usual(current: Session) -> State:
    """What a rollback brings back unless told: of an import that was stopped, all of before."""
    left = unit.standing(current.locations)
    return State.BEFORE if left is not None and _is_import(current, left) else State.NOW


def settled(current: Session, *, dry_run: bool, as_json: bool) -> bool:
    """Whether something was stopped that has no receipt to take back, and is settled now.

    That is an import of before its commit, whose leftovers are removed, or a rollback, which is
    finished; a dry run says so only. Raises HalfDone where it cannot be finished.
    """
    left = unit.standing(current.locations)
    if left is None or _is_import(current, left):
        return False
    if dry_run:
        halfdone.warned(current.locations, output.say)
    else:
        halfdone.finished(current.locations, output.say)
    if as_json:
        output.put_json(
            "import.rollback",
            of=None,
            state=State.BEFORE.value,
            file=str(left.of[0]),
            files=[str(each) for each in left.of],
            rewrites_file=False,
            rewritten=[],
            entities=[],
            moved=[],
            lost=[],
            file_edited=False,
            dry_run=dry_run,
            receipt=None,
        )
    return True


def _is_import(current: Session, left: unit.Unit) -> bool:
    """Whether what was stopped is an import that the database knows of."""
    return left.what == unit.IMPORT and unit.is_committed(current.locations, left)


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
        output.put_lines(
            f"{_change(field)}, in the file, by this rollback" for field in planned.lost
        )
    _say(planned)
    receipt = None
    if planned.nothing_to_do:
        output.say(nothing_done(planned))
    elif not dry_run:
        what = f"The rollback of import {planned.receipt}"
        if planned.needs_force and not force:
            if no_input or not streams.has_somebody():
                raise UsageError(
                    f"{what} would undo what was done by hand since; nothing was changed.",
                    hint="Look at it with --dry-run, and add --force to do it all the same.",
                )
            warning = "What was changed by hand since the import is at stake; --force takes it."
            type_name(planned.typed, warning, what, yes=False, no_input=no_input)
        else:
            named = names([each.file for each in planned.files] or [planned.file])
            question = f"Take import {planned.receipt} of {named} back now?"
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
            files=[str(each.file) for each in planned.files],
            rewrites_file=bool(planned.rewritten),
            rewritten=[str(each) for each in planned.rewritten],
            entities=[path for path, _, _ in planned.entities],
            moved=[_field(field) for field in planned.moved],
            lost=[_field(field) for field in planned.lost],
            file_edited=planned.file_edited,
            dry_run=dry_run,
            receipt=receipt,
        )


def _line(field: FieldChange, state: State) -> str:
    change = _change(field)
    return f"{change}, by this rollback" if state is State.BEFORE else f"{change}, since the import"


def nothing_done(planned: Rollback) -> str:
    """Why there is nothing to take back, and what there is."""
    return (
        f"It has the values of now already, and nothing was taken back. '--state before' takes"
        f" import {planned.receipt} out of the database again."
    )


def _change(field: FieldChange) -> str:
    return f"{field.path}: {shown(field.path, field.old)} → {shown(field.path, field.new)}"


def _field(field: FieldChange) -> dict[str, object]:
    old, new = (output.masked(field.path, each) for each in (field.old, field.new))
    return {"path": field.path, "old": old, "new": new}


def _say(planned: Rollback) -> None:
    for each in planned.files:
        _say_file(each, planned.state)
    if not planned.files:
        output.say(f"No file was cut of {planned.file}; the database alone changes.")
    if planned.entities:
        output.say(f"{len(planned.entities)} values of the database go back to what they were.")


def _say_file(each: Return, state: State) -> None:
    if each.text is None:
        output.say(f"{each.file} stays as it is.")
    elif state is State.BEFORE:
        output.say(f"{each.file} gets its text of before the import.")
    else:
        output.say(f"{each.file} gets its legacy shape, with the values of now.")
    if each.edited:
        output.say(f"{each.file} was edited since the import; that edit would be lost.")
    if each.lost:
        named = f"{each.file} was edited since the import"
        output.say(f"{named}; of that edit {len(each.lost)} values would be lost.")
