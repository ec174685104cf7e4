"""Which characters a terminal can show, by the locale that the operator set for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_FEW_GLYPHS: Final = ("linux",)
"""Terminals whose fonts have 256 or 512 characters, the signs of the deck not among them."""
_STARTED_WITH: Final = Path("/proc/self/environ")


def environment(environ: Mapping[str, str], started_with: Path = _STARTED_WITH) -> dict[str, str]:
    """The environment without the ``LC_CTYPE`` that Python gives itself in the C locale.

    Where the system does not keep what a program was started with, it stays.
    """
    taken = dict(environ)
    if not _was_given(started_with):
        taken.pop("LC_CTYPE", None)
    return taken


@cache
def _was_given(started_with: Path) -> bool:
    """Whether the variable was there at the start, which is asked for each line that is printed."""
    try:
        given = started_with.read_bytes().split(b"\0")
    except OSError:  # not on Linux, or /proc is not mounted
        return True
    return any(each.startswith(b"LC_CTYPE=") for each in given)


def is_unicode(environ: Mapping[str, str]) -> bool:
    """Whether the locale has the signs of the deck; without one it is C, which has not.

    Python is no witness: in the C locale it reads and writes UTF-8 whatever the terminal does. Of
    a locale that names no character set, such as ``de_DE``, it is, and so True is returned.
    """
    names = (environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    name = next(filter(None, names), "C").partition("@")[0]
    language, dot, encoding = name.partition(".")
    return is_utf(encoding) if dot else language not in ("C", "POSIX")


def is_utf(encoding: str) -> bool:
    """Whether a character set, by any of its names, is Unicode."""
    return encoding.lower().replace("-", "").replace("_", "").startswith("utf")


def has_few_glyphs(environ: Mapping[str, str]) -> bool:
    """Whether the terminal's font lacks the signs."""
    return environ.get("TERM", "") in _FEW_GLYPHS
