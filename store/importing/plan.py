"""What an import would do: for every leaf of the file where it goes, and what stands there now.

A plan is made without changing anything. ``merge``, the default, fills what is missing and leaves
what differs to the database; ``replace`` lets the file win.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from store import files, masks, paths
from store.codec import MASK
from store.errors import BadDocument, InvalidValue, Refused, UsageError
from store.importing import provider_keys, suspicion
from store.importing.fields import Fields, leaves_of, nearest
from store.importing.leaves import field_of, leaves, same
from store.importing.rows import Action, Role, Row, Seal, Strategy, Write
from store.masks import masked
from store.paths import CHAIN_VALUES, PARAMS_SUFFIX, SEED_PATHS, STATIC_ROOTS, Kind, join
from store.reading import Format, Item, guess_format, read, readings, to_python
from store.static_file import is_dynamic

__all__ = ["Action", "Plan", "Role", "Row", "Seal", "Source", "Strategy", "Write"]

_IN_FILE: Final = "it stays in the file"
_MASKED: Final = "the mask of an export; what the database has there stays"
_DECLARED: Final = "declared a secret"
_THERE: Final = "the database has one and keeps it; it stays in the file"


@dataclass(frozen=True, slots=True)
class Source:
    """A legacy file as it was read; ``digest`` is the SHA-256 of its bytes."""

    path: Path
    data: bytes
    format: Format
    root: Item
    role: Role
    prefix: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hex."""
        return files.digest(self.data)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every leaf with its fate, the entities to write, and what can be cut out of the file.

    ``seals`` are the secrets that could be sealed: proposals until ``decided``. ``seen`` is the
    moment of the database that it was made against, see ``standing.moment``.
    """

    source: Source
    strategy: Strategy
    rows: tuple[Row, ...]
    writes: tuple[Write, ...]
    movable: tuple[tuple[str, ...], ...] = field(default=())
    seals: tuple[Seal, ...] = ()
    seen: tuple[object, ...] | None = None

    @property
    def totals(self) -> dict[str, int]:
        """How many leaves each action concerns."""
        found = Counter(row.action for row in self.rows)
        return {str(action): found[action] for action in Action}

    def decided(self, *, seal: bool) -> Plan:
        """The plan with its secrets sealed and cut out of the file, or left there as they are."""
        if seal:
            taken = tuple(at for each in self.seals for at in each.at)
            return replace(self, movable=(*self.movable, *taken))
        rows = tuple(
            replace(row, action=Action.STAY, reason=f"{row.reason}; {_IN_FILE}")
            if row.action is Action.SEAL
            else row
            for row in self.rows
        )
        return replace(self, rows=rows, seals=())


class Absent(Enum):
    """What stands where no entity is; None is a value that a setting can have."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Present = Callable[[str, Kind], Any]
"""The present value of an entity by path, in the shape the document has it, or ABSENT."""


def nothing(_path: str, _kind: Kind) -> Absent:
    """The present values of a database that is yet to be made."""
    return ABSENT


Judge = Callable[[str, Any], None]
"""Raises Refused for a setting that is declared secret, InvalidValue for a value that misfits."""


def anything(_path: str, _value: Any) -> None:
    """The judge of a database in which nothing is declared."""


def load(path: Path, *, role: Role | None = None, prefix: str = "") -> Source:
    """Read a legacy file; raises BadDocument with the place of the fault."""
    return source(path, files.read(path), role=role, prefix=prefix)


def source(path: Path, data: bytes, *, role: Role | None = None, prefix: str = "") -> Source:
    """A legacy file's bytes as read; raises BadDocument as ``load`` does."""
    kind = guess_format(path.name, data)
    root = read(data, str(path), kind)
    if root.kind == "null":
        raise BadDocument("the file holds nothing to import; nothing was changed.", file=str(path))
    return Source(path, data, kind, root, role or guess_role(root, path), prefix)


def guess_role(root: Item, path: Path) -> Role:
    """What a file looks like; raises BadDocument where it looks like nothing known."""
    if root.kind == "list" and provider_keys.is_one(root, path):
        return Role.PROVIDERS
    if root.kind == "list" and all("id" in element.entries for element in root.elements):
        return Role.NODE_LIST
    if root.kind != "map":
        raise BadDocument(
            "the file must be a mapping of keys, or a list of nodes that each have an id;"
            " nothing was changed.",
            file=str(path),
            line=root.line,
            column=root.column,
        )
    names = root.entries.keys()
    if provider_keys.is_one(root, path):
        return Role.PROVIDERS
    typical = any(map(is_dynamic, names)) or {"chain_node", "ml_node_key_config"} & names
    return Role.NODE_CONFIG if typical or names <= set(STATIC_ROOTS) else Role.SETTINGS


def make(
    source: Source,
    present: Present,
    strategy: Strategy = Strategy.MERGE,
    judge: Judge = anything,
) -> Plan:
    """Plan an import; raises BadDocument or UsageError where the file must be refused."""
    builder = _Builder(source, present, strategy, judge)
    if source.role is Role.NODE_CONFIG:
        builder.node_config(source.root)
    elif source.role is Role.NODE_LIST:
        builder.nodes(source.root, ())
    elif source.role is Role.PROVIDERS:
        builder.providers(source.root)
    else:
        builder.settings(source.root)
    return Plan(
        source,
        strategy,
        tuple(builder.rows),
        tuple(builder.writes),
        tuple(builder.movable),
        tuple(builder.seals),
    )


class _Builder:
    """Collects a plan's rows, writes and movable keys while walking one file."""

    def __init__(self, source: Source, present: Present, strategy: Strategy, judge: Judge) -> None:
        self.source, self.present, self.strategy, self.judge = source, present, strategy, judge
        self.fields = Fields(str(source.path))
        self.rows: list[Row] = []
        self.writes: list[Write] = []
        self.movable: list[tuple[str, ...]] = []
        self.seals: list[Seal] = []
        self._placed: dict[tuple[str, ...], bool] = {}

    def node_config(self, root: Item) -> None:
        for name, item in self.fields.entries(root, "the file").items():
            if is_dynamic(name):
                self._dynamic(name, item)
            else:
                why = "static key" if name in STATIC_ROOTS else "not a key of the database"
                self._stay(item, (name,), why)

    def _dynamic(self, name: str, item: Item) -> None:
        known_gaps = len(self.fields.unknown)
        if name == "nodes":
            self.nodes(item, (name,))
            return
        if item.kind == "null" and name not in CHAIN_VALUES:
            self.movable.append((name,))
            self._row(Row(name, None, Action.EQUAL, line=item.line, reason="nothing there"))
            return
        if name in CHAIN_VALUES:
            self._entity(name, Kind.CHAIN, self.fields.chain(name, item), item)
        elif name in SEED_PATHS:
            seed = self.fields.seed(item, name)
            self._entity(name, Kind.SEED, seed.model_dump(), item)
        elif name == "node_versions":
            stack = self.fields.versions(item, name)
            if stack.versions or self.present(name, Kind.VERSIONS) is not ABSENT:
                self._entity(name, Kind.VERSIONS, stack.model_dump(mode="json"), item)
            else:
                self._row(Row(name, [], Action.EQUAL, line=item.line, reason="an empty stack"))
        elif name == "upgrade_plan":
            plan = self.fields.upgrade(item, name)
            self._entity(name, Kind.UPGRADE, plan.model_dump(), item)
        else:
            kind = name.removesuffix(PARAMS_SUFFIX)
            self._entity(paths.quote(name), Kind.PARAMS, self.fields.params(kind, item, name), item)
        self._movable(name, known_gaps)

    def nodes(self, item: Item, at: tuple[str, ...]) -> None:
        known_gaps = len(self.fields.unknown)
        for node_id, (node, place) in self.fields.nodes(item).items():
            value = node.model_dump(mode="json")
            del value["id"]
            path = join("nodes", node_id)
            now = self.present(path, Kind.NODE)
            if isinstance(now, dict) and "is_enabled" not in place.entries:
                # legacy files do not know the switch: what the operator set stays set
                value["is_enabled"] = now.get("is_enabled", True)
            self._entity(path, Kind.NODE, value, place, said=place.entries.keys())
        if at:
            self._movable(at[0], known_gaps)
        else:
            self._name_unknown(known_gaps)

    def settings(self, root: Item) -> None:
        for name, item in self.fields.entries(root, "the file").items():
            parts = (name,) if item.kind == "map" else (self.source.path.stem, name)
            if self.source.prefix:
                parts = (self.source.prefix, name)
            if paths.is_reserved(parts[0]):
                raise UsageError(
                    f"{self.source.path}:{item.line}: {parts[0]!r} is a name of the node"
                    " configuration, so no service can have it; nothing was changed.",
                    hint="Put its settings under another service with --prefix NAME.",
                )
            self._settings_below(item, (name,), parts)

    def _settings_below(self, item: Item, at: tuple[str, ...], parts: tuple[str, ...]) -> None:
        if item.kind == "map" and item.entries:
            for name, below in item.entries.items():
                self._settings_below(below, (*at, name), (*parts, name))
            return
        value = to_python(item)
        if len(parts) == 1:
            reason = "an empty service"
            self._row(Row(join(*parts), value, Action.STAY, line=item.line, reason=reason))
        elif value == MASK:
            self._row(Row(join(*parts), MASK, Action.STAY, line=item.line, reason=_MASKED))
        else:
            path, plain = join(*parts), self.fields.plain(item, join(*parts))
            self._place(parts, item)
            now = self.present(path, Kind.SETTING)
            if why := self._why_secret(parts, plain, item, now):
                self._propose(Seal(path, plain, (at,)), item, why, now)
            else:
                self._entity(path, Kind.SETTING, plain, item)
                self.movable.append(at)

    def _why_secret(self, parts: tuple[str, ...], value: Any, item: Item, now: Any) -> str:
        """Why a setting is a secret, if it is; refuses the file for a value that breaks its rule.

        One that only looks random is none where the database has it in clear: somebody decided.
        """
        why = suspicion.why(parts, value)
        if why == suspicion.BY_LOOK or (why and now in (ABSENT, MASK)):
            return why
        try:
            self.judge(join(*parts), value)
        except Refused:
            return _DECLARED
        except InvalidValue as misfit:
            if now is not ABSENT and self.strategy is Strategy.MERGE:
                return ""  # what is there stays
            raise BadDocument(
                misfit.message, file=str(self.source.path), line=item.line, column=item.column
            ) from None
        return ""

    def _propose(self, seal: Seal, item: Item, why: str, now: Any) -> None:
        """Propose a secret to be sealed, unless the database has one there that it keeps."""
        if seal.value in ("", None) or (now is not ABSENT and self.strategy is Strategy.MERGE):
            reason = _THERE if seal.value else "no value"
            self._row(Row(seal.path, MASK, Action.STAY, line=item.line, reason=reason))
            return
        self._row(Row(seal.path, MASK, Action.SEAL, line=item.line, reason=why))
        self.seals.append(seal)

    def providers(self, root: Item) -> None:
        if root.kind != "map" and not any(one.key for one in provider_keys.providers(root)):
            why = (
                "must be a mapping of providers, or a list of them that each have a name and a key"
            )
            raise self.fields.fault(root, "the file", why)
        for provider in provider_keys.providers(root):
            path = join(paths.PROVIDERS_ROOT, provider.name)
            there = self.present(path, Kind.PROVIDER) is not ABSENT
            keeps = there and self.strategy is Strategy.MERGE
            rows, seal = provider_keys.planned(provider, path, keeps=keeps)
            self.rows += rows
            self.seals += [seal] if seal else []
        self.rows += provider_keys.others(root)

    def _place(self, parts: tuple[str, ...], item: Item) -> None:
        """Note that a setting stands at a path; refuses a path that is taken or inside another."""
        above = [parts[:length] for length in range(1, len(parts))]
        if parts in self._placed or any(self._placed.get(path, False) for path in above):
            path = join(*parts)
            why = "two values of the file would stand at this path, or one inside the other"
            raise self.fields.fault(item, path, why)
        self._placed |= {**dict.fromkeys(above, False), parts: True}

    def _entity(self, path: str, kind: Kind, value: Any, item: Item, *, said: Any = None) -> None:
        """Rows for each leaf of an entity, and the write where one is needed."""
        now = self.present(path, kind)
        if kind in (Kind.NODE, Kind.UPGRADE) and now is not ABSENT:
            value = masks.restored(paths.split(path), value, now)  # an export shows masks
        mine, theirs = leaves(path, value), {} if now is ABSENT else leaves(path, now)
        wins = now is ABSENT or self.strategy is Strategy.REPLACE
        # parameters stand each for itself, so that one the database lacks can be filled in
        fills = not wins and kind is Kind.PARAMS and isinstance(now, dict)
        if fills:
            value = {**value, **now}
        for leaf, wanted in mine.items():
            place = nearest(item, leaf, path)
            if said is not None and field_of(leaf, path) not in said:
                continue
            stands = theirs.get(leaf)
            action = Action.EQUAL if leaf in theirs and same(wanted, stands) else None
            if action is None:
                filled = fills and field_of(leaf, path) not in now
                there = Action.CHANGE if leaf in theirs else Action.ADD
                action = there if wins or filled else Action.CONFLICT
            notes = tuple(f"{r.reader}: {r.kind} {r.text}" for r in readings(place))
            why = "the database has another value and keeps it" if action is Action.CONFLICT else ""
            new, old = (masked(paths.split(leaf), each) for each in (wanted, stands))
            self._row(Row(leaf, new, action, old, place.line, why, notes))
        if (wins or fills) and differ(path, value, now):
            self.writes.append(Write(path, kind, value))

    def _stay(self, item: Item, parts: tuple[str, ...], reason: str) -> None:
        for below, leaf in leaves_of(item, parts):
            value = to_python(leaf)
            secret = suspicion.why(below, value)
            home = "the daemon reads it there" if below[0] in STATIC_ROOTS else _IN_FILE
            why = f"{secret}; {home}" if secret else reason
            value = MASK if secret == suspicion.BY_CHANCE else masked(below, value)
            self._row(Row(join(*below), value, Action.STAY, line=leaf.line, reason=why))

    def _movable(self, name: str, known_gaps: int) -> None:
        """A key can leave the file where the database took all of it."""
        if not self._name_unknown(known_gaps):
            self.movable.append((name,))

    def _name_unknown(self, known_gaps: int) -> bool:
        new = self.fields.unknown[known_gaps:]
        for gap in new:
            parts, value = paths.split(gap.path), to_python(gap.item)
            why = suspicion.BY_LOOK if masks.holds_secret(parts, value) else "no field takes it"
            reason = f"{why}; it stays in the file, and so does the key around it"
            value = masked(parts, value)
            self._row(Row(gap.path, value, Action.STAY, line=gap.item.line, reason=reason))
        return bool(new)

    def _row(self, row: Row) -> None:
        self.rows.append(row)


def differ(path: str, value: Any, now: Any) -> bool:
    """Whether an entity's value is another than the present one, or there is none yet."""
    return now is ABSENT or (value != now and leaves(path, value) != leaves(path, now))


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as ``nodedeck import plan --json`` prints it."""
    return {
        "schema": "nodedeck.import.plan/1",
        "file": str(plan.source.path),
        "digest": plan.source.digest,
        "role": str(plan.source.role),
        "strategy": str(plan.strategy),
        "totals": plan.totals,
        "items": [row.as_json() for row in plan.rows],
    }
