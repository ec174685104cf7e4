"""What a terminal would show: as much of one as the console's output needs."""

from __future__ import annotations

import re
from typing import NamedTuple

from rich.cells import get_character_cell_size

_TOKEN = re.compile(
    r"\x1b\[(?P<mode>[?<>=]*)(?P<args>[\d;]*)[ !$\"']*(?P<end>[@-~])"  # a control sequence
    r"|\x1bP.*?\x1b\\"  # what tmux hands on, with an end of its own inside
    r"|\x1b[\]X^_].*?(?:\x07|\x1b\\)"  # a title, the clipboard, a question
    r"|\x1b[()][A-Z0-9]|\x1b[=>78cDEHMNOZ]"
    r"|(?P<break>[\r\n\b])"
    r"|(?P<text>[^\x1b\r\n\b]+)",
    re.DOTALL,
)


class Place(NamedTuple):
    """One place of the screen: what stands there, and the colours and attributes in force."""

    text: str = " "
    look: str = ""


class Emulator:
    """Understands moves, colours and text; everything else passes without a trace."""

    def __init__(self, columns: int = 120, lines: int = 40) -> None:
        self.columns, self.lines = columns, lines
        self.x = self.y = 0
        self._look = ""
        self._rest = ""
        self.places = [[Place()] * columns for _ in range(lines)]

    def feed(self, text: str) -> None:
        """Take what a program writes; a sequence that is cut off waits for its end."""
        text, at = self._rest + text, 0
        while match := _TOKEN.match(text, at):
            at = match.end()
            if match["text"]:
                self._write(match["text"])
            elif match["break"]:
                self._break(match["break"])
            elif match["end"] and not match["mode"]:
                self._control(match["end"], match["args"])
        self._rest = text[at:]

    def text(self) -> str:
        """The lines of the screen."""
        return "\n".join("".join(place.text for place in line) for line in self.places)

    def _write(self, text: str) -> None:
        for character in text:
            width = get_character_cell_size(character)
            if width == 0:
                self._mark(character)
            elif self.x + width <= self.columns:
                self._clear_halves(self.x, width)
                self._put(self.x, character)
                for half in range(1, width):
                    self._put(self.x + half, "")
                self.x += width

    def _mark(self, mark: str) -> None:
        """A mark goes onto the character before the cursor, wide or not."""
        line, x = self.places[self.y], self.x - 1
        while x > 0 and line[x].text == "":
            x -= 1
        if x >= 0:
            line[x] = line[x]._replace(text=line[x].text + mark)

    def _clear_halves(self, x: int, width: int) -> None:
        """Writing over one half of a wide character leaves a space in the other."""
        line = self.places[self.y]
        if line[x].text == "" and x:
            line[x - 1] = line[x - 1]._replace(text=" ")
        after = x + width
        if after < self.columns and line[after].text == "":
            line[after] = line[after]._replace(text=" ")

    def _put(self, x: int, text: str) -> None:
        self.places[self.y][x] = Place(text, self._look)

    def _break(self, character: str) -> None:
        if character == "\n":
            self.y = min(self.y + 1, self.lines - 1)
        self.x = max(0, self.x - 1) if character == "\b" else 0

    def _control(self, end: str, args: str) -> None:
        if end == "m":
            self._look = "" if args in ("", "0") else args
        elif end == "H":
            row, column = [int(part or 1) for part in (args or "1;1").split(";")]
            self.y, self.x = min(row, self.lines) - 1, min(column, self.columns) - 1
        elif end == "J" and args == "2":
            self.places = [[Place()] * self.columns for _ in range(self.lines)]
