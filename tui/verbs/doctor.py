"""``nodedeck doctor``: whether this host's files and this terminal can be trusted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import Final

import click

from store import leak_doctor
from store.doctor import examine
from store.errors import ExitCode, UsageError
from store.file_checks import STOPPED_IMPORT
from store.findings import Finding, Severity, in_order
from store.manager import utc_now
from store.sealing.leaks import judged
from tui import output
from tui.verbs import asking, common
from tui.verbs.doctor_fix import Answers, mend
from tui.verbs.doctor_fix import shred as shredded

_TMUX_SECONDS: Final = 2


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck doctor",
        "nodedeck doctor --json",
        "nodedeck doctor --fix",
        "nodedeck doctor --fix --yes --seal --shred",
    ),
)
@click.option("--fix", is_flag=True, help="Make anew, and tighten modes; each after a question.")
@click.option("--seal", is_flag=True, help="With --fix: seal what stands in clear in the database.")
@click.option(
    "--shred", is_flag=True, help="With --fix: overwrite and remove copies that hold a secret."
)
@asking.answer_options
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    fix: bool,
    seal: bool,
    shred: bool,
    yes: bool,
    no_input: bool,
    as_json: bool,
) -> int:
    """Check modes, triggers, audit log, tables and config file; exit 7 if one is critical.

    The config file, exports, backups and copies beside them are searched for values that are
    sealed in the database: one row of the access log says so, and a read-only call does not search.
    Looked for are the present values; a former one, once rotated away, is not.

    With --fix what of the database holds no data is made anew, changes that the audit log missed
    are recorded, and modes are tightened, after a question each, which --yes answers. Sealing and
    shredding are asked for on a terminal, or with --seal and --shred; backups are never shredded.
    """
    if (seal or shred) and not fix:
        raise UsageError("--seal and --shred go with --fix; nothing was changed.")
    current = common.session(context)
    answers = Answers(yes, no_input, seal, shred)
    if fix:
        common.refuse_read_only(current)
        mend(current, answers)
    findings = [*examine(current.locations), *terminal_findings(os.environ)]
    leaks = leak_doctor.look(
        current.locations, actor=current.actor, clock=utc_now, read_only=current.read_only
    )
    if fix:
        leaks = shredded(current, leaks, answers)
    findings += [*leak_doctor.modes(current.locations), *judged(leaks)]
    findings = in_order(findings)
    if as_json:
        output.put_json(
            "doctor",
            items=[output.finding_fields(each) for each in findings],
        )
    elif findings:
        output.put_lines(output.aligned([output.finding_cells(each) for each in findings]))
    else:
        output.say(f"Nothing is wrong with {current.locations.database}.")
    if any(each.severity is Severity.CRITICAL for each in findings):
        return ExitCode.CRITICAL
    stopped = any(each.rule == STOPPED_IMPORT for each in findings)
    return ExitCode.HALF_DONE if stopped else ExitCode.OK


def terminal_findings(environ: Mapping[str, str]) -> list[Finding]:
    """What keeps copies from arriving: tmux passes OSC 52 on only with ``set-clipboard on``."""
    if not environ.get("TMUX"):
        return []
    try:
        answer = subprocess.run(
            ("tmux", "show-options", "-s", "-v", "set-clipboard"),  # noqa: S607 - the user's tmux
            capture_output=True,
            text=True,
            timeout=_TMUX_SECONDS,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    if answer == "on":
        return []
    state = f"set-clipboard is {answer}" if answer else "tmux did not say whether it passes copies"
    return [
        Finding(
            Severity.INFO,
            f"What the deck copies may not leave tmux: {state}.",
            "Run: tmux set -s set-clipboard on",
        )
    ]
