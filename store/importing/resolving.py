"""What becomes of each candidate: the database, the other files and the choices decide.

A path that two files give different values is a conflict that names both, and neither is taken
until one of them is left out; so it is where one of them does not fit. What several files give
alike, or complete for each other, is one entity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

from store import masks, paths
from store.codec import MASK, leaves_at
from store.errors import InvalidValue, Refused
from store.importing import provider_keys, suspicion
from store.importing.choices import Choices, Strategy
from store.importing.fields import nearest
from store.importing.leaves import field_of, overlaid, same, text_of
from store.importing.rows import Action, Row, Seal, Write
from store.importing.walking import IN_FILE, Candidate, Walked
from store.masks import masked
from store.models import Node
from store.paths import Kind, split
from store.reading import Item, readings


class Absent(Enum):
    """What stands where no entity is; None is a value that a setting can have."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Present = Callable[[str, Kind], Any]
"""The present value of an entity by path, in the shape the document has it, or ABSENT."""
Judge = Callable[[str, Any], None]
"""Raises Refused for a setting that is declared secret, InvalidValue for a value that misfits."""

_DECLARED: Final = "declared a secret"
_THERE: Final = "the database has one and keeps it; it stays in the file"
_KEEPS: Final = "the database has another value and keeps it"
_LEFT_OUT: Final = "left out"
# entities whose fields stand each for itself, so that one can be taken without the others
_MIXED: Final = (Kind.NODE, Kind.PARAMS)
_TAKEN: Final = (Action.ADD, Action.CHANGE, Action.EQUAL, Action.CONFLICT)


class _There(NamedTuple):
    """A candidate, what the database has in its place, and what other files contest of it."""

    one: Candidate
    now: Any
    leaves: Mapping[str, Any]
    contested: Mapping[str, str]


class Resolver:
    """Turns what sources propose into rows, writes and proposals to seal."""

    def __init__(self, present: Present, judge: Judge, choices: Choices) -> None:
        self._present, self._judge, self._choices = present, judge, choices
        self.rows: list[Row] = []
        self.writes: dict[str, Write] = {}
        self.seals: dict[str, Seal] = {}
        self._groups: dict[str, list[Candidate]] = {}
        self._misfits: dict[str, list[Candidate]] = {}
        self._node_keys: list[tuple[Walked, Candidate]] = []
        self._walked: Walked
        self._made: dict[str, Any] = {}

    def resolve(self, sources: Iterable[Walked]) -> None:
        """Decide about everything that the sources propose."""
        every = list(sources)
        for walked in every:
            for step in walked.steps:
                if isinstance(step, Candidate):
                    self._groups.setdefault(step.path, []).append(step)
            for misfit in walked.misfits:
                self._misfits.setdefault(misfit.path, []).append(misfit)
        for walked in every:
            self._walked = walked
            for step in walked.steps:
                if isinstance(step, Row):
                    self.rows.append(step)
                elif step.kind is Kind.PROVIDER and step.provider is not None:
                    self._provider(step, step.provider)
                elif step.kind is Kind.NODE_KEY:
                    self._node_keys.append((walked, step))
                elif step.secret:
                    address = paths.locate(step.path)
                    entity = address.entity if address is not None else step.path
                    self._propose(step, step.secret, self._present(entity, step.kind))
                elif step.kind is Kind.SETTING:
                    self._setting(step)
                else:
                    self._entity(step, self._present(step.path, step.kind))

        for walked, step in self._node_keys:
            self._walked = walked
            self._node_key(step)

    def _node_key(self, one: Candidate) -> None:
        """Propose a node's security key, once it is known which nodes there will be."""
        node = paths.join(*split(one.path)[:2])
        if node not in self.writes and self._present(node, Kind.NODE) is ABSENT:
            why = "there will be no node of that id; it stays in that database"
            self._row(one, one.path, MASK, Action.STAY, why=why)
        else:
            self._propose(one, one.secret, self._present(one.path, one.kind))

    def _setting(self, one: Candidate) -> None:
        now = self._present(one.path, Kind.SETTING)
        try:
            why = self._why_secret(one, now)
        except InvalidValue as misfit:
            reason = misfit.message.removeprefix(f"{one.path}: ")
            reason = f"{reason.removesuffix('; nothing was changed.')}; {IN_FILE}"
            self._row(one, one.path, one.value, Action.REFUSED, why=reason)
            return
        if why:
            self._propose(one, why, now)
        else:
            self._entity(one, now)

    def _why_secret(self, one: Candidate, now: Any) -> str:
        """Why a setting is a secret, if it is; raises InvalidValue for one that breaks its rule.

        One that only looks random is none where the database has it in clear: somebody decided.
        """
        parts = split(one.path)
        why = suspicion.why(parts, one.value)
        if why == suspicion.BY_LOOK or (why and now in (ABSENT, MASK)):
            return why
        strategy = self._strategy(one, parts)
        if strategy is Strategy.KEEP or (now is not ABSENT and strategy is Strategy.MERGE):
            judged = False  # what is there stays
        else:
            judged = True
        try:
            self._judge(one.path, one.value)
        except Refused:
            return _DECLARED
        except InvalidValue:
            if judged:
                raise
        return ""

    def _propose(self, one: Candidate, why: str, now: Any) -> None:
        """Propose a secret to be sealed, unless the database has one there that it keeps."""
        parts = split(one.path)
        strategy = self._strategy(one, parts)
        keeps = now is not ABSENT and strategy is Strategy.MERGE
        if one.value in ("", None):
            self._row(one, one.path, MASK, Action.STAY, why="no value")
        elif strategy is Strategy.KEEP:
            self._row(one, one.path, MASK, Action.SKIP, why=f"{_LEFT_OUT}; {IN_FILE}")
        elif others := self._others(one):
            self._row(one, one.path, MASK, Action.CONFLICT, why=others, contested=True)
        elif keeps:
            self._row(one, one.path, MASK, Action.STAY, why=_THERE)
        else:
            self._row(one, one.path, MASK, Action.SEAL, why=why)
            at = (one.key,) if one.key else ()
            self._seal(Seal(one.path, one.value, at, one.beside, one.source.path))
        self._walked.held(one.key)  # what is sealed leaves the file where it is decided

    def _seal(self, seal: Seal) -> None:
        # of two files that have the same secret, each may lose its copy
        self.seals[f"{seal.file}:{seal.path}"] = seal

    def _provider(self, one: Candidate, provider: provider_keys.Provider) -> None:
        strategy = self._strategy(one, split(one.path))
        kept, action = "", Action.STAY
        if strategy is Strategy.KEEP:
            kept, action = f"{_LEFT_OUT}; {IN_FILE}", Action.SKIP
        elif others := self._others(one):
            kept, action = others, Action.CONFLICT
        elif strategy is Strategy.MERGE and self._present(one.path, one.kind) is not ABSENT:
            kept = "the database has this provider and keeps it; it stays in the file"
        file = one.source.path
        rows, seal = provider_keys.planned(provider, one.path, file, kept=kept, action=action)
        self.rows += rows
        if seal is not None:
            self._seal(seal)

    def _strategy(self, one: Candidate, parts: tuple[str, ...]) -> Strategy:
        return self._choices.strategy_of(one.source.path, parts)

    def _others(self, one: Candidate) -> str:
        """Why a value that goes whole is contested by another file, empty where it is not."""
        for other in self._groups[one.path]:
            if other is one or self._strategy(other, split(other.path)) is Strategy.KEEP:
                continue
            if _comparable(other) != _comparable(one):
                return _between(one.item, one, other.item, other)
        return ""

    def _entity(self, one: Candidate, now: Any) -> None:
        """Rows for each leaf of an entity, and the write where one is needed."""
        value = one.value
        if one.said is not None and "is_enabled" not in one.said and isinstance(now, dict):
            # legacy files do not know the switch: what the operator set stays set
            value = {**value, "is_enabled": now.get("is_enabled", True)}
        if one.kind in (Kind.NODE, Kind.UPGRADE) and now is not ABSENT:
            value = masks.restored(split(one.path), value, now)  # an export shows masks
        mine = self._said(one, leaves_at(one.path, value))
        theirs = {} if now is ABSENT else leaves_at(one.path, now)
        strategies = self._strategies(one, mine)
        contested = self._contested(one)
        there = _There(one, now, theirs, contested)
        taken: set[str] = set()
        stays = False
        for leaf, wanted in mine.items():
            action, why = self._fate(there, leaf, wanted, strategies[leaf])
            waits = action in (Action.CONFLICT, Action.SKIP) and bool(contested)
            waits = waits and strategies[leaf] is not Strategy.KEEP
            self._row(one, leaf, wanted, action, now=theirs.get(leaf), why=why, contested=waits)
            if action in (Action.ADD, Action.CHANGE):
                taken.add(leaf)
            stays |= bool(contested) or (action is Action.SKIP and leaf not in theirs)
        if stays:
            self._walked.held(one.key)
        if contested or self._gives_nothing(one, now, strategies.values(), taken):
            return
        chosen = {leaf: mine[leaf] for leaf in mine if leaf in taken}
        self._write(one, self._mixed(one, value, now, chosen, set(strategies.values())), now)

    def _said(self, one: Candidate, leaves: dict[str, Any]) -> dict[str, Any]:
        """The leaves that the file names; an empty stack of versions says that there is none."""
        if one.said is None:
            return leaves
        return {leaf: each for leaf, each in leaves.items() if field_of(leaf, one.path) in one.said}

    def _strategies(self, one: Candidate, leaves: Mapping[str, Any]) -> dict[str, Strategy]:
        """Who wins at each leaf; of what goes whole, a decision about one leaf is one about all."""
        if not self._choices.rows:
            return dict.fromkeys(leaves, self._strategy(one, ()))
        found = {leaf: self._strategy(one, split(leaf)) for leaf in leaves}
        if one.kind in _MIXED:
            return found
        usual = self._choices.of(one.source.path).strategy or self._choices.strategy
        decided = next((each for each in found.values() if each is not usual), usual)
        return dict.fromkeys(leaves, decided)

    def _fate(
        self, there: _There, leaf: str, wanted: Any, strategy: Strategy
    ) -> tuple[Action, str]:
        """What happens to a leaf, and why."""
        one, now, theirs, contested = there.one, there.now, there.leaves, there.contested
        if strategy is not Strategy.KEEP and leaf in contested:
            return Action.CONFLICT, contested[leaf]
        if leaf in theirs and same(wanted, theirs[leaf]):
            return Action.EQUAL, ""
        if one.kind is Kind.VERSIONS and not wanted and now is ABSENT:
            return Action.EQUAL, "an empty stack"
        if strategy is Strategy.KEEP:
            home = "the database keeps its own" if leaf in theirs else IN_FILE
            return Action.SKIP, f"{_LEFT_OUT}; {home}"
        if contested:
            return Action.SKIP, f"{IN_FILE} with {next(iter(contested))}, on which files differ"
        fills = one.kind is Kind.PARAMS and isinstance(now, dict)
        fills = fills and field_of(leaf, one.path) not in now
        if now is ABSENT or strategy is Strategy.REPLACE or fills:
            return (Action.CHANGE if leaf in theirs else Action.ADD), ""
        return Action.CONFLICT, _KEEPS

    def _contested(self, one: Candidate) -> dict[str, str]:
        """The leaves to which another file gives another value, each with both places."""
        group, misfits = self._groups[one.path], self._misfits.get(one.path, ())
        if len(group) == 1 and not misfits:
            return {}
        group = [*group, *misfits]
        told: dict[str, str] = {}
        first: dict[str, tuple[Any, Candidate]] = {}
        for other in group:
            leaves = self._said(other, leaves_at(other.path, other.value))
            strategies = self._strategies(other, leaves)
            for leaf, value in leaves.items():
                if strategies[leaf] is Strategy.KEEP:
                    continue
                known, holder = first.setdefault(leaf, (value, other))
                if holder is not other and not same(known, value):
                    places = (nearest(each.item, leaf, one.path) for each in (holder, other))
                    told.setdefault(leaf, _between(next(places), holder, next(places), other))
        return told

    def _gives_nothing(
        self, one: Candidate, now: Any, strategies: Iterable[Strategy], taken: set[str]
    ) -> bool:
        if one.kind is Kind.VERSIONS and now is ABSENT and not one.value["versions"]:
            return True
        if taken:
            return False
        whole = all(each is Strategy.REPLACE for each in strategies)
        kept = any(each is Strategy.KEEP for each in strategies)
        return kept if now is ABSENT else not whole

    def _mixed(
        self, one: Candidate, value: Any, now: Any, chosen: Mapping[str, Any], by: set[Strategy]
    ) -> Any:
        """The entity as it will be: the file's, or the chosen leaves upon what is there.

        What an earlier file of the import made of it is there already.
        """
        base = self._made.get(one.path, now)
        if one.path not in self._made:
            if Strategy.KEEP not in by if now is ABSENT else by == {Strategy.REPLACE}:
                return value
            if now is ABSENT:
                base = _empty(one)
        if one.kind not in _MIXED or not isinstance(base, dict):
            return value
        return overlaid(base, one.path, chosen)

    def _write(self, one: Candidate, value: Any, now: Any) -> None:
        self._made[one.path] = value
        if differ(one.path, value, now):
            self.writes[one.path] = Write(one.path, one.kind, value)

    def _row(
        self,
        one: Candidate,
        leaf: str,
        wanted: Any,
        action: Action,
        *,
        now: Any = None,
        why: str,
        contested: bool = False,
    ) -> None:
        place, tree = nearest(one.item, leaf, one.path), self._walked.tree
        parts, read = split(leaf), readings(place)
        if action is Action.REFUSED:
            self._walked.held(one.key)
        self.rows.append(
            Row(
                leaf,
                masked(parts, wanted),
                action,
                None if now is None else masked(parts, now),
                place.line,
                why,
                tuple(f"{each.reader}: {each.kind} {each.text}" for each in read) if read else (),
                one.source.path,
                place.column,
                one.kind,
                tree.read_as[id(place)][1] if id(place) in tree.read_as else "",
                id(place) in tree.fixed,
                one.key,
                contested,
                text_of(place, wanted),
            )
        )


def differ(path: str, value: Any, now: Any) -> bool:
    """Whether an entity's value is another than the present one, or there is none yet."""
    return now is ABSENT or (value != now and leaves_at(path, value) != leaves_at(path, now))


def _empty(one: Candidate) -> Any:
    """What an entity of which only parts are taken begins as."""
    if one.kind is not Kind.NODE:
        return {}
    value = Node(id="-").model_dump(mode="json")
    del value["id"]
    return value


def _comparable(one: Candidate) -> Any:
    if one.provider is None:
        return (type(one.value), one.value)
    items = (one.provider.key, one.provider.base_url, one.provider.model)
    return tuple(item.value if item is not None else None for item in items)


def _between(mine: Item, one: Candidate, yours: Item, other: Candidate) -> str:
    places = sorted((_place(mine, one), _place(yours, other)))
    return (
        f"{' and '.join(places)} give it different values; neither is taken until one is left out"
    )


def _place(item: Item, one: Candidate) -> str:
    return f"{one.source.path}:{item.line}" if item.line else str(one.source.path)
