"""One line that says what needs action, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from store.findings import Finding, Severity
from store.judging import judge
from tui.glyphs import UNICODE
from tui.picture import Picture
from tui.text import clean

_SIGNS = {
    Severity.CRITICAL: (UNICODE.critical, "bold $text-error"),
    Severity.WARNING: (UNICODE.warn, "$text-warning"),
}


class FindingsStrip(Static):
    """How many findings there are and the worst of them; hidden where none needs action."""

    DEFAULT_CSS = """
    FindingsStrip { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    picture: reactive[Picture | None] = reactive(None, repaint=False)

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__(id="strip", markup=False)
        self._clock = clock
        self._told = Content("")
        self.display = False

    def watch_picture(self) -> None:
        """Judge a new picture."""
        self.retell()

    def retell(self) -> None:
        """Judge anew: a height that stands still is only known from the time that passes."""
        if self.picture is None or not self.is_mounted:
            return
        told = strip_text(judge(self.picture.evidence, self._clock()))
        if told == self._told:
            return
        self._told = told
        self.display = bool(told.plain)
        # the line is as wide as the screen: no text of it moves anything
        self.update(told, layout=False)


def strip_text(findings: Sequence[Finding]) -> Content:
    """The counts by severity, then the worst findings; empty where none needs action."""
    urgent = [finding for finding in findings if finding.severity in _SIGNS]
    if not urgent:
        return Content("")
    parts: list[tuple[str, str]] = []
    for severity, (sign, style) in _SIGNS.items():
        count = sum(finding.severity is severity for finding in urgent)
        if count:
            parts.append((f"{sign} {count} {severity}  ", style))
    messages = f" {UNICODE.dot} ".join(clean(finding.message) for finding in urgent[:3])
    return Content.assemble(*parts, (messages, ""))
