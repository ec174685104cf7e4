"""The verbs of settings: schema, profile, flag, unset, and what set and list learnt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import counted
from tests.tui.test_cli import Ran, call, one_line

Nodedeck = Callable[..., Ran]
EXAMPLE = Path(__file__).parents[2] / "demo_data" / "settings-schema.json"


@pytest.fixture
def nodedeck(
    capsys: pytest.CaptureFixture[str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> Nodedeck:
    """Calls in the directory of a new database."""
    monkeypatch.chdir(database.parent)
    return lambda *argv: call(capsys, *argv)


@pytest.fixture
def declared(nodedeck: Nodedeck) -> Nodedeck:
    """The shipped example's schema is loaded."""
    assert nodedeck("schema", "load", EXAMPLE).code == 0
    return nodedeck


def test_schema_load_list_and_remove(nodedeck: Nodedeck) -> None:
    ran = nodedeck("schema", "load", EXAMPLE, "--json")
    assert ran.json == {
        "schema": "nodedeck.schema.load/1",
        "services": ["stt-worker", "tts-worker", "router"],
        "rules": 23,
        "unchecked": [],
        "misfits": [],
    }
    assert "23 settings of stt-worker, tts-worker, router are declared." in ran.err
    text = nodedeck("schema", "list", "stt-worker").out
    assert "stt-worker.channels" in text
    assert "min 1; max 2; default 1" in text
    items = nodedeck("schema", "list", "--json").json["items"]
    assert {"nodedeck", "router"} <= {each["service"] for each in items}
    assert "Nothing is declared of other" in nodedeck("schema", "list", "other").err
    assert "needs a yes" in one_line(nodedeck("schema", "remove", "router"), 2)
    assert nodedeck("schema", "remove", "router", "--yes", "--json").json["rules"] == 7
    assert nodedeck("get", "router.wake_words").code == 2


def test_schema_load_tells_what_does_not_fit(nodedeck: Nodedeck, tmp_path: Path) -> None:
    nodedeck("set", "svc.a", "9", "--create")
    file = tmp_path / "schema.yaml"
    file.write_text("properties:\n  a: {type: integer, maximum: 3, multipleOf: 2}\n")
    ran = nodedeck("schema", "load", file, "--service", "svc", "--json")
    assert ran.json["unchecked"] == ["svc.a: multipleOf"]
    assert "svc.a: must be at most 3" in ran.json["misfits"][0]
    assert "Not checked: svc.a: multipleOf." in ran.err


def test_a_schema_that_is_none_is_named(nodedeck: Nodedeck, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text("{}")
    ran = nodedeck("schema", "load", file)
    assert (ran.code, ran.out) == (2, "")
    assert f"{file}: the schema: has no properties" in ran.err


def test_get_and_unset_know_the_default(declared: Nodedeck) -> None:
    assert declared("get", "stt-worker.channels").out == "1\n"
    assert declared("get", "stt-worker.channels", "--json").json["source"] == "default"
    declared("set", "stt-worker.channels", "2")
    ran = declared("unset", "stt-worker.channels", "--reason", "enough", "--json")
    assert ran.json["change"] > 0
    assert (ran.json["value"], ran.json["source"]) == (1, "default")
    assert "default says 1" in ran.err
    again = declared("unset", "stt-worker.channels")
    assert "nothing was changed" in again.err
    declared("set", "svc.free", "1", "--create")
    assert declared("unset", "svc.free", "--json").json["value"] is None
    history = declared("history", "stt-worker.channels", "--limit", "1", "--json").json["items"]
    assert (history[0]["action"], history[0]["reason"]) == ("D", "enough")


def test_set_carries_a_version(declared: Nodedeck) -> None:
    ran = declared("set", "stt-worker.channels", "2", "--expect-version", "0", "--json")
    assert ran.json["version"] == 1
    line = one_line(declared("set", "stt-worker.channels", "1", "--expect-version", "0"), 5)
    assert "service stt-worker has version 1, not 0" in line
    assert "(change #1); nothing was changed" in line
    assert declared("get", "stt-worker.channels").out == "2\n"


def test_list_searches_settings(declared: Nodedeck) -> None:
    text = declared("list", "--search", "microphone").out
    assert text == "stt-worker.channels  integer  default  1  Channels of the microphone\n"
    items = declared("list", "--service", "router", "--type", "json", "--json").json["items"]
    assert items == [
        {
            "path": "router.wake_words",
            "value": ["hey tars"],
            "source": "default",
            "home": "database",
            "service": "router",
            "key": "wake_words",
            "type": "json",
            "complexity": "simple",
            "description": "Words that wake the assistant",
        }
    ]
    below = declared("list", "tts-worker", "--complexity", "advanced", "--json").json["items"]
    assert {each["path"] for each in below} == {
        "tts-worker.voice_folder",
        "tts-worker.tts_aggregate_by_utt",
        "tts-worker.tts_aggregate_timeout_sec",
    }
    assert "No such setting" in declared("list", "--search", "nowhere").err


def test_profiles_are_saved_compared_applied_and_deleted(declared: Nodedeck) -> None:
    assert declared("profile", "save", "stt-worker", "quiet", "--json").json["left_out"] == []
    declared("set", "stt-worker.channels", "2")
    compared = declared("profile", "compare", "stt-worker", "quiet", "--json").json["items"]
    assert compared == [{"path": "stt-worker.channels", "present": 2, "wanted": 1}]
    assert (
        declared("profile", "compare", "stt-worker", "quiet").out == "stt-worker.channels  2  1\n"
    )
    ran = declared("profile", "apply", "stt-worker", "quiet", "--reason", "night", "--json")
    assert ran.json["items"] == compared
    assert "stt-worker.channels: 2 → 1." in ran.err
    newest = declared("history", "--limit", "1", "--json").json["items"][0]
    assert (newest["id"], newest["reason"]) == (ran.json["change"], "night")
    assert "nothing was changed" in declared("profile", "apply", "stt-worker", "quiet").err
    assert "do not differ" in declared("profile", "compare", "stt-worker", "quiet").err
    assert declared("profile", "list").out == "stt-worker  quiet  9 settings\n"
    assert "channels" in declared("profile", "show", "stt-worker", "quiet").out
    shown = declared("profile", "show", "stt-worker", "quiet", "--json").json
    assert shown["values"]["channels"] == 1
    assert declared("profile", "delete", "stt-worker", "quiet", "--yes", "--json").json["change"]
    assert "There are no profiles yet" in declared("profile", "list").err


def test_flags_are_set_asked_and_removed(nodedeck: Nodedeck) -> None:
    assert "There are no flags yet" in nodedeck("flag", "list").err
    nodedeck("flag", "set", "fast", "on", "--description", "the new path")
    nodedeck("flag", "set", "some", "12.5%", "--reason", "rollout")
    ran = nodedeck("flag", "set", "named", "--host", "GX-07", "--json")
    assert (ran.json["kind"], ran.json["rule"]) == ("hosts", ["GX-07"])
    assert nodedeck("flag", "get", "named", "--host", "gx-07").out == "on\n"
    assert nodedeck("flag", "get", "named", "--host", "gx-08").out == "off\n"
    assert nodedeck("flag", "get", "some", "--host", "h", "--json").json["rule"] == 12.5
    listed = nodedeck("flag", "list", "--host", "gx-08").out.splitlines()
    assert listed[0] == "fast   on   boolean     on     the new path"
    items = nodedeck("flag", "list", "--json").json["items"]
    assert [each["name"] for each in items] == ["fast", "named", "some"]
    assert "already" in nodedeck("flag", "set", "fast", "on").err
    assert nodedeck("flag", "remove", "fast", "--yes", "--json").json["change"] > 0
    assert "no flag 'fast'" in one_line(nodedeck("flag", "get", "fast"), 2)


BAD = [
    (("schema", "load", "absent.json"), 1, "absent.json"),
    (("schema", "load", "broken.json"), 1, "broken.json:1:2"),
    (("schema", "load", "list.json"), 2, "must be a mapping"),
    (("schema", "load", "flat.json"), 2, "no service"),
    (("schema", "load", "own.json"), 6, "nodedeck's own service"),
    (("schema", "load", "flat.json", "--service", "nodedeck"), 6, "own service"),
    (("schema", "remove", "absent", "--yes"), 2, "No schema is loaded for absent"),
    (("set", "stt-worker.channels", "3"), 2, "must be at most 2, not '3'"),
    (("set", "stt-worker.stt_backend", "x"), 2, "must be one of whisper, ws"),
    (("set", "stt-worker.ws_url", "http://x"), 2, "must match ^wss?://"),
    (("set", "stt-worker.channels.x", "1", "--create"), 2, "would stand below"),
    (("set", "router.upstream_token", "x"), 6, "is a secret"),
    (("set", "svc.api_key", "x", "--create"), 6, "is a secret"),
    (("set", "current_height", "1", "--expect-version", "9"), 5, "has version 0, not 9"),
    (("set", "current_height", "1", "--expect-version", "-1"), 2, "--expect-version"),
    (("set", "flags.x", "1", "--create"), 2, "Use 'nodedeck flag'"),
    (("unset", "nodes.node1.host"), 2, "is not a setting"),
    (("unset", "stt-worker.chanels"), 2, "Did you mean stt-worker.channels"),
    (("unset", "a..b"), 2, "is not a path"),
    (("unset", "stt-worker.channels", "--expect-version", "4"), 5, "has version 0, not 4"),
    (("unset", "stt-worker.channels", "--read-only"), 6, "read-only"),
    (("profile", "save", "absent", "x"), 2, "no service 'absent'"),
    (("profile", "save", "router", ""), 2, "needs a name"),
    (("profile", "save", "router", "x", "--read-only"), 6, "read-only"),
    (("profile", "apply", "router", "absent"), 2, "has no profile 'absent'"),
    (("profile", "compare", "router", "absent"), 2, "has no profile"),
    (("profile", "show", "router", "absent"), 2, "has no profile"),
    (("profile", "delete", "router", "absent", "--yes"), 2, "has no profile"),
    (("profile", "delete", "router", "absent"), 2, "Add --yes"),
    (("flag", "set", "x"), 2, "Give one VALUE"),
    (("flag", "set", "x", "on", "--host", "h"), 2, "Give one VALUE"),
    (("flag", "set", "x", "1"), 2, "is no rule of a flag"),
    (("flag", "set", "x", "101%"), 2, "a percentage of 0 to 100"),
    (("flag", "set", "", "on"), 2, "needs a name"),
    (("flag", "set", "x", "on", "--read-only"), 6, "read-only"),
    (("flag", "get", "absent"), 2, "no flag 'absent'"),
    (("flag", "remove", "absent", "--yes"), 2, "no flag 'absent'"),
    (("flag", "remove", "absent"), 2, "Add --yes"),
    (("list", "--type", "odd"), 2, "--type"),
    (("list", "--search", "x", "--as-of", "1h"), 2, "leave out --as-of"),
]


@pytest.mark.parametrize(("argv", "code", "told"), BAD, ids=lambda each: str(each)[:60])
def test_a_bad_call_answers_in_one_line_and_changes_nothing(
    declared: Nodedeck, manager: ConfigManager, argv: tuple[str, ...], code: int, told: str
) -> None:
    for name, text in (
        ("broken.json", "{"),
        ("list.json", "[1]"),
        ("flat.json", '{"properties":{"a":{"type":"integer"}}}'),
        ("own.json", json.dumps({"properties": {"nodedeck": {"properties": {"a": {"const": 1}}}}})),
    ):
        Path(name).write_text(text, encoding="utf-8")
    before = (counted(manager), manager.schema())
    assert told in one_line(declared(*argv), code)
    assert (counted(manager), manager.schema()) == before


def test_values_of_other_programs_are_shown_clean(nodedeck: Nodedeck, database: Path) -> None:
    foreign.write(
        database,
        "INSERT INTO feature_flags(name,value_json,description)"
        " VALUES('a' || char(27) || '[31m','true','x' || char(10) || 'y')",
        "INSERT INTO setting_profiles(service,name,values_json)"
        " VALUES('s' || char(27),'n','{\"password\":\"hunter2\"}')",
    )
    for verb in (("flag", "list"), ("profile", "list")):
        ran = nodedeck(*verb)
        assert ran.out.count("\n") == 1
        assert "\x1b" not in ran.out
    assert "hunter2" not in nodedeck("profile", "list", "--json").out
