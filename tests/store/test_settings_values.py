"""The document's quick way to the settings says what the audit log's expressions say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import audit, codec, latest, settings_values
from store.database import Database
from store.manager import ConfigManager
from store.paths import Kind

_ODD_VALUES = (
    "NaN", "-Infinity", " 1 ", "1\x002", "", "{", '"a\\ud800b"', '{"a":1,"a":2}',
    "[" * 70 + "]" * 70, "1e999", "-0", "\ufeff1", "tRue",
    '"a\tb"', b"\xff", None, 1, 2.5, float("inf"),
)  # fmt: skip
_ODD_NAMES = ("", "a.b", 'q"', "nodes", "x_params", "é", "a\n", "\0", b"b", 3, None)


def _said(db: Database) -> list[tuple[str, Any]]:
    return [
        (path, codec.entity_value(Kind.SETTING, path, stored))
        for path, stored in latest.present(db, audit.SHOWN_SETTINGS)
    ]


def _store(db: Database, service: Any, key: Any, value: Any, secret: Any = 0) -> None:
    # what a daemon without constraints may have left
    db.execute_sql(
        "INSERT OR IGNORE INTO settings(service,key,value_json,is_secret) VALUES(?,?,?,?)",
        (service, key, value, secret),
    )


@pytest.mark.parametrize("value", _ODD_VALUES, ids=repr)
def test_odd_values(manager: ConfigManager, value: Any) -> None:
    _store(manager.database, "svc", "plain", '"x"')
    _store(manager.database, "svc", "odd", value)
    assert repr(settings_values.present(manager.database)) == repr(_said(manager.database))


@pytest.mark.parametrize("name", _ODD_NAMES, ids=repr)
def test_odd_names(manager: ConfigManager, name: Any) -> None:
    _store(manager.database, name, "key", "1")
    _store(manager.database, "svc", name, "2")
    assert settings_values.present(manager.database) == _said(manager.database)


@pytest.mark.parametrize("flag", [1, "0", b"\0", "yes", 0.0])
def test_whatever_flags_a_secret_masks_it(manager: ConfigManager, flag: Any) -> None:
    _store(manager.database, "svc", "key", '"hunter2"', flag)
    assert settings_values.present(manager.database) == _said(manager.database)


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda below: st.lists(below) | st.dictionaries(st.text(), below),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_values_of_our_own(values: list[Any]) -> None:
    """What nodedeck writes is read without the expressions, and read alike."""
    stored = []
    for value in values:
        try:
            stored.append(codec.dump(value))
        except ValueError:
            continue
    assert [settings_values.read("svc", "key", 0, text)[1] for text in stored] == [
        codec.load(text) for text in stored
    ]
