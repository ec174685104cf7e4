"""Moments as people type them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import moments
from store.errors import UsageError

NOW = datetime(2025, 3, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("2 h", NOW - timedelta(hours=2)),
        (" 7d ", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("10:42", datetime(2025, 3, 30, 10, 42, tzinfo=UTC)),
        ("9:05:07", datetime(2025, 3, 30, 9, 5, 7, tzinfo=UTC)),
        ("12:00", NOW),
        ("12:01", datetime(2025, 3, 29, 12, 1, tzinfo=UTC)),
        ("2025-03-28", datetime(2025, 3, 28, tzinfo=UTC)),
        ("2025-03-28T10:00:00+02:00", datetime(2025, 3, 28, 8, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    assert moments.since(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "h", "2x", "24:00", "10:60", "2025-02-30", "0001-01-01", "now"]
)
def test_what_is_no_moment_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    with pytest.raises(UsageError, match="is no time"):
        moments.since(text, NOW)


def test_a_time_without_zone_is_one_on_the_clock_of_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Summer time began on the 30th in Berlin: noon UTC is 14:00, and midnight was 23:00 UTC."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    assert moments.since("13:30", NOW) == datetime(2025, 3, 30, 11, 30, tzinfo=UTC)
    assert moments.since("00:30", NOW) == datetime(2025, 3, 29, 23, 30, tzinfo=UTC)
    assert moments.since("15:00", NOW) == datetime(2025, 3, 29, 14, tzinfo=UTC)
    assert moments.since("2025-03-30", NOW) == datetime(2025, 3, 29, 23, tzinfo=UTC)


@given(st.text())
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        assert moments.since(text, NOW).tzinfo is not None
    except UsageError as fault:
        assert fault.hint
