"""Which files a call means, and who signs its writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.locations import Locations, actor_of, read_only_wanted, resolve

HERE = Path("/here")


@pytest.mark.parametrize(
    ("db", "config", "environ", "expected"),
    [
        (None, None, {}, ("/here/config.yaml", "/here/state.db")),
        ("x/s.db", None, {}, ("/here/x/config.yaml", "/here/x/s.db")),
        (None, "x/c.yaml", {}, ("/here/x/c.yaml", "/here/x/state.db")),
        ("/a/s.db", "/b/c.yaml", {}, ("/b/c.yaml", "/a/s.db")),
        (None, None, {"NODEDECK_DB": "/e/s.db"}, ("/e/config.yaml", "/e/s.db")),
        (None, None, {"API_CONFIG_PATH": "/d/c.yaml"}, ("/d/c.yaml", "/d/state.db")),
        (
            None,
            None,
            {"NODEDECK_DB": "/n/s.db", "API_SQLITE_PATH": "/a/s.db"},
            ("/n/config.yaml", "/n/s.db"),
        ),
        ("f.db", None, {"NODEDECK_DB": "/n/s.db"}, ("/here/config.yaml", "/here/f.db")),
        (
            "f.db",
            None,
            {"NODEDECK_CONFIG": "/n/c.yaml"},
            ("/n/c.yaml", "/here/f.db"),
        ),
        (None, None, {"NODEDECK_DB": ""}, ("/here/config.yaml", "/here/state.db")),
    ],
)
def test_flags_win_over_environment_over_the_current_directory(
    db: str | None, config: str | None, environ: dict[str, str], expected: tuple[str, str]
) -> None:
    found = resolve(db=db, config=config, environ=environ, cwd=HERE)
    assert found == Locations(*map(Path, expected))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("1", True), ("true", True), ("yes", True), ("", False), ("0", False), ("No", False)],
)
def test_read_only_is_asked_for_by_the_environment(value: str, wanted: bool) -> None:
    assert read_only_wanted({"NODEDECK_READONLY": value}) is wanted


def test_without_the_variable_writing_is_allowed() -> None:
    assert not read_only_wanted({})


@pytest.mark.parametrize(
    ("flag", "environ", "actor"),
    [
        ("ana", {"NODEDECK_ACTOR": "bo", "SUDO_USER": "cy"}, "ana"),
        (None, {"NODEDECK_ACTOR": "bo", "SUDO_USER": "cy"}, "bo"),
        (None, {"SUDO_USER": "cy"}, "cy@gx-07"),
        (None, {}, "root@gx-07"),
    ],
)
def test_the_actor_is_the_person_behind_the_write(
    flag: str | None, environ: dict[str, str], actor: str
) -> None:
    assert actor_of(environ, "root", "gx-07", flag) == actor
