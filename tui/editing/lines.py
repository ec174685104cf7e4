"""Single lines to type into."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.clipboard import plain


class LineInput(Input):
    """A line that takes no control characters, also not from a paste; ``enter`` goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "next field", show=False, id="field.next")
    ]

    def __init__(
        self,
        text: str = "",
        *,
        placeholder: str = "",
        id: str | None = None,
        password: bool = False,
    ) -> None:
        super().__init__(
            text,
            placeholder=placeholder,
            compact=True,
            select_on_focus=False,
            id=id,
            password=password,
        )
        self.cursor_blink = False

    def replace(self, text: str, start: int, end: int) -> None:
        """Put text in place of a part of the value, without what would act on the terminal."""
        super().replace(plain(text), start, end)


class ReasonInput(LineInput):
    """Why a change is made; optional, and ``enter`` goes on to the buttons."""

    def __init__(self) -> None:
        super().__init__(placeholder="optional: why?", id="reason")

    @property
    def reason(self) -> str | None:
        """What was typed, None where it was nothing."""
        return plain(self.value).strip() or None
