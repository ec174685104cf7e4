"""What the wizard's steps are made of, without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.errors import InvalidValue
from store.importing import plan as planning
from store.importing.apply import preview
from store.importing.choices import Choices, Strategy
from store.importing.plan import Action, Role
from tests.store.importing.samples import RUNNING, SETTINGS, places, plan, put, run
from tui.widgets.table_lazy import searchable
from tui.wizard import leaf_dialog, rows
from tui.wizard import tree as trees
from tui.wizard.checking import sentences
from tui.wizard.draft import Draft, decide, decided_of
from tui.wizard.likely import folders, likely_files, offers

FILE = Path("/host/a.yaml")


def test_files_are_offered_once_and_an_unreadable_folder_offers_none(tmp_path: Path) -> None:
    put(tmp_path, "b.YAML", "")
    put(tmp_path, "a.json", "{}")
    (tmp_path / "folder.yaml").mkdir()
    found = likely_files([tmp_path, tmp_path, tmp_path / "absent"])
    assert [path.name for path in found] == ["a.json", "b.YAML"]
    assert tmp_path in folders(tmp_path / "config.yaml", Path("/db/state.db"), Path("/here"))


def test_neither_receipts_nor_copies_nor_other_programs_files_are_offered(tmp_path: Path) -> None:
    config = put(tmp_path, "config.yaml", RUNNING)
    result = run(config, places(tmp_path), rewrite=True)
    assert result.backup is not None
    for name, text in (
        ("pyproject.toml", "[project]\nname='x'\n"),
        ("other.toml", "[tool.ruff]\nline-length = 100\n"),
        ("docker-compose.yml", "services: {}\n"),
        ("report.json", '{"schema": "nodedeck.status/1"}'),
        ("dev.toml", SETTINGS),
        ("broken.yaml", "a: ["),
        ("list.json", "[1]"),
    ):
        put(tmp_path, name, text)
    found = offers(likely_files([tmp_path]))
    assert {each.path.name: each.role for each in found} == {
        "broken.yaml": None,
        "config.yaml": Role.NODE_CONFIG,
        "dev.toml": Role.SETTINGS,
        "list.json": None,
    }
    assert "not YAML" in next(each.fault for each in found if each.path.name == "broken.yaml")
    (named,) = offers([], [tmp_path / "pyproject.toml"])
    assert named.role is Role.SETTINGS
    (gone,) = offers([], [tmp_path / "gone.yaml"])
    assert "no such file" in gone.fault


def test_what_files_differ_on_is_told_as_that_and_not_as_the_databases(tmp_path: Path) -> None:
    texts = {"a.yaml": "nodes: [{id: n, host: one, poc_port: 1}]\n"}
    texts["b.json"] = '[{"id": "n", "host": "two"}]'
    sources = [planning.load(put(tmp_path, name, text)) for name, text in texts.items()]
    made = preview(sources, places(tmp_path))
    assert rows.totals(made) == (
        "2 on which files differ and none is taken, 1 wait in the file for those"
    )
    assert sentences(made, ()) == ["2 values on which files differ: leave one out, or none goes."]
    for leaf in made.rows:
        assert leaf_dialog.who_wins(Choices(), leaf).options == ("as its file", "left out")


def test_a_decision_replaces_the_one_before_it_and_nothing_else() -> None:
    made = decide(Choices(), "a.b", FILE, strategy=Strategy.REPLACE)
    made = decide(made, "a.b", FILE, fix="7")
    made = decide(made, "a.c", FILE, reading="PyYAML")
    assert len(made.rows) == 2
    found = decided_of(made, "a.b", FILE)
    assert (found.strategy, found.fix) == (Strategy.REPLACE, "7")
    made = decide(made, "a.b", FILE, strategy=None, fix=None)
    assert [row.pattern for row in made.rows] == ["a.c"]


def test_a_file_that_is_read_otherwise_loses_its_fixes_and_keeps_who_wins() -> None:
    other = Path("/host/b.yaml")
    draft = Draft(marked=(FILE,))
    draft.choices = decide(draft.choices, "a.b", FILE, fix="7", strategy=Strategy.KEEP)
    draft.choices = decide(draft.choices, "a.b", other, fix="8")
    draft.decide_file(FILE, strategy=Strategy.REPLACE)
    assert decided_of(draft.choices, "a.b", FILE).fix == "7"
    draft.decide_file(FILE, prefix="web")
    found = decided_of(draft.choices, "a.b", FILE)
    assert (found.fix, found.strategy) == (None, Strategy.KEEP)
    assert decided_of(draft.choices, "a.b", other).fix == "8"
    # what is about a file that is not marked waits until it is
    assert [row.file for row in draft.wanted.rows] == [FILE]


def test_secrets_are_sealed_only_while_they_are_the_confirmed_ones(tmp_path: Path) -> None:
    file = put(tmp_path, "svc.yaml", "svc: {port: 1, password: hunter2-and-more}\n")
    draft = Draft(plan=plan(file, places(tmp_path)))
    assert draft.proposed == {"svc.password"}
    assert not draft.seal
    draft.confirmed = draft.proposed
    assert draft.seal
    put(tmp_path, "svc.yaml", "svc: {password: hunter2-and-more, token: hunter3-and-more}\n")
    draft.plan = plan(file, places(tmp_path))
    assert not draft.seal


def test_the_tree_groups_leaves_by_file_and_destination(tmp_path: Path) -> None:
    config = put(
        tmp_path,
        "config.yaml",
        "current_height: 5\napi: {port: 1}\nnodes: [{id: a, poc_port: 70000}]\n",
    )
    service = put(
        tmp_path,
        "svc.yaml",
        'svc: {port: 1, password: hunter2-and-more, grüße: "a\\tb"}\n',
    )
    sources = [planning.load(config), planning.load(service)]
    made = planning.make(sources, planning.nothing)
    tree = trees.tree(trees.by_destination(made))
    headings = [row.cell(1).text for row in tree.rows if row.key in tree.groups]
    assert headings == [
        "config.yaml → stays in file",
        "config.yaml → chain_state",
        "svc.yaml → secret",
        "svc.yaml → settings svc",
    ]
    assert len(tree.leaves) == len(made.rows)
    assert tree.rows.texts == [searchable(row) for row in tree.rows]
    only = trees.tree(trees.by_destination(made, only_changes=True))
    assert {leaf.action for leaf in only.leaves.values()} == {
        Action.REFUSED,
        Action.ADD,
        Action.SEAL,
    }
    key = next(iter(tree.groups))
    folded = trees.tree(trees.by_destination(made), folded=frozenset((key,)))
    assert len(folded.rows) == len(tree.rows) - len(tree.groups[key][1])
    problems, leaves = rows.problems(made)
    assert [row.cell(1).text for row in problems] == ["config.yaml:3:27"]
    assert "config.yaml:3:27 → stays in file: 70000; must be less" in rows.about(*leaves.values())


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        ("text", "text"),
        ("4", '"4"'),
        ("on", "on"),
        ("a, b", '"a, b"'),
        ("", '""'),
        ("x # y", '"x # y"'),
        (4, "4"),
        (None, "null"),
        (["a", 1], '["a", 1]'),
        ("two\nlines", r'"two\nlines"'),
    ],
)
def test_a_value_is_typed_as_yaml_would_read_it_back(value: object, typed: str) -> None:
    assert leaf_dialog.as_typed(value) == typed
    assert leaf_dialog.read_as(typed) == value


@pytest.mark.parametrize("text", ["a, b", "[1", "a: b: c", ""])
def test_what_is_no_single_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        leaf_dialog.read_as(text)
