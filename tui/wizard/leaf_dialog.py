"""The dialog of one leaf of a plan: who wins, whose reading counts, and another value for it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from store import paths
from store.codec import MASK, shown
from store.errors import BadDocument, InvalidValue
from store.importing.choices import Choices, Strategy
from store.importing.plan import Action, Plan
from store.importing.plan import Row as Leaf
from store.reading import read, to_python
from tui.editing.specs import FieldKind, FieldSpec
from tui.wizard.bench import Bench
from tui.wizard.deciding import DecideScreen
from tui.wizard.draft import decide, decided_of
from tui.wizard.rows import home, place, why

_AS_FILE: Final = "as its file"
_LEFT_OUT: Final = "left out"
_WINS: Final[dict[str, Strategy | None]] = {
    _AS_FILE: None,
    "database": Strategy.MERGE,
    "file": Strategy.REPLACE,
    _LEFT_OUT: Strategy.KEEP,
}
_GO: Final = "Go"


def dialog(bench: Bench, leaf: Leaf) -> DecideScreen:
    """The dialog of a leaf; what is decided in it is planned before it closes."""
    fields = [who_wins(bench.draft.choices, leaf)]
    if leaf.readings:
        fields.insert(0, _reading(leaf))
    if leaf.value != MASK and (leaf.kind is not None or leaf.fixed):
        fix = _fix(leaf)
        fields = [fix, *fields] if leaf.action is Action.REFUSED else [*fields, fix]
    return DecideScreen(leaf.path, _facts(leaf), fields, _deciding(bench, leaf))


def _facts(leaf: Leaf) -> list[str]:
    facts = [f"{place(leaf)}  {leaf.action}, {home(leaf)}", f"in the file   {leaf.shown}"]
    if leaf.present is not None:
        facts.append(f"database now  {shown(leaf.present)}")
    return [*facts, told] if (told := why(leaf)) else facts


def who_wins(choices: Choices, leaf: Leaf) -> FieldSpec:
    """The field of who wins at a leaf; between files it is who is left out, whoever else wins."""
    chosen = decided_of(choices, leaf.path, leaf.file).strategy
    now = next(told for told, strategy in _WINS.items() if strategy is chosen)
    offered = (_AS_FILE, _LEFT_OUT) if leaf.contested else tuple(_WINS)
    offered = offered if now in offered else (*offered, now)
    return FieldSpec("strategy", "who wins", FieldKind.SELECT, now, str, offered)


def _reading(leaf: Leaf) -> FieldSpec:
    reader = leaf.reading or _GO
    now = next((told for told in leaf.readings if told.startswith(f"{reader}:")), "")
    # one that the daemon cannot read has no reading of its
    now = now or f"{reader}: does not fit"
    options = tuple(dict.fromkeys((now, *leaf.readings)))
    return FieldSpec("reading", "read as", FieldKind.SELECT, now, str, options)


def _fix(leaf: Leaf) -> FieldSpec:
    hint = "stands for the file's; text that looks like a number in quotes"
    return FieldSpec(
        "fix", "another value", FieldKind.TEXT, leaf.text or as_typed(leaf.value), _judge, (), hint
    )


def as_typed(value: Any) -> str:
    """A value as one types it for YAML: plain where that means the same, else as JSON writes it."""
    if isinstance(value, str) and value and "\n" not in value:
        try:
            if read_as(value) == value:
                return value
        except InvalidValue:
            pass  # then it needs its quotes
    return json.dumps(value, ensure_ascii=False)


def _judge(text: str) -> object:
    return read_as(text)


def read_as(text: str) -> Any:
    """What a text is as one YAML value in a list; raises InvalidValue where it is none or more."""
    try:
        found = to_python(read(f"[{text}\n]".encode(), "the value", "yaml"))
    except BadDocument:
        raise InvalidValue("is no value that YAML can read") from None
    if len(found) != 1:
        raise InvalidValue("must be one value: text with a comma or a # in it stands in quotes")
    return found[0]


def _deciding(
    bench: Bench, leaf: Leaf
) -> Callable[[Mapping[str, str]], Awaitable[tuple[str, str]]]:
    async def deciding(texts: Mapping[str, str]) -> tuple[str, str]:
        decided: dict[str, Any] = {}
        if "strategy" in texts:
            decided["strategy"] = _WINS[texts["strategy"]]
        if "reading" in texts:
            decided["reading"] = texts["reading"].partition(":")[0]
        if "fix" in texts:
            decided["fix"] = texts["fix"]
        before = bench.draft.choices
        fault = await bench.decide(decide(before, leaf.path, leaf.file, **decided))
        field = "fix" if "fix" in texts else next(iter(texts))
        if not fault and "fix" in texts:
            fault = _still_refused(bench.draft.made, leaf)
        if fault:
            await bench.decide(before)
            return field, fault.removeprefix(f"{leaf.path}: ")
        return "", ""

    return deciding


def _still_refused(plan: Plan, leaf: Leaf) -> str:
    """Why a fixed value does not fit either, empty where it does."""
    parts = paths.split(leaf.path)
    for row in plan.refused:
        inside = paths.split(row.path)[: len(parts)] == parts
        if row.file == leaf.file and row.fixed and inside:
            return row.reason.removesuffix("; it stays in the file")
    return ""
