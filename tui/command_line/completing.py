"""Completion of a line by what completes it in a shell: verbs, options, paths, and file names."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from click.shell_completion import CompletionItem, ShellComplete

from tui.command_line import refusals
from tui.command_line.words import PROGRAM, common_prefix, last_word
from tui.session import Session
from tui.text import clean
from tui.verbs.completing import VARIABLE

_FILES: Final = ("file", "dir")
_MOST_FILES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Completed:
    """A line as far as it could be completed, its cursor, and what it could go on with."""

    line: str
    cursor: int
    choices: tuple[tuple[str, str], ...] = ()
    """Words and their help, where there is more than one."""


def complete(line: str, cursor: int, session: Session) -> Completed:
    """Complete the word under the cursor; reads the database, so it is for a thread.

    Whatever fails, nothing is completed: whoever presses tab has no use for a reason.
    """
    words, start, typed = last_word(line[:cursor])
    items: list[CompletionItem] = []
    with contextlib.suppress(Exception):
        items = _items(words, typed, session)
    # what a terminal cannot show is not put into a line
    items = [item for item in items if clean(item.value) == item.value]
    if not items:
        return Completed(line, cursor)
    values = [item.value for item in items]
    grown = common_prefix(values)
    # click takes "--option=" off what it completes
    option = typed[: typed.index("=") + 1] if typed[:1] == "-" and "=" in typed else ""
    if len(items) == 1:
        return _put(line, start, cursor, option, grown, whole=not grown.endswith("/"))
    choices = tuple((item.value, item.help or "") for item in items)
    if len(grown) <= len(typed.removeprefix(option)):
        return Completed(line, cursor, choices)
    return _put(line, start, cursor, option, grown, choices=choices)


def _put(
    line: str,
    start: int,
    cursor: int,
    option: str,
    value: str,
    *,
    whole: bool = False,
    choices: tuple[tuple[str, str], ...] = (),
) -> Completed:
    rest = line[cursor:]
    word = f"{option}{shlex.quote(value)}{' ' if whole and not rest[:1].isspace() else ''}"
    return Completed(f"{line[:start]}{word}{rest}", start + len(word), choices)


def _items(words: list[str], typed: str, session: Session) -> list[CompletionItem]:
    from tui.cli import cli

    found = ShellComplete(cli, {"obj": session}, PROGRAM, VARIABLE).get_completions(words, typed)
    if found and found[0].type in _FILES:
        return _files(typed)
    return [item for item in found if _is_offered(words, item.value)]


def _is_offered(words: list[str], value: str) -> bool:
    verb = " ".join((*words, value))
    return value not in refusals.SETTLED and verb not in refusals.NOT_OFFERED


def _files(typed: str) -> list[CompletionItem]:
    """The files whose names go on from what was typed, folders with a slash behind them."""
    folder, _, name = typed.rpartition("/")
    inside = Path.cwd() / (f"{folder}/" if folder or typed[:1] == "/" else "")
    found = []
    for path in sorted(inside.iterdir()):
        if path.name.startswith(name) and (name or not path.name.startswith(".")):
            value = f"{typed[: len(typed) - len(name)]}{path.name}{'/' if path.is_dir() else ''}"
            found.append(CompletionItem(value))
    return found[:_MOST_FILES]
