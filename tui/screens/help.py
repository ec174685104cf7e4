"""The help screen, made from the table of commands."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.commands import COMMANDS, Command
from tui.glyphs import UNICODE
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

LEGEND = (
    (UNICODE.on, "$text-success", "on, live"),
    (UNICODE.off, "$text-warning", "off, read-only"),
    (UNICODE.ok, "$text-success", "claimed"),
    (UNICODE.bad, "$text-error", "unclaimed"),
    (UNICODE.dot, "", "not yet"),
    (UNICODE.none, "", "none"),
    (UNICODE.warn, "$text-warning", "warning"),
    (UNICODE.critical, "$text-error", "critical, missing"),
)
"""What the signs of the deck mean."""
_SCOPES = {"app": "everywhere", "deck": "on the deck", "table": "in a list"}


class HelpScreen(ModalScreen[None]):
    """Every key and what it does, those of the screen it is over first; nothing that is not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "close", "close", id="help.close")
    ]

    def __init__(self, over: Screen[Any] | None = None) -> None:
        super().__init__()
        # a screen's own keys are told where they have a sentence
        active = over.active_bindings.values() if over is not None else ()
        self._here = [each.binding for each in active if each.node is over and each.binding.tooltip]

    def compose(self) -> ComposeResult:
        """A table in a box, and what the signs mean."""
        with Vertical(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes"
            yield Table(
                (
                    Column("keys", "key", width=11),
                    Column("help", "what it does", grow=1, min_width=20),
                    Column("scope", "where", width=12, priority=1),
                )
            )

            for line in (LEGEND[:4], LEGEND[4:]):
                parts = [(f"{sign} {told}  ", style) for sign, style, told in line]
                yield Static(Content.assemble(*parts), classes="legend")

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(Table)
        here = [_row_of(binding) for binding in self._here]
        table.set_rows([*here, *(_row(command) for command in COMMANDS)], flash=False)
        table.focus()

    def action_close(self) -> None:
        """Back to where one was."""
        self.dismiss()


def _row_of(binding: Binding) -> Row:
    key = binding.key_display or binding.key
    return Row(f"here {binding.key}", (Cell(key, "strong"), binding.tooltip, Cell("here", "muted")))


def _row(command: Command) -> Row:
    where = _SCOPES[command.scope]
    return Row(command.id, (Cell(command.shown, "strong"), command.help, Cell(where, "muted")))
