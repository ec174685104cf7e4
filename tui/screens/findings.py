"""What needs action: every finding with its evidence and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from store import paths
from store.errors import UsageError
from store.findings import Finding, Severity, Verdict
from tui.glyphs import UNICODE
from tui.screens.deck import DeckScreen
from tui.text import clean
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row, Tone
from tui.widgets.trouble_line import TroubleLine

TONES: dict[Severity, Tone] = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning",
    Severity.INFO: "muted",
}
SIGNS = {
    Severity.CRITICAL: UNICODE.critical,
    Severity.WARNING: UNICODE.warn,
    Severity.INFO: UNICODE.dot,
}
_NO_PATH = "This finding is about no single value; what to do next stands below the list."
_COLUMNS = (
    Column("severity", "", width=10),
    Column("message", "what", grow=1, min_width=30, max_width=300),
)


class FindingsScreen(Screen[None]):
    """The findings as a list; the one under the cursor in full below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f", "app.back", "back", id="findings.back")
    ]

    def __init__(self, findings: Sequence[Finding], verdict: Verdict | None) -> None:
        super().__init__()
        self._findings = {f"{at}": finding for at, finding in enumerate(findings)}
        self._verdict = verdict

    def compose(self) -> ComposeResult:
        """The verdict, the list, the finding in full."""
        yield TroubleLine()
        yield Static(restart_text(self._verdict), classes="heading", markup=False)
        with Vertical(classes="pane", id="list") as box:
            box.border_title = "Findings"
            yield Table(_COLUMNS, empty="Nothing needs action.", show_header=False)
        with Vertical(classes="pane", id="full"):
            yield Static(id="message", markup=False)
            yield Static(id="hint", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill the list."""
        table = self.query_one(Table)
        table.set_rows([_row(key, one) for key, one in self._findings.items()], flash=False)
        table.focus()
        self._tell(table.cursor_key)

    def on_table_highlighted(self, event: Table.Highlighted) -> None:
        """Show the finding under the cursor in full."""
        self._tell(event.key)

    def on_table_selected(self, event: Table.Selected) -> None:
        """Ask the app to open what the finding is about, or say that it is about no one value."""
        finding = self._findings[event.key]
        if finding.path:
            self.post_message(DeckScreen.EntityOpened(_entity(finding.path)))
        else:
            self.notify(_NO_PATH, markup=False)

    def _tell(self, key: str | None) -> None:
        finding = self._findings.get(key or "")
        self.query_one("#full").display = finding is not None
        if finding is not None:
            self.query_one("#message", Static).update(clean(finding.message))
            self.query_one("#hint", Static).update(f"{UNICODE.arrow} {clean(finding.hint)}")


def _entity(path: str) -> str:
    """What a path is in; the path itself where it is in nothing that the log names."""
    try:
        address = paths.locate(path)
    except UsageError:  # a key that only a foreign writer could make
        return path
    return address.entity if address else path


def _row(key: str, finding: Finding) -> Row:
    sign = f"{SIGNS[finding.severity]} {finding.severity}"
    return Row(key, (Cell(sign, TONES[finding.severity]), finding.message))


def restart_text(verdict: Verdict | None) -> str:
    """The answer to "is it safe to restart this node now?"."""
    if verdict is None:
        return "Reading the database."
    if verdict.safe:
        return "Restart: safe now."
    return clean(f"Restart: not now. {' '.join(verdict.reasons)}")
