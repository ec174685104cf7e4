"""Paths mean one thing in Python and in SQL, and every entity has its place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store import paths
from store.errors import UsageError
from store.paths import Address, Home, Kind, Pattern

# what SQLite can hold: any text that has a UTF-8 form
stored_text = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = (
    "",
    "a",
    "node-2.rack4",
    'q"uote',
    "it's",
    "back\\slash",
    "*",
    "a*b",
    " ",
    "\0",
    "nul\0byte",
    "\x01\x08\x09\x0a\x0b\x0c\x0d\x1b\x1f",
    "\x7f\x80\x9b",
    "ünïcode ✓ 𝔘",
    "\u202e\u200b\ufeff\uffff",
    "x'00'",
    "12",
    "-1",
    "_",
    "[a]",
    "%",
    "null",
)


@pytest.fixture(scope="module")
def sqlite() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t(c TEXT)")
        yield db


def in_sql(db: sqlite3.Connection, expression: str, value: object) -> object:
    db.execute("DELETE FROM t")
    db.execute("INSERT INTO t VALUES(?)", (value,))
    return db.execute(f"SELECT {expression} FROM t").fetchone()[0]


# grammar


@given(st.lists(stored_text, min_size=1))
@example(list(HOSTILE))
def test_any_parts_survive_being_joined_and_split(parts: list[str]) -> None:
    assert paths.split(paths.join(*parts)) == tuple(parts)


@given(stored_text)
def test_a_quoted_part_is_one_part_and_printable_on_one_line(part: str) -> None:
    quoted = paths.quote(part)
    assert paths.split(quoted) == (part,)
    assert not {"\n", "\r", "\0", "\x1b"} & set(quoted)


@given(st.text())
def test_any_text_is_a_path_or_refused_with_a_place(text: str) -> None:
    try:
        parts = paths.split(text)
    except UsageError as error:
        assert "is not a path" in error.message
    else:
        assert parts


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        (".", 1),
        ("a.", 3),
        ("a..b", 3),
        ("a b", 2),
        ('"a', 1),
        ('"a"b', 4),
        ("a.x'zz'", 4),
        ("ä", 1),
        ('a."\n"', 3),
    ],
)
def test_a_text_that_is_no_path_is_refused_at_its_place(text: str, place: int) -> None:
    with pytest.raises(UsageError, match=f"character {place}\\."):
        paths.split(text)


def test_a_blob_stands_for_itself() -> None:
    assert paths.split("nodes.x'00FF'.host") == ("nodes", "x'00FF'", "host")


# the same text in SQL


@pytest.mark.parametrize("part", HOSTILE)
def test_sql_writes_the_part_that_python_writes(sqlite: sqlite3.Connection, part: str) -> None:
    assert in_sql(sqlite, paths.part_sql("c"), part) == paths.quote(part)
    expected = paths.quote(f"{part}_params")
    assert in_sql(sqlite, paths.part_sql("c", "_params"), part) == expected


@given(part=stored_text)
def test_sql_and_python_agree_on_any_text(sqlite: sqlite3.Connection, part: str) -> None:
    assert in_sql(sqlite, paths.part_sql("c"), part) == paths.quote(part)
    assert in_sql(sqlite, paths.part_sql("c", "_params"), part) == paths.quote(f"{part}_params")
    assert bool(in_sql(sqlite, paths.reserved_sql("c"), part)) == paths.is_reserved(part)


@pytest.mark.parametrize(
    "root", ["nodes", "api", "settings", "chain_state", "x_params", "_params", "params", "node", ""]
)
def test_sql_and_python_reserve_the_same_roots(sqlite: sqlite3.Connection, root: str) -> None:
    assert bool(in_sql(sqlite, paths.reserved_sql("c"), root)) == paths.is_reserved(root)


def test_a_null_has_no_path_and_a_blob_is_its_literal(sqlite: sqlite3.Connection) -> None:
    assert in_sql(sqlite, paths.part_sql("c"), None) is None
    assert in_sql(sqlite, paths.part_sql("c"), b"\x00\xff") == "x'00FF'"


@pytest.mark.parametrize(
    ("stored", "plain"),
    [
        (1, 1),
        (1.5, 1.5),
        (1.7976931348623157e308, 1.7976931348623157e308),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (b"\x00", "x'00'"),
        (None, None),
        ("t", "t"),
    ],
)
def test_plain_sql_gives_what_json_can_hold(
    sqlite: sqlite3.Connection, stored: object, plain: object
) -> None:
    assert sqlite.execute(f"SELECT {paths.plain_sql('?1')}", (stored,)).fetchone()[0] == plain


# places


@pytest.mark.parametrize(
    ("path", "entity", "kind", "field"),
    [
        ("current_height", "current_height", Kind.CHAIN, ()),
        ("merged_node_config", "merged_node_config", Kind.CHAIN, ()),
        ("chain_state.other", "chain_state.other", Kind.CHAIN, ()),
        ("current_seed", "current_seed", Kind.SEED, ()),
        ("upcoming_seed.signature", "upcoming_seed", Kind.SEED, ("signature",)),
        (
            "validation_params.expiration_blocks",
            "validation_params",
            Kind.PARAMS,
            ("expiration_blocks",),
        ),
        ("_params", "_params", Kind.PARAMS, ()),
        ('"a b_params".c', '"a b_params"', Kind.PARAMS, ("c",)),
        ("node_versions", "node_versions", Kind.VERSIONS, ()),
        ("upgrade_plan.binaries.linux", "upgrade_plan", Kind.UPGRADE, ("binaries", "linux")),
        ("nodes.node1", "nodes.node1", Kind.NODE, ()),
        ('nodes."node-2.rack4".host', 'nodes."node-2.rack4"', Kind.NODE, ("host",)),
        ("nodes.x'00'.host", "nodes.x'00'", Kind.NODE, ("host",)),
        ("nodes.\"x'00'\"", "nodes.\"x'00'\"", Kind.NODE, ()),
        ("x'00'_params", "x'00'_params", Kind.PARAMS, ()),
        ('"system".port', "system.port", Kind.SETTING, ()),
        ('nodes."node1".host', "nodes.node1", Kind.NODE, ("host",)),
        ("api.port", "api.port", Kind.STATIC, ()),
        ("system.network.port", "system.network.port", Kind.SETTING, ()),
        ("settings.api.port", "settings.api.port", Kind.SETTING, ()),
        ("settings.svc.port", "svc.port", Kind.SETTING, ()),
    ],
)
def test_a_path_finds_its_entity(
    path: str, entity: str, kind: Kind, field: tuple[str, ...]
) -> None:
    address = paths.locate(path)
    assert address == Address(entity, kind, field)
    assert address is not None
    assert address.home is (Home.FILE if kind is Kind.STATIC else Home.DATABASE)


@pytest.mark.parametrize(
    "path",
    [
        "nodes",
        "system",
        "settings",
        "settings.api",
        "chain_state",
        "chain_state.a.b",
        "current_height.x",
    ],
)
def test_a_path_that_names_several_values_or_none_has_no_entity(path: str) -> None:
    assert paths.locate(path) is None


def test_a_service_with_a_reserved_name_keeps_clear_of_the_document() -> None:
    assert paths.setting_path("api", "port") == "settings.api.port"
    assert paths.setting_path("svc 1", 'a."b.c"') == '"svc 1".a."b.c"'
    for service in ("api", "x_params", "nodes", "plain", "a.b"):
        address = paths.locate(paths.setting_path(service, "key"))
        assert address is not None
        assert address.kind is Kind.SETTING


# patterns


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("nodes.*.host", "nodes.node1.host", True),
        ("nodes.*.host", 'nodes."node-2.rack4".host', True),
        ("nodes.*.host", "nodes.node1.version", False),
        ("nodes.*.host", "nodes.node1", False),
        ("nodes.node*", "nodes.node1.host", True),
        ("nodes.node*", "nodes.xnode1.host", False),
        ("*_seed.signature", "current_seed.signature", True),
        ("nodes", "nodes.node1.host", True),
        ("*", "anything", True),
        ('nodes."a*"', 'nodes."a\\n.b"', True),
        ("a", "ab", False),
    ],
)
def test_a_pattern_matches_inside_parts_and_all_below(
    pattern: str, path: str, matches: bool
) -> None:
    assert Pattern.parse(pattern).matches(paths.split(path)) is matches


def test_a_pattern_touches_the_entity_that_holds_what_it_names() -> None:
    pattern = Pattern.parse("nodes.*.host")
    assert pattern.touches(("nodes", "node1"))
    assert pattern.touches(("nodes", "node1", "host"))
    assert not pattern.touches(("current_seed",))


@given(st.lists(stored_text, min_size=1, max_size=4), st.data())
def test_a_path_is_a_pattern_for_itself_and_its_star_for_all(
    parts: list[str], data: st.DataObject
) -> None:
    assert Pattern.parse(paths.join(*parts)).matches(parts)
    at = data.draw(st.integers(0, len(parts) - 1))
    starred = ".".join("*" if n == at else paths.quote(part) for n, part in enumerate(parts))
    assert Pattern.parse(starred).matches(parts)


def test_the_nearest_known_paths_come_best_first() -> None:
    known = ["nodes.node1.host", "nodes.node1.version", "current_height"]
    assert paths.nearest("nodes.node1.hots", known)[0] == "nodes.node1.host"
    assert paths.nearest("curent_height", known) == ["current_height"]
    assert paths.nearest("zzz", known) == []
