"""Rows of the settings screen's tables, out of the board and what is staged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from store import codec
from store.documents import Source
from store.settings_board import Board, SettingLine
from store.settings_profiles import Difference as ProfileDifference
from store.settings_rules import Complexity
from tui.glyphs import UNICODE
from tui.settings_edit.staging import Draft
from tui.text import grouped
from tui.widgets.table_model import Cell, Column, Row, Tone

ALL: Final = ""
"""The key of the row that stands for every service."""

SERVICE_COLUMNS: Final = (
    Column("service", "service", grow=1, min_width=8, max_width=40),
    Column("settings", "", align="right", min_width=2),
    Column("staged", "", align="right", min_width=1, max_width=5),
)
SETTING_COLUMNS: Final = (
    Column("mark", "", width=1),
    Column("path", "setting", grow=2, min_width=24, max_width=60),
    Column("value", "value", grow=1, min_width=12, max_width=48),
    Column("source", "source", min_width=8),
    Column("type", "type", min_width=7, priority=2),
    Column("description", "description", grow=3, min_width=24, max_width=200, priority=3),
)
DIFFERENCE_COLUMNS: Final = (
    Column("path", "setting", grow=2, min_width=16, max_width=80),
    Column("now", "now", grow=1, min_width=8, max_width=60),
    Column("wanted", "then", grow=1, min_width=8, max_width=60),
)
_SHOWN_CHARACTERS: Final = 200
_OVER: Final = (Source.FLAG, Source.ENV)
_STAGED: Final = "*"
_MOVED: Final = "!"


def service_rows(board: Board, draft: Draft, *, advanced: bool) -> list[Row]:
    """Every service with how many settings are shown and how many edits are staged."""
    shown = [line for line in board.lines if visible(line, draft, advanced=advanced)]
    rows = [_service_row(ALL, "all services", shown, draft)]
    by_service: dict[str, list[SettingLine]] = {name: [] for name in board.services}
    for line in shown:
        by_service[line.rule.service].append(line)
    return rows + [
        _service_row(name, name, lines, draft) for name, lines in by_service.items() if lines
    ]


def _service_row(key: str, name: str, lines: Sequence[SettingLine], draft: Draft) -> Row:
    staged = sum(draft.get(line.path) is not None for line in lines)
    return Row(
        f"service {key}",
        (
            Cell(name, "" if key else "strong"),
            Cell(grouped(len(lines)), "muted"),
            Cell(f"{_STAGED}{staged}" if staged else "", "warning"),
        ),
    )


def service_of(key: str | None) -> str:
    """The service that a row stands for, ALL for every one."""
    return (key or "").removeprefix("service ")


def visible(line: SettingLine, draft: Draft, *, advanced: bool) -> bool:
    """Whether a setting is shown: one that is staged never hides."""
    simple = line.rule.complexity is Complexity.SIMPLE
    return advanced or simple or draft.get(line.path) is not None


def setting_rows(board: Board, draft: Draft, service: str, *, advanced: bool) -> list[Row]:
    """The settings of a service, or of all, with what is staged in the place of the value."""
    return [
        setting_row(line, draft, short=service != ALL)
        for line in board.lines
        if service in (ALL, line.rule.service) and visible(line, draft, advanced=advanced)
    ]


def setting_row(line: SettingLine, draft: Draft, *, short: bool = False) -> Row:
    """One setting, under its key alone where that is ``short``, the path being known.

    Its description is looked at by a filter also where it has no column.
    """
    staged = draft.get(line.path)
    name = line.rule.key if short else line.path
    cells = (
        Cell(*_mark(line, draft)),
        Cell(name, "warning" if staged else "", whole=line.path),
        _value_cell(line) if staged is None else _cell(staged.told, "warning"),
        _source_cell(line),
        Cell(str(line.rule.type), "muted"),
        Cell(line.rule.description, "muted"),
    )
    return Row(line.path, cells)


def _mark(line: SettingLine, draft: Draft) -> tuple[str, Tone]:
    if draft.moved(line):
        return _MOVED, "critical"
    if draft.get(line.path) is not None:
        return _STAGED, "warning"
    return (UNICODE.warn, "warning") if line.fault else ("", "")


def _value_cell(line: SettingLine) -> Cell:
    if line.source is None:
        return Cell("unset", "muted", whole="")
    return _cell(codec.shown(line.value) or '""', "" if line.stored else "muted")


def _cell(text: str, tone: Tone) -> Cell:
    """A value's cell; of a long one the beginning is drawn, and all of it copied and searched."""
    if len(text) <= _SHOWN_CHARACTERS:
        return Cell(text, tone)
    return Cell(f"{text[:_SHOWN_CHARACTERS]}{UNICODE.ellipsis}", tone, whole=text)


def _source_cell(line: SettingLine) -> Cell:
    if line.source is None:
        return Cell(UNICODE.none, "muted")
    tone: Tone = "accent" if line.source in _OVER else "muted"
    return Cell(str(line.source), "" if line.source is Source.DATABASE else tone)


def profile_rows(differences: Iterable[ProfileDifference]) -> list[Row]:
    """What applying a profile would change, for the columns of a plain difference."""
    return [
        Row(
            one.path,
            (
                one.path,
                _cell(codec.shown(one.present) if one.is_present else "(no value)", "muted"),
                _cell(codec.shown(one.wanted), "good"),
            ),
        )
        for one in differences
    ]
