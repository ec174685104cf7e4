"""What the side panel says of the setting under the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from store import codec
from store.documents import Source
from store.paths import Home
from store.settings_board import Board, SettingLine
from tui.settings_edit.staging import Draft, told_own
from tui.text import clean

Part = tuple[str, str]
"""A text and its style."""
_LONGEST: Final = 600
_HELP_LINES: Final = 40
_STORES: Final = {Home.FILE: "the config file", Home.DATABASE: "the database"}
_LABEL: Final = "$text-muted"


def about(line: SettingLine, draft: Draft) -> list[Part]:
    """Path, description, what is staged, where the value comes from, limits and help."""
    return [part for lines in _lines(line, draft) for part in (*lines, ("\n", ""))]


def _lines(line: SettingLine, draft: Draft) -> Iterator[list[Part]]:
    rule = line.rule
    yield [(_short(line.path), "bold $text-primary")]
    if rule.description:
        yield [(_short(rule.description), "")]
    yield from _staged(line, draft)
    if line.fault:
        yield [(_short(line.fault), "$text-error")]
    yield _fact("value", _short(_value(line)))
    yield _fact("source", _source(line))
    kind = f"{rule.type}, {rule.complexity}" + (", sealed" if line.sealed else "")
    yield _fact("type", kind)
    if limits := rule.constraints.words():
        yield _fact("limits", _short(limits))
    if rule.has_default:
        default = codec.MASK if line.secret else codec.shown(rule.default)
        yield _fact("default", _short(default) or '""')
    # a help text's own lines stay lines; everything else in it is one text
    for text in rule.help_text.splitlines()[:_HELP_LINES]:
        yield [(_short(text), "")]


def _staged(line: SettingLine, draft: Draft) -> Iterator[list[Part]]:
    staged = draft.get(line.path)
    if staged is None:
        return
    yield [("staged   ", _LABEL), (_short(staged.told), "bold $text-warning")]
    if draft.moved(line):
        told = f"moved on: it was {told_own(staged.was)} and is {told_own(line)} now"
        yield [(_short(told), "bold $text-error")]


def _value(line: SettingLine) -> str:
    return "none" if line.source is None else codec.shown(line.value) or '""'


def _source(line: SettingLine) -> str:
    if line.source is None:
        return "declared, and set by nobody"
    if line.source in (Source.FLAG, Source.ENV):
        laid = "--override" if line.source is Source.FLAG else "the environment"
        beneath = f" over {_short(told_own(line))}, which {_STORES[line.home]} holds"
        return f"{laid} lays it{beneath}; an edit shows once that is gone"
    return str(line.source)


def _fact(name: str, text: str) -> list[Part]:
    return [(f"{name:<9}", _LABEL), (text, "")]


def _short(text: str) -> str:
    return clean(text, limit=_LONGEST)


def beside(board: Board, service: str) -> str:
    """The profiles of a service, or of all, and the host's flags, in one line with their key."""
    profiles = [
        one.name if service else f"{one.service}: {one.name}"
        for one in board.profiles
        if service in ("", one.service)
    ]
    flags = [f"{flag.name} {flag.words}" for flag in board.flags]
    told = [
        f"P: profiles  {', '.join(profiles) or 'none'}",
        f"flags  {', '.join(flags) or 'none'}",
    ]
    return clean("   ".join(told), limit=_LONGEST)
