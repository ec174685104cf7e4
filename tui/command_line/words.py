"""A typed line as words, and what of it may be remembered."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from click.shell_completion import split_arg_string

from store import paths
from store.errors import UsageError
from store.importing.suspicion import looks_random
from store.masks import is_secret
from store.secret_names import names_secret

PROGRAM: Final = "nodedeck"
_QUOTED: Final = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
_SHELLS: Final = re.compile(r"(?<!\S)(?:\|{1,2}|&{1,2}|;|\d?>{1,2}|<{1,2})(?!\S)")
_LINE: Final = ("line",)


def split(line: str) -> list[str]:
    """The words of a line, quotes taken off as a shell does, without the program's own name.

    Raises UsageError where quotes do not match, and for what only a shell understands.
    """
    found = _SHELLS.search(_QUOTED.sub("_", line))
    if found is not None:
        raise UsageError(
            f"This line is no shell, so {found[0]!r} means nothing here; nothing was done.",
            hint="Run it in a shell, or put it in quotes if it is a value.",
        )
    try:
        words = shlex.split(line)
    except ValueError:
        raise UsageError(
            "The quotes of this line do not match; nothing was done.", hint="Close them."
        ) from None
    return words[1:] if words[:1] == [PROGRAM] else words


def last_word(text: str) -> tuple[list[str], int, str]:
    """The whole words before the cursor, and where the one under it begins and what it is.

    ``text`` ends at the cursor; quotes may be open.
    """
    # a letter more tells whether the cursor stands in a word or behind a space
    *before, grown = split_arg_string(text + "x")
    start = next(
        at
        for at in range(len(text), -1, -1)
        if (at == 0 or text[at - 1].isspace())
        and split_arg_string(text[:at] + "x") == [*before, "x"]
    )
    words = before[1:] if before[:1] == [PROGRAM] else before
    return words, start, grown[:-1]


def common_prefix(words: Sequence[str]) -> str:
    """What all of some words begin with."""
    first, last = min(words), max(words)
    length = next((at for at, each in enumerate(first) if last[at : at + 1] != each), len(first))
    return first[:length]


def holds_secret(line: str, words: Sequence[str]) -> bool:
    """Whether a line may hold a secret: by a name with a value behind it, or by the value's look.

    Such a line is neither remembered nor shown again; verbs refuse secrets in arguments, but only
    once they were typed.
    """
    if is_secret(_LINE, line) or any(looks_random(_LINE, word) for word in words):
        return True
    return any(_names_secret(word) and after[:1] != "-" for word, after in pairwise(words))


def _names_secret(word: str) -> bool:
    try:
        return "." in word and names_secret(paths.split(word))
    except UsageError:  # it is no path
        return False
