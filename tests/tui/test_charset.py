"""Which signs a terminal gets, by its locale."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tui import charset, output


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8@euro"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "de_DE"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_CTYPE": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_CTYPE": "en_US.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, True),
    ],
)
def test_the_locale_says_whether_there_are_signs(environ: dict[str, str], unicode: bool) -> None:
    assert charset.is_unicode(environ) is unicode


def test_what_python_gave_itself_does_not_count(tmp_path: Path) -> None:
    coerced = {"LANG": "C", "LC_CTYPE": "C.UTF-8"}
    without, given = tmp_path / "without", tmp_path / "given"
    without.write_bytes(b"LANG=C\0HOME=/root\0")
    assert charset.environment(coerced, without) == {"LANG": "C"}
    given.write_bytes(b"LANG=C\0LC_CTYPE=C.UTF-8\0")
    assert charset.environment(coerced, given) == coerced
    assert charset.environment(coerced, tmp_path / "missing") == coerced


class _Screen(io.StringIO):
    """A stream of some encoding, at a terminal or not."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("encoding", "terminal", "locale", "term", "shown"),
    [
        ("utf-8", True, "C.UTF-8", "xterm", "1 → 2 × 3 – é"),
        ("utf-8", True, "C", "xterm", "1 -> 2 x 3 - é"),
        ("utf-8", True, "C.UTF-8", "linux", "1 -> 2 x 3 - é"),
        ("utf-8", False, "C", "linux", "1 → 2 × 3 – é"),
        ("ascii", False, "C", "xterm", "1 -> 2 x 3 - é"),
        ("iso-8859-1", True, "C.UTF-8", "xterm", "1 -> 2 x 3 - é"),
    ],
)
def test_printed_lines_have_signs_that_are_there(
    *,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    terminal: bool,
    locale: str,
    term: str,
    shown: str,
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("TERM", term)
    stream = _Screen(encoding, terminal=terminal)
    assert output.in_signs("1 → 2 × 3 – é", stream) == shown
