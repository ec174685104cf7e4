"""What a verb prints in the deck: its last lines, taken in one thread and shown from another."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from tui.output import ReaderGone
from tui.text import clean

MOST_LINES: Final = 2_000
LONGEST: Final = 4_000
"""Characters that are kept of a line."""

Kind = Literal["data", "said", "failed"]


@dataclass(frozen=True, slots=True)
class Line:
    """One clean line, and what it is: data, narration, or the words of an exit code."""

    text: str
    kind: Kind


class Transcript:
    """The end of what a verb prints, with the number of lines before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._open = ""
        self._count = 0
        self._gone = False
        self.cut = False
        """Whether something was left unsaid since nobody read any more."""

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more."""
        return self._gone

    @property
    def count(self) -> int:
        """How many lines there were, kept or not; it tells whether there is more to show."""
        return self._count + bool(self._open)

    def leave(self) -> None:
        """Let what comes next go nowhere: whoever prints data is told so, as by a closed pipe."""
        self._gone = True

    def put(self, text: str) -> None:
        """Take data; raises ReaderGone where nobody reads any more."""
        if self._gone:
            self.cut = True
            raise ReaderGone
        with self._lock:
            *whole, self._open = (self._open + text).split("\n")
            self._keep(whole, "data")

    def say(self, sentence: str) -> None:
        """Take a line of narration."""
        self._add(sentence, "said")

    def fail(self, words: str) -> None:
        """Take the words of an exit code."""
        self._add(words, "failed")

    def lines(self) -> tuple[Line, ...]:
        """The lines that are kept, oldest first, under a line that says how many are not."""
        with self._lock:
            kept = list(self._lines)
            if self._open:
                kept = [*kept, Line(clean(self._open, limit=LONGEST), "data")][-MOST_LINES:]
            left = self.count - len(kept)
        if left:
            told = f"{left:,} lines before these are left out; a shell shows them all."
            kept.insert(0, Line(told, "said"))
        return tuple(kept)

    def _add(self, text: str, kind: Kind) -> None:
        with self._lock:
            if self._open:
                whole, self._open = [self._open], ""
                self._keep(whole, "data")
            self._keep([text], kind)

    def _keep(self, texts: list[str], kind: Kind) -> None:
        # of a long text only the end is looked at
        self._lines.extend(Line(clean(text, limit=LONGEST), kind) for text in texts[-MOST_LINES:])
        self._count += len(texts)
