"""``nodedeck since``: the handover as Markdown and as JSON."""

from __future__ import annotations

import json
import re
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.errors import UsageError
from store.manager import ConfigManager, utc_now
from tests.support import foreign
from tests.support.shift import lived
from tests.tui.test_cli import call, one_line
from tui import markdown
from tui.when import when

HOSTILE = "`` # [x](http://e.vil) <b> | **bold** \x1b[31m\u202e\nwww.e.vil _it_"


@pytest.fixture
def here(manager: ConfigManager, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose database has a shift behind it that has just ended."""
    # not now: ages that are cut at the minute would depend on how long the writing took
    lived(manager, manager.database.path, utc_now() - timedelta(seconds=10))
    monkeypatch.chdir(manager.config.parent)
    return manager.config.parent


def test_the_markdown_tells_the_shift(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "since", "8h")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    headings = [line for line in lines if line.startswith("#")]
    assert headings[0].startswith("# Handover of ")
    assert headings[1:] == [
        "## Now",
        "## Who should look at what",
        "## What changed",
        "## Edits of the config file",
        "## Imports, backups, undos",
        "## Findings",
        "## What this cannot know",
    ]
    now = lines[lines.index("## Now") + 2 : lines.index("## Who should look at what") - 1]
    assert [line.split()[1] for line in now] == ["Height", "Epoch", "Restart:"]
    assert now[0].startswith("- Height 2,611, ")
    assert now[1].startswith("- Epoch 125, previous seed 124 claimed, current seed 125 not claimed")
    (height,) = (line for line in lines if line.startswith("- `current_height`"))
    told = "- `current_height` 1,000 → 2,611, 1,611 blocks, longest gap 4 h 59 m, until "
    assert height.startswith(told)
    assert not [line for line in lines if "2,000" in line]  # never a line for each block
    assert "  - `is_enabled` yes → no" in lines
    (limit,) = (line for line in lines if line.startswith("- `svc.limit`"))
    assert limit.startswith("- `svc.limit`: `5` → `7`, 2 changes, last ")
    assert 'by `tester@host` ×1, `tester@host` ×1 "memory errors"' in limit
    assert "- `tester@host`: Node n1 is disabled" in ran.out
    assert "first seen" in ran.out
    assert "file modes" not in ran.out
    assert "'nodedeck doctor' looks at them" in ran.out


def test_secrets_are_masked_everywhere(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    for argv in (("since", "8h"), ("since", "8h", "--json"), ("since", "20h")):
        out = call(capsys, *argv).out
        assert "********" in out
        assert "old!" not in out
        assert "new!" not in out


def test_json_has_the_same(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    found = call(capsys, "since", "8h", "--json").json
    assert found["schema"] == "nodedeck.since/1"
    assert (found["known"], found["unknown"], found["first_change"]) == (True, None, 10)
    items = {item["path"]: item for item in found["items"]}
    assert items["svc.limit"]["first"] == 5
    assert items["nodes.n1"]["fields"] == [
        {"path": "nodes.n1.is_enabled", "old": True, "new": False}
    ]
    assert items["nodes.n1"]["by"] == [{"actor": "tester@host", "reason": "reboot", "count": 1}]
    assert found["heights"][0]["blocks"] == 1_611
    assert [one["rule"] for one in found["findings"]["closed"]] == ["claim"]
    assert {task["who"] for task in found["tasks"]} >= {"tester@host"}
    assert found["now"]["height"] == 2_611


def test_before_the_log_is_unknown(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "since", "30d")
    assert ran.code == 0
    assert "is unknown: the log begins with change #1" in ran.out
    assert "- `svc.limit`: unknown → `7`, 3 changes" in ran.out
    assert "since when is unknown" in ran.out
    assert "absent" not in ran.out
    found = call(capsys, "since", "30d", "--json").json
    assert found["known"] is False
    assert {item["first_known"] for item in found["items"]} == {False}


def test_to_a_file_of_its_own(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "since", "8h", "--to", "shift.md")
    assert (ran.code, ran.out) == (0, "")
    assert "Wrote" in ran.err
    target = here / "shift.md"
    assert target.read_text().startswith("# Handover of ")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        ((), 2, "Missing argument"),
        (("soon",), 2, "'soon' is no time"),
        (("25:00",), 2, "'25:00' is no time"),
        (("2999-01-01",), 2, "lies in the future"),
        (("8h", "--to", "state.db"), 2, "own files; nothing was written"),
        (("8h", "--to", "x.md", "--json"), 2, "--to writes Markdown"),
        (("8h", "--to", "no/where.md"), 1, "Cannot write"),
        (("8h", "--db", "none.db"), 2, "There is no database"),
    ],
)
def test_it_refuses(
    capsys: pytest.CaptureFixture[str], here: Path, argv: tuple[str, ...], code: int, told: str
) -> None:
    assert told in one_line(call(capsys, "since", *argv), code)


def test_data_never_becomes_markup(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    row = {"service": "svc", "key": HOSTILE, "value_json": json.dumps(HOSTILE)}
    foreign.write(
        here / "state.db",
        foreign.insert("settings", row),
        foreign.node(HOSTILE, models="{}"),
        ("UPDATE audit_log SET actor=?, reason=? WHERE path LIKE 'svc.limit'", (HOSTILE, HOSTILE)),
    )
    out = call(capsys, "since", "8h").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    for line in out.splitlines():
        bare = outside_code(line)
        assert not re.search(r"(?<!\\)\]\(", bare)
        assert "<b>" not in bare.replace("\\<b", "")
        assert "http://" not in bare
        assert "www.e" not in bare
        assert line == "" or line.startswith(("- ", "  - ", "# ", "## ", "None", "The file"))


def outside_code(line: str) -> str:
    """A line of Markdown without its code spans, read as CommonMark reads them."""
    found, at = "", 0
    while at < len(line):
        if line[at] != "`" or line[max(0, at - 1)] == "\\":
            found += line[at]
            at += 1
            continue
        fence = line[at : at + len(line[at:]) - len(line[at:].lstrip("`"))]
        end = at + len(fence)
        while end < len(line):
            run = len(line[end:]) - len(line[end:].lstrip("`"))
            if run == len(fence):
                break
            end += max(1, run)
        at = end + len(fence)
    return found


@pytest.mark.parametrize("text", ["", "`", "``", "a`b", " x ", "`a``b```", "plain"])
def test_a_code_span_holds_any_text(text: str) -> None:
    assert outside_code(f"a {markdown.code(text)} b") == "a  b"


def test_a_moment_as_people_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    now = datetime(2025, 6, 1, 8, 0, tzinfo=UTC)  # 10:00 in Berlin
    assert when("2h ago", now) == now - timedelta(hours=2)
    assert when("90s", now) == now - timedelta(seconds=90)
    assert when("09:30", now) == datetime(2025, 6, 1, 7, 30, tzinfo=UTC)
    assert when("10:42", now) == datetime(2025, 5, 31, 8, 42, tzinfo=UTC)  # yesterday's
    assert when("9:30:15", now) == datetime(2025, 6, 1, 7, 30, 15, tzinfo=UTC)
    assert when("2025-05-20", now) == datetime(2025, 5, 20, tzinfo=UTC)
    for text in ("", "ago", "10:4", "24:00", "now-ish", "2025-07-01"):
        with pytest.raises(UsageError):
            when(text, now)
