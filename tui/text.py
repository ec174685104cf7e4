"""Data made safe for a terminal, and the numbers people read."""

import math
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, get_character_cell_size

from tui.glyphs import UNICODE

Align = Literal["left", "right"]

MAX_MARKS = 2
"""Combining marks that may stand on one character; Thai and Hebrew need two."""

_SHORT_NAMES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_HANGUL_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def clean(value: object, *, limit: int | None = None) -> str:
    r"""Return `value` as one line of printable text, what is unprintable by its name (`\x1b`).

    Bytes are read as UTF-8, None is empty text. With a `limit`, at most that many characters
    are returned, the last of them `…` where something was cut; the rest is not even looked at.
    """
    text = _as_text(value)
    cut = limit is not None and len(text) > limit
    if cut:
        text = text[:limit]
    if not (text.isascii() and text.isprintable()):
        text = _name_unprintables(text)
    if limit is not None and (cut or len(text) > limit):
        return text[: limit - 1] + UNICODE.ellipsis if limit > 0 else ""
    return text


def literal(value: object) -> str:
    r"""Return cleaned text for a Textual widget that reads markup, so that it shows as it is.

    The result must be the whole of what the widget gets: Textual has no way to write a
    backslash before a tag, so text that ends in one would swallow a tag put behind it.
    """
    return clean(value).replace("[", "\\[")


def fit(text: str, width: int, align: Align = "left", *, ellipsis: str = UNICODE.ellipsis) -> str:
    """Return cleaned `text` padded or cut to exactly `width` cells, never half a wide character."""
    if width <= 0:
        return ""
    cells = _cells(text)
    if cells > width:
        text = _head(text, width - 1) + ellipsis
        cells = _cells(text)
    padding = " " * (width - cells)
    return text + padding if align == "left" else padding + text


def shorten_middle(text: str, width: int, *, ellipsis: str = UNICODE.ellipsis) -> str:
    """Return cleaned `text` in at most `width` cells, head and tail kept, as ids are compared."""
    if _cells(text) <= width:
        return text
    if width <= 0:
        return ""
    room = width - 1
    return _head(text, room - room // 2) + ellipsis + _tail(text, room // 2)


def wrap(text: str, width: int) -> list[str]:
    """Return cleaned `text` broken at spaces into lines of at most `width` cells."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if _cells(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        rest = word
        while _cells(rest) > width and (piece := _head(rest, width)):
            lines.append(piece)
            rest = rest[len(piece) :]
        line = rest
    return [*lines, line] if line else lines


def grouped(number: int) -> str:
    """Return an integer with its thousands separated: `1,934,882`."""
    return f"{number:,}"


def lag(blocks: int) -> str:
    """How far processing is from the height; a height that was set back lies below it."""
    return f"{grouped(abs(blocks))} {'behind' if blocks >= 0 else 'ahead'}"


def age(seconds: float) -> str:
    """Return how long ago something was: `3 s`, `4 m`, `2 h 05 m`, `3 d 4 h`.

    A negative age, as two clocks that differ give it, reads as `in 3 s`.
    """
    return f"in {_span(-seconds)}" if seconds <= -1 else _span(seconds)


def until(seconds: float) -> str:
    """Return when something will be, `in 7 h 12 m`, or was, `3 s ago`, for negative seconds."""
    return f"{_span(-seconds)} ago" if seconds <= -1 else f"in {_span(seconds)}"


def duration(seconds: float) -> str:
    """Return a length of time, below a minute with its fraction: `250 ms`, `5.4 s`, `4 m`."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if (milliseconds := seconds * 1000) < 999.5:
        return f"{milliseconds:.0f} ms"
    if seconds < _MINUTE - 0.05:
        return f"{seconds:.1f} s"
    return _span(seconds + 0.5)


def moment(at: datetime, now: datetime, *, utc: bool = False) -> str:
    """Return a point in time on the reader's clock: `Sun 18:34`, a date where a week is passed.

    The local time zone is that of `now`; with `utc` the text ends in `UTC`. Raises ValueError
    for a time without zone.
    """
    if at.tzinfo is None or now.tzinfo is None:
        raise ValueError("moment() needs times with a zone; attach the zone where it is read")
    zone = UTC if utc else now.tzinfo
    suffix = " UTC" if utc else ""
    try:
        here = at.astimezone(zone)
    except OverflowError:
        # Go's zero time is the first second of year 1, and has no earlier zone to go to.
        here = at
    days = (here.date() - now.astimezone(zone).date()).days
    clock = f"{here.hour:02}:{here.minute:02}{suffix}"
    if abs(days) < 7:
        return f"{_DAYS[here.weekday()]} {clock}"
    return f"{here.date().isoformat()} {clock}"


def size(count: int) -> str:
    """Return a number of bytes in a unit that leaves three digits: `812 B`, `1.2 MB`, `45 GB`."""
    amount, units = float(count), ["B", "KB", "MB", "GB", "TB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        del units[0]
    fraction = 1 if units[0] != "B" and amount < 9.95 else 0
    return f"{amount:.{fraction}f} {units[0]}"


def yes_no(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def _as_text(value: object) -> str:
    """Return any value as text, of whatever length and however broken."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:
            # Python refuses to print integers of more than 4,300 digits in decimal.
            return hex(value)
    return str(value)


def _name_unprintables(text: str) -> str:
    """Return `text` with every character named that would not show, or would show elsewhere."""
    shown: list[str] = []
    # A mark with nothing before it would land on whatever the screen has to its left.
    marks = MAX_MARKS
    for character in text:
        name = _visible(character)
        if name == character and _width(character) == 0:
            marks += 1
            shown.append(name if marks <= MAX_MARKS else _name(character))
        else:
            marks = 0
            shown.append(name)
    return "".join(shown)


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    """Return `character`, or its name where it has no shape of its own."""
    if character in _SHORT_NAMES:
        return _SHORT_NAMES[character]
    if not character.isprintable() or character in _HANGUL_FILLERS or _is_selector(character):
        return _name(character)
    return character


def _is_selector(character: str) -> bool:
    """Return whether `character` only chooses the look of its neighbour.

    Terminals disagree about the width of what follows from it, and it can hide data.
    """
    if character == "\u034f":  # combining grapheme joiner
        return True
    return unicodedata.category(character) == "Mn" and "VARIATION SELECTOR" in unicodedata.name(
        character, ""
    )


def _name(character: str) -> str:
    """Return the escape by which a character is shown."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _width(character: str) -> int:
    """Return the cells of one character: 0, 1 or 2."""
    return get_character_cell_size(character)


def _cells(text: str) -> int:
    """Return the cells of cleaned text."""
    return len(text) if text.isascii() else cell_len(text)


def _head(text: str, width: int) -> str:
    """Return as much of the beginning as `width` cells hold."""
    used = 0
    for index, character in enumerate(text):
        used += _width(character)
        if used > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    """Return as much of the end as `width` cells hold, not beginning with a stray mark."""
    used, start = 0, len(text)
    for index in range(len(text) - 1, -1, -1):
        cells = _width(text[index])
        used += cells
        if used > width:
            break
        if cells:
            start = index
    return text[start:]


def _span(seconds: float) -> str:
    """Return whole seconds, rounded down, in their two largest units; `?` for no number."""
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} m"
    return f"{whole // _DAY:,} d {whole % _DAY // _HOUR} h"
