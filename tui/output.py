"""What the verbs print: data on stdout, narration on stderr, everything clean on a terminal."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import click

from store import codec, masks, paths
from store.errors import NodedeckError, UsageError
from tui import charset, streams
from tui.glyphs import SPELLED
from tui.text import clean

if TYPE_CHECKING:
    from store.documents import Entry
    from store.findings import Finding


class ReaderGone(Exception):
    """Whoever read our output has closed it, as ``head`` does: no failure, but nothing is left."""


def make_safe() -> None:
    """Let no character fail to print: what a stream's encoding lacks becomes an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    if streams.console() is not None:
        return False
    return sys.stdout is not None and sys.stdout.isatty()


def at_terminal() -> bool:
    """Whether somebody sits at a terminal that a screen can be drawn on and keys come from.

    Input from nowhere, such as ``/dev/null``, is always at its end, and no key would ever leave.
    """
    reading = sys.stdin is not None and sys.stdin.isatty()
    return reading and on_terminal() and os.environ.get("TERM") != "dumb"


def put(text: str, *, end: str = "\n") -> None:
    """Write data to stdout: as it is to a pipe, line by line clean to a terminal.

    Raises ReaderGone where the pipe is closed and NodedeckError where writing fails.
    """
    console = streams.console()
    if console is not None:
        console.put(text + end)
        return
    if on_terminal():
        text = "\n".join(clean(line) for line in text.split("\n"))
    try:
        # with colours declared present, click leaves a pipe's text alone
        click.echo(text + end, nl=False, color=True)
    except BrokenPipeError as error:
        _hush()
        raise ReaderGone from error
    except OSError as error:
        _hush()
        reason = (error.strerror or type(error).__name__).lower()
        raise NodedeckError(f"Cannot write the output: {reason}.") from error


def _hush() -> None:
    """Send what Python still holds for stdout nowhere, or it complains again on exit."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):  # a stand-in without a file behind it
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def put_lines(lines: Iterable[str]) -> None:
    """Write lines whose text may come from anywhere: clean on a pipe, too, so that one is one."""
    for line in lines:
        put(in_signs(clean(line)))


def in_signs(text: str, stream: TextIO | None = None) -> str:
    """A text of ours with signs that a stream can show: stdout, where none is given.

    On a terminal the locale decides too. A pipe gets the same whatever that is, since a program
    reads it, and its encoding decides alone.
    """
    stream = stream or sys.stdout
    if text.isascii() or stream is None or streams.console() is not None:
        return text
    able = charset.is_utf(getattr(stream, "encoding", None) or "")
    if able and stream.isatty():
        here = charset.environment(os.environ)
        able = charset.is_unicode(here) and not charset.has_few_glyphs(here)
    return text if able else text.translate(SPELLED)


def put_json(kind: str, /, **fields: Any) -> None:
    """Write one object with its ``schema``, ``nodedeck.KIND/1``."""
    plain = {"schema": f"nodedeck.{kind}/1", **fields}
    put(json.dumps(_finite(plain), ensure_ascii=not _speaks_utf8(), indent=2, allow_nan=False))


def say(text: str) -> None:
    """Write one line of narration to stderr."""
    console = streams.console()
    if console is not None:
        console.say(text)
        return
    click.echo(f"nodedeck: {in_signs(clean(text), sys.stderr)}", err=True)


def stamp(moment: datetime) -> str:
    """A time as ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines in columns; the last column is as long as it is."""
    cleaned = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cleaned, strict=True)]
    return [
        "  ".join(
            [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)] + [row[-1]]
        ).rstrip()
        for row in cleaned
    ]


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a path from the database, whole where only a foreign writer could make it."""
    try:
        return paths.split(path)
    except UsageError:
        return (path,)


def masked(path: str, value: Any) -> Any:
    """The value of a path as it may be shown."""
    return masks.masked(parts_of(path), value)


def bare(value: Any) -> str:
    """A value alone: text as it is, truth and nothing as JSON writes them, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(_finite(value), ensure_ascii=not _speaks_utf8(), indent=2)
    return codec.shown(value)


def entry_fields(entry: Entry) -> dict[str, Any]:
    """An entry as ``get --json`` and the items of ``list --json`` have it."""
    return {
        "path": entry.path,
        "value": masked(entry.path, entry.value),
        "source": entry.source.value,
        "home": entry.home.value,
    }


def _speaks_utf8() -> bool:
    if streams.console() is not None:
        return True
    return charset.is_utf(getattr(sys.stdout, "encoding", None) or "")


def _finite(value: Any) -> Any:
    """The same value with what JSON lacks, infinities and NaN, as text."""
    if isinstance(value, dict):
        return {name: _finite(below) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(below) for below in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def finding_fields(finding: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    return {
        "severity": finding.severity.value,
        "rule": finding.rule,
        "path": finding.path,
        "message": finding.message,
        "hint": finding.hint,
    }


def finding_cells(finding: Finding) -> list[str]:
    """A finding as a line: how soon, what, and the next step."""
    return [finding.severity.value, f"{finding.message} {finding.hint}"]
