"""A secret taken from stdin, a file or a prompt without echo; never from an argument."""

from __future__ import annotations

from pathlib import Path

import click

from store import files
from store.errors import InvalidValue, UsageError
from store.sealing.vault import LONGEST
from tui import streams
from tui.text import clean


def taken(path: str, file: Path | None, *, no_input: bool) -> str:
    """The value for a path, without its last line break.

    A file where one is named, else stdin where that is no terminal, else a prompt that asks twice.
    Raises UsageError where there is nobody to ask, and InvalidValue for what is no text.
    """
    if file is not None:
        return _text(files.read(file), str(file))
    if not streams.has_keyboard():
        # one byte more than the longest secret, so that a wrong pipe fills no memory
        return _text(streams.piped(LONGEST + 1), "stdin")
    if no_input:
        raise UsageError(
            f"{path} needs a value and there is nobody to ask; nothing was changed.",
            hint="Pipe it in, or name a file with --from-file.",
        )
    answer: str = click.prompt(
        f"Value of {clean(path)}", hide_input=True, confirmation_prompt="Once more", err=True
    )
    return answer


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidValue(f"{source} holds no UTF-8 text; nothing was changed.") from None


def asked_reason(reason: str | None, *, no_input: bool) -> str:
    """Why a secret is looked at; raises UsageError where nobody said so and nobody can be asked."""
    if reason is None and not no_input and streams.has_keyboard():
        reason = str(click.prompt("Reason for the access log", err=True))
    if not (reason or "").strip():
        raise UsageError(
            "A look at a secret needs a reason; nothing was shown.", hint="Say it with --reason."
        )
    return str(reason)
