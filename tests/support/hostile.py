"""Text that a terminal, a markup reader or a layout could take for something else."""

from __future__ import annotations

import pytest

HOSTILE = {
    "markup": "[red]x[/red]",
    "link": "[@click=app.quit]x[/]",
    "closing tag": "[/]",
    "unbalanced": "Q[/]Z[b",
    "backslash": "a\\[b]\\",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "C1": "\x9b31mred\x85",
    "CJK": "漢字と仮名",
    "bidi": "a\u202eb\u2066c",
    "zero width": "a\u200bb\u200dc\ufeff",
    "marks": "e" + "\u0301" * 12,
    "lines": "one\ntwo\r\tthree",
    "NUL": "a\0b",
    "emoji": "👩‍👩‍👧",
    "long": "W" * 10_000,
}

EVERYTHING = "".join(text for name, text in HOSTILE.items() if name != "long")
"""All of it in one text; at the length of ``long`` a layout breaks in other ways."""

_DAILY = {"everything": EVERYTHING, "long": HOSTILE["long"]}

each_hostile = pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text, id=name) for name, text in _DAILY.items()),
        *(
            pytest.param(text, id=name, marks=pytest.mark.soak)
            for name, text in HOSTILE.items()
            if name not in _DAILY
        ),
    ],
)
"""A test of all of it at once and, in long runs, of one after the other."""
