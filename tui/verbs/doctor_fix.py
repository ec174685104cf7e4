"""What ``nodedeck doctor --fix`` does, a question each: make anew, tighten, seal, shred."""

from __future__ import annotations

from dataclasses import dataclass

from store import doctor, leak_doctor
from store.doctor import FIXABLE, examine
from store.errors import NodedeckError
from store.manager import ConfigManager
from store.schema_checks import some
from store.sealing import shredding
from store.sealing.leaks import Leak, Report
from store.sealing.places import State
from tui import output
from tui.session import Session
from tui.verbs import asking

_FIRST = "nodedeck doctor --fix"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the call itself answers; ``yes`` is for what can be taken back, and for nothing else."""

    yes: bool
    no_input: bool
    seal: bool
    shred: bool


def mend(current: Session, answers: Answers) -> None:
    """Make triggers, indexes and views anew, tighten modes, and seal, as far as it is wanted."""
    made = _made_anew(current, answers)
    tightened = _tightened(current, answers)
    sealed = _sealed(current, answers)
    if not (made or tightened or sealed):
        output.say("There is nothing that could be made anew.")


def _made_anew(current: Session, answers: Answers) -> bool:
    wrong = [each for each in examine(current.locations) if each.rule in FIXABLE]
    if not wrong:
        return False
    for each in wrong:
        output.say(each.message)
    question = "Make triggers, indexes and views anew, and record what the log missed?"
    asking.confirm(question, "Making them anew", yes=answers.yes, no_input=answers.no_input)
    with current.open() as manager:
        missed = doctor.fix(manager)
    told = f"; the log has the present value of {some(missed)} now" if missed else ""
    output.say(f"Triggers, indexes and views are as nodedeck makes them{told}.")
    return True


def _tightened(current: Session, answers: Answers) -> bool:
    loose = leak_doctor.loose(current.locations)
    if not loose:
        return False
    named = some([str(path) for path, _ in loose])
    question = (
        f"Take {named} from users who do not own them? A program that runs as another user may"
        " then no longer read them."
    )
    asking.confirm(question, "Tightening modes", yes=answers.yes, no_input=answers.no_input)
    for path, private in loose:
        try:
            mode = shredding.tighten(path, private=private)
        except NodedeckError as fault:  # the others are tightened all the same
            output.say(str(fault))
        else:
            output.say(f"{path} has mode {mode:04o} now.")
    return True


def _sealed(current: Session, answers: Answers) -> bool:
    with current.look() as manager:
        clear = [each.place.path for each in manager.secrets() if each.state is State.CLEAR]
    if not clear:
        return False
    question = (
        f"Seal {some(clear)} in the database? A program that reads the value from the database"
        " itself must be able to open it."
    )
    if not asking.agreed(question, yes=answers.seal, no_input=answers.no_input):
        output.say(f"Not sealed: {some(clear)}. To seal: {_FIRST} --seal")
        return True
    with current.open() as manager:
        for path in clear:
            try:
                done = manager.seal_secret(path, reason="doctor --fix")
            except NodedeckError as fault:  # one that cannot be sealed keeps no other in clear
                output.say(str(fault))
                continue
            output.say(f"{path} is sealed, change #{done.change}.")
            for sentence in done.left:
                output.say(sentence)
    return True


def shred(current: Session, report: Report, answers: Answers) -> Report:
    """Overwrite and remove the leaking copies, if that is wanted; the report without them.

    Each is in the access log before it is touched.
    """
    wanted = report.shreddable
    if not wanted:
        return report
    names = some([str(each.suspect.path) for each in wanted])
    question = (
        f"Overwrite and remove {names}? An import whose copy is gone cannot be rolled back."
        f" {shredding.CAVEAT}"
    )
    if not asking.agreed(question, yes=answers.shred, no_input=answers.no_input):
        output.say(f"Not shredded: {names}. To shred: {_FIRST} --shred")
        return report
    with current.open() as manager:
        gone = {each for each in wanted if _shredded(manager, each)}
    if gone:
        output.say(shredding.CAVEAT)
    return report.without(gone)


def _shredded(manager: ConfigManager, leak: Leak) -> bool:
    try:
        manager.shred(leak, reason="doctor --fix")
    except NodedeckError as fault:  # told, and still in the report
        output.say(str(fault))
        return False
    output.say(f"{leak.suspect.path} is overwritten and removed.")
    return True
