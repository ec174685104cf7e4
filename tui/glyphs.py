"""The signs of the interface, and what stands for them where a terminal cannot show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the interface, one cell each, so that shape carries meaning beside colour."""

    ok: str
    bad: str
    warn: str
    critical: str
    on: str
    off: str
    none: str
    dot: str
    ellipsis: str
    arrow: str
    opened: str
    closed: str
    approx: str
    plus_minus: str
    times: str
    bar_full: str
    bar_empty: str
    spark: str
    ascending: str
    descending: str


UNICODE: Final = Glyphs(
    ok="✓",
    bad="✗",
    warn="◆",
    critical="▲",
    on="●",
    off="○",
    none="–",
    dot="·",
    ellipsis="…",
    arrow="→",
    opened="▾",
    closed="▸",
    approx="≈",
    plus_minus="±",
    times="×",
    bar_full="█",
    bar_empty="░",
    spark="▁▂▃▄▅▆▇█",
    ascending="↑",
    descending="↓",
)
ASCII: Final = Glyphs(
    ok="v",
    bad="x",
    warn="*",
    critical="!",
    on="@",
    off="o",
    none="-",
    dot=".",
    ellipsis="~",
    arrow=">",
    opened="-",
    closed="+",
    approx="~",
    plus_minus="~",
    times="x",
    bar_full="#",
    bar_empty=".",
    spark="_.,-~=*#",
    ascending="^",
    descending="v",
)


def _plain_pairs() -> Iterator[tuple[int, str]]:
    """Every sign, and every line or block that widgets are drawn with, as one ASCII character."""
    for code in range(0x2500, 0x2580):
        yield code, "+"
    for code in range(0x2800, 0x2900):  # the dots that curves are drawn with
        yield code, "*" if code > 0x2800 else " "
    for signs, plain in (
        ("─━┄┅┈┉╌╍═╴╶╸╺╼╾", "-"),
        ("│┃┆┇┊┋╎╏║╵╷╹╻", "|"),
        ("▀▔", "-"),
        ("▉▊▋▌▍▎▏▐▕", "|"),
        ("▒▓▖▗▘▙▚▛▜▝▞▟", "#"),
        ("▶►▷", ">"),
        ("▼▽", "v"),
        ("◀◄◁", "<"),
        ("•∙⋅", "."),
    ):
        yield from ((ord(sign), plain) for sign in signs)
    for signs, plain in zip(astuple(UNICODE), astuple(ASCII), strict=True):
        yield from zip(map(ord, signs), plain, strict=True)


PLAIN: Final = dict(_plain_pairs())
"""What stands for a character in ASCII, by its code; every one takes one cell, as before."""
SPELLED: Final = PLAIN | {ord(UNICODE.arrow): "->", ord(UNICODE.plus_minus): "+/-"}
"""The same for lines that are printed, where a sign may take the cells that it needs."""
