"""``nodedeck export``: the document as a legacy file, once or again and again."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from store import database, files
from store.errors import NodedeckError, UsageError
from store.export import Format, count_masked, exported, nulls, render
from store.locations import Locations
from tui import output
from tui.session import Session
from tui.verbs import as_of as past
from tui.verbs import common

DEFAULT_NAME: Final = "api-config-full.yaml"
INTERVAL_VARIABLE: Final = "CONFIG_EXPORT_INTERVAL"
_DEFAULT_INTERVAL: Final = "10m"
_FROM_ENVIRONMENT: Final = "-"
_SPAN: Final = re.compile(r"(\d{1,9})(h|m|s)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
_SUFFIXES: Final[Mapping[str, Format]] = {".json": "json", ".toml": "toml"}
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is written, and where; ``target`` is None for stdout."""

    target: Path | None
    kind: Format
    with_secrets: bool
    as_of: str | None


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck export",
        "nodedeck export config-2025-06.yaml",
        "nodedeck export - --format json | jq .nodes",
        "nodedeck export yesterday.yaml --as-of 1d",
        "nodedeck export --every=10m",
        "nodedeck export full.toml --with-secrets",
    ),
)
@click.argument("file", required=False)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["yaml", "json", "toml"]),
    help="yaml, unless FILE ends in .json or .toml.",
)
@click.option(
    "--every",
    metavar="INTERVAL",
    is_flag=False,
    flag_value=_FROM_ENVIRONMENT,
    help=f"Write again and again until stopped, like 30s or 10m; alone, {INTERVAL_VARIABLE} or"
    f" {_DEFAULT_INTERVAL}. FILE is {DEFAULT_NAME} beside the config file unless named.",
)
@click.option(
    "--with-secrets", is_flag=True, help="Write secrets in clear, which is put on record."
)
@click.option("--yes", is_flag=True, help="Show secrets on a terminal, too.")
@past.option
@click.pass_context
def command(
    context: click.Context,
    *,
    file: str | None,
    kind: Format | None,
    every: str | None,
    with_secrets: bool,
    yes: bool,
    as_of: str | None,
) -> None:
    """Write the effective document, in the legacy file's shape, to FILE or to stdout.

    Secrets are masked. A new FILE can be read by its owner alone.
    """
    current = common.session(context)
    target = _target(file, every, current.locations)
    if every is not None and (target is None or as_of is not None):
        raise UsageError("--every writes the present document to a file; nothing was written.")
    if with_secrets and target is None and output.on_terminal() and not yes:
        raise UsageError(
            "Secrets would be shown on this terminal; nothing was written.",
            hint="Name a FILE, or add --yes.",
        )
    name = target.name.lower() if target else ""
    guessed = _SUFFIXES.get(Path(name).suffix, "yaml")
    wanted = _Wanted(target, kind or guessed, with_secrets, as_of)
    seconds = None if every is None else interval(every, os.environ)
    _tell(wanted, _write(current, wanted))
    if seconds is not None:
        _repeat(current, wanted, seconds)


command.params.append(common.reason_option())


def interval(text: str, environ: Mapping[str, str]) -> int:
    """Seconds from ``90s``, ``10m`` or ``1h30m``; "-" takes the environment's, or ten minutes.

    Raises UsageError for anything else.
    """
    if text == _FROM_ENVIRONMENT:
        text = environ.get(INTERVAL_VARIABLE) or _DEFAULT_INTERVAL
    spans = _SPAN.findall(text)
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in spans)
    if "".join(map("".join, spans)) != text or not 0 < seconds <= threading.TIMEOUT_MAX:
        raise UsageError(f"{text!r} is no interval.", hint="Write it like 90s, 10m or 1h30m.")
    return seconds


def _target(file: str | None, every: str | None, locations: Locations) -> Path | None:
    if file is None and every is not None:
        return locations.config.parent / DEFAULT_NAME
    if file in (None, "-"):
        return None
    target = Path.cwd() / str(file)
    _refuse_own_files(target, locations)
    files.refuse_irregular(target)
    return target


def _refuse_own_files(target: Path, locations: Locations) -> None:
    own = (locations.database, *database.side_files(locations.database), locations.config)
    if any(target.resolve() == path.resolve() for path in own):
        raise UsageError(
            f"{target} is one of this host's own files; nothing was written.",
            hint="Export to another file.",
        )


def _write(current: Session, wanted: _Wanted) -> dict[str, Any]:
    """Write the document once; what was written."""
    opened = current.open() if wanted.with_secrets else current.look()
    with opened as manager:
        document = past.document(manager, wanted.as_of)
        if wanted.with_secrets:
            shut = manager.open_secrets(
                document, where=str(wanted.target or "stdout"), reason=current.reason
            )
            for secret in shut:
                output.say(f"{secret.place.path} does not open and stays masked.")
        tree = exported(document, mask=not wanted.with_secrets)
    text = render(tree, wanted.kind)
    if wanted.target is None:
        output.put(text, end="")
    else:
        if wanted.with_secrets:
            _make_private(wanted.target)
        files.write(wanted.target, text.encode())
    return tree


def _make_private(target: Path) -> None:
    """Take a file's old readers away before secrets are put into it; a new one has none."""
    try:
        if target.exists():
            target.chmod(files.PRIVATE)
    except OSError as error:
        raise files.cannot("protect", target, error, left="It is as it was.") from error


def _tell(wanted: _Wanted, tree: dict[str, Any]) -> None:
    if wanted.with_secrets:
        output.say("WARNING: this export holds secrets in clear. Keep it private, then delete it.")
    elif hidden := count_masked(tree):
        output.say(f"{hidden} secret{'s are' if hidden > 1 else ' is'} masked.")
    if wanted.kind == "toml" and (empty := nulls(tree)):
        more = f" and {len(empty) - _SHOWN} more" if len(empty) > _SHOWN else ""
        output.say(f"TOML has no null, so these are left out: {', '.join(empty[:_SHOWN])}{more}.")
    if wanted.target is not None:
        output.say(f"Wrote {wanted.target}.")


def _repeat(current: Session, wanted: _Wanted, seconds: int) -> None:
    """Write every so many seconds until a signal; a failure is said and the next one tried."""
    stopped = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopped.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    output.say(f"Writing it every {seconds:,} s until stopped.")
    try:
        while not stopped.wait(seconds):
            try:
                _write(current, wanted)
            except NodedeckError as failure:
                output.say(f"{failure} The next try is in {seconds:,} s.")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
