"""From a source's tree to what it proposes: entities, settings, secrets, and rows of the rest.

Walking knows the shapes of files and nothing of the database. What does not fit is a refused row
with its place, and everything around it goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from store import masks, paths
from store.codec import MASK
from store.errors import BadDocument, UsageError
from store.importing import kept_beside, misfits, provider_keys, suspicion
from store.importing.choices import Role
from store.importing.fields import Fault, Fields, Unfit, leaves_of
from store.importing.leaves import text_of
from store.importing.mending import Mended, setting_parts
from store.importing.misfits import Reader
from store.importing.provider_keys import Provider
from store.importing.rows import Action, Row
from store.importing.sources import Source
from store.masks import masked
from store.paths import CHAIN_VALUES, PARAMS_SUFFIX, SEED_PATHS, STATIC_ROOTS, Kind, join
from store.reading import Item, to_python
from store.sealing.places import NOTHING, Beside
from store.static_file import is_dynamic

Key = tuple[str, ...]

IN_FILE = "it stays in the file"
_SEALED_THERE = "a secret of that database"
_MASKED = "the mask of an export; what the database has there stays"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that a source proposes.

    ``item`` is what it was read from, ``key`` the key of the file that holds it, empty where none
    could be cut out. ``said`` are the fields that the file names, None where it is all of them.
    ``secret`` marks what another database has sealed, with what stands ``beside`` it.
    """

    source: Source
    path: str
    kind: Kind
    value: Any = field(repr=False)
    item: Item = field(repr=False)
    key: Key = ()
    said: frozenset[str] | None = None
    provider: Provider | None = None
    secret: str = ""
    beside: Beside = NOTHING


@dataclass(slots=True)
class Walked:
    """What one source proposes, in its order; ``whole`` says which keys nothing holds back.

    ``misfits`` are the entities that it refuses: none of them is taken, but another file may differ
    from what can be read of them.
    """

    source: Source
    tree: Mended
    steps: list[Row | Candidate] = field(default_factory=list)
    misfits: list[Candidate] = field(default_factory=list)
    whole: dict[Key, bool] = field(default_factory=dict)

    def held(self, key: Key) -> None:
        """Note that a key of the file holds something that has to stay."""
        if key:
            self.whole[key] = False


Places = dict[tuple[str, ...], tuple[bool, Path, int]]
"""Where settings stand, over all sources: whether a value, and the first file and line."""


def walk(source: Source, tree: Mended, places: Places) -> Walked:
    """What a source proposes; raises BadDocument where its role does not fit it at all.

    Raises UsageError where a service would have a reserved name.
    """
    walker = _Walker(source, tree, places)
    root = tree.root
    if source.role is Role.NODE_CONFIG:
        walker.node_config(root)
    elif source.role is Role.NODE_LIST:
        walker.nodes(root, ())
    elif source.role is Role.PROVIDERS:
        walker.providers(root)
    elif source.role is Role.DATABASE:
        walker.database(root)
    else:
        walker.settings(root)
    return walker.walked


class _Walker:
    """Walks one source, role by role."""

    def __init__(self, source: Source, tree: Mended, places: Places) -> None:
        self.source, self.tree, self.places = source, tree, places
        self.fields = Fields()
        self.walked = Walked(source, tree)

    def node_config(self, root: Item) -> None:
        for name, item in self._root(root, "map").entries.items():
            if is_dynamic(name):
                self._dynamic(name, item)
            else:
                why = "static key" if name in STATIC_ROOTS else "not a key of the database"
                self._stay(item, (name,), why)

    def database(self, root: Item) -> None:
        """A document that was read out of another database, and its opened secrets."""
        for name, item in root.entries.items():
            if is_dynamic(name):
                self._dynamic(name, item)
            elif name == paths.OTHER_CHAIN:
                self._stay(item, (name,), "no chain value that is known here")
            elif name == paths.PROFILES_ROOT:
                for service, below in item.entries.items():
                    for label, profile in below.entries.items():
                        self._beside(Kind.PROFILE, profile, (name, service, label))
            elif name == paths.FLAGS_ROOT:
                for label, rule in item.entries.items():
                    self._beside(Kind.FLAG, rule, (name, label))
            elif name == paths.OTHER_SETTINGS:
                for service, below in item.entries.items():
                    self._settings_below(below, (), (name, service))
            else:
                self._settings_below(item, (), (name,))
        for secret in self.source.secrets:
            kind = paths.locate(secret.path)
            item = Item("str", MASK)
            known = kind.kind if kind is not None else None
            if secret.fault or known is None:
                self._row(secret.path, item, Action.REFUSED, secret.fault, kind=known)
            else:
                self._candidate(
                    secret.path,
                    known,
                    secret.value,
                    item,
                    secret=_SEALED_THERE,
                    beside=secret.beside,
                )

    def _beside(self, kind: Kind, item: Item, parts: tuple[str, ...]) -> None:
        path = join(*parts)
        if why := kept_beside.misfit(kind, item, parts):
            self._refused(item, parts, kind, [Fault(path, item, why)], ())
        else:
            self._candidate(path, kind, to_python(item), item)

    def _dynamic(self, name: str, item: Item) -> None:
        if name == "nodes":
            self.nodes(item, (name,))
            return
        key = (name,)
        if item.kind == "null" and name not in CHAIN_VALUES:
            self.walked.whole.setdefault(key, True)
            self._row(name, item, Action.EQUAL, "nothing there")
        elif name in CHAIN_VALUES:
            self._read(name, Kind.CHAIN, item, key, lambda fields, it: fields.chain(name, it))
        elif name in SEED_PATHS:
            self._read(
                name, Kind.SEED, item, key, lambda fields, it: fields.seed(it, name).model_dump()
            )
        elif name == "node_versions":
            self._read(
                name,
                Kind.VERSIONS,
                item,
                key,
                lambda fields, it: fields.versions(it, name).model_dump(mode="json"),
            )
        elif name == "upgrade_plan":
            self._read(
                name,
                Kind.UPGRADE,
                item,
                key,
                lambda fields, it: fields.upgrade(it, name).model_dump(),
            )
        else:
            path, kind = paths.quote(name), name.removesuffix(PARAMS_SUFFIX)
            self._read(
                path, Kind.PARAMS, item, key, lambda fields, it: fields.params(kind, it, name)
            )

    def nodes(self, root: Item, key: Key) -> None:
        known, gaps = len(self.fields.faults), len(self.fields.unknown)
        try:
            for item, node in self.fields.nodes(root):
                faults = self.fields.faults[known:]
                known = len(self.fields.faults)
                if node is None:
                    parts = paths.split(faults[0].path)[:2]
                    self._refused(item, parts, Kind.NODE, faults, key)
                    # one without an id, or with that of an earlier one, goes by its place
                    if (named := item.entries.get("id")) and named.text == parts[-1]:
                        self._misread(item, join(*parts), Kind.NODE, faults, misfits.node)
                    continue
                value = node.model_dump(mode="json")
                del value["id"]
                said = frozenset(item.entries)
                self._candidate(join("nodes", node.id), Kind.NODE, value, item, key, said=said)
        except Unfit:
            if not key:
                raise self._misfit(self.fields.faults[known]) from None
            self._refused(root, key, Kind.NODE, self.fields.faults[known:], key)
        self._gaps(gaps, key)

    def settings(self, root: Item) -> None:
        for name, item in self._root(root, "map").entries.items():
            parts = setting_parts(self.source, name, item)
            if paths.is_reserved(parts[0]):
                raise UsageError(
                    f"{self.source.path}:{item.line}: {parts[0]!r} is a name of the node"
                    " configuration, so no service can have it; nothing was changed.",
                    hint="Put its settings under another service with --prefix NAME.",
                )
            self._settings_below(item, (name,), parts)

    def _settings_below(self, item: Item, key: Key, parts: tuple[str, ...]) -> None:
        if item.kind == "map" and item.entries:
            inside = not key or id(item) in self.tree.fixed  # a fix has no keys of its own
            for name, below in item.entries.items():
                self._settings_below(below, key if inside else (*key, name), (*parts, name))
            return
        path = join(*parts)
        if len(parts) == 1:
            self._row(path, item, Action.STAY, "an empty service")
        elif to_python(item) == MASK:
            if self.source.is_file:  # of a database the secrets are listed by themselves
                self._row(path, item, Action.STAY, _MASKED, kind=Kind.SETTING)
        elif why := self._taken(parts, item):
            fault = Fault(path, item, why)
            self._refused(item, parts, Kind.SETTING, [fault], key)
        else:
            self._read(path, Kind.SETTING, item, key, lambda fields, it: fields.plain(it, path))

    def _taken(self, parts: tuple[str, ...], item: Item) -> str:
        """Why a setting cannot stand at a path, empty where it can, and then it does.

        The same path in another file is for the operator to decide, and no fault.
        """
        above = [parts[:length] for length in range(1, len(parts))]
        here = self.source.path
        for place in (parts, *above):
            found = self.places.get(place)
            if found is None or not (found[0] or place == parts):
                continue
            if place == parts and found[0] and found[1] != here:
                return ""
            where = "the file" if found[1] == here else f"{found[1]}:{found[2]} and this file"
            return f"two values of {where} would stand at this path, or one inside the other"
        for place in above:
            self.places.setdefault(place, (False, here, item.line))
        self.places[parts] = (True, here, item.line)
        return ""

    def providers(self, root: Item) -> None:
        found = list(provider_keys.providers(root))
        if root.kind != "map" and not any(one.key for one in found):
            why = "must be a mapping of providers, or a list of them that have a name and a key"
            raise self._misfit(Fault("the file", root, why))
        for provider in found:
            self._candidate(
                join(paths.PROVIDERS_ROOT, provider.name),
                Kind.PROVIDER,
                None,
                provider.item,
                provider=provider,
            )
        self.walked.steps += provider_keys.others(root, self.source.path)

    def _root(self, root: Item, kind: str) -> Item:
        try:
            self.fields.entries(root, "the file")
        except Unfit:
            raise self._misfit(self.fields.faults[-1]) from None
        return root

    def _misfit(self, fault: Fault) -> BadDocument:
        return BadDocument(
            f"{fault.path}: {fault.why}; nothing was changed.",
            file=str(self.source.path),
            line=fault.item.line,
            column=fault.item.column,
        )

    def _read(self, path: str, kind: Kind, item: Item, key: Key, read: Reader) -> None:
        """Read an entity: a candidate, or refused rows where it does not fit."""
        known, gaps = len(self.fields.faults), len(self.fields.unknown)
        value = None
        with contextlib.suppress(Unfit):  # the faults say why
            value = read(self.fields, item)
        if faults := self.fields.faults[known:]:
            self._refused(item, paths.split(path), kind, faults, key)
            self._misread(item, path, kind, faults, read)
        else:
            self._candidate(path, kind, value, item, key)
        self._gaps(gaps, key)

    def _misread(
        self, item: Item, path: str, kind: Kind, faults: Sequence[Fault], read: Reader
    ) -> None:
        value = misfits.readable(item, path, faults, read)
        said = frozenset(item.entries) if kind is Kind.NODE else None
        self.walked.misfits.append(Candidate(self.source, path, kind, value, item, said=said))

    def _candidate(
        self,
        path: str,
        kind: Kind,
        value: Any,
        item: Item,
        key: Key = (),
        **more: Any,
    ) -> None:
        if key:
            self.walked.whole.setdefault(key, True)
        self.walked.steps.append(Candidate(self.source, path, kind, value, item, key, **more))

    def _refused(
        self, item: Item, parts: tuple[str, ...], kind: Kind, faults: list[Fault], key: Key
    ) -> None:
        """Rows for what does not fit, and for what stays in the file because of it."""
        told = {fault.path: fault for fault in reversed(faults)}
        for path, fault in reversed(told.items()):
            self._row(path, fault.item, Action.REFUSED, f"{fault.why}; {IN_FILE}", kind=kind)
        for below, leaf in leaves_of(item, parts):
            path = join(*below)
            if not any(each == path or each.startswith(f"{path}.") for each in told):
                why = f"it stays in the file with {next(reversed(told))}"
                self._row(path, leaf, Action.STAY, why, kind=kind)
        self.walked.held(key)

    def _stay(self, item: Item, parts: tuple[str, ...], reason: str) -> None:
        for below, leaf in leaves_of(item, parts):
            secret = suspicion.why(below, to_python(leaf))
            home = "the daemon reads it there" if below[0] in STATIC_ROOTS else IN_FILE
            why = f"{secret}; {home}" if secret else reason
            covered = Item("str", MASK, leaf.line, leaf.column)
            shown = covered if secret == suspicion.BY_CHANCE else leaf
            self._row(join(*below), shown, Action.STAY, why)

    def _gaps(self, known: int, key: Key) -> None:
        """Name what no field takes; the key around it stays in the file."""
        for gap in self.fields.unknown[known:]:
            secret = masks.holds_secret(paths.split(gap.path), to_python(gap.item))
            why = suspicion.BY_LOOK if secret else "no field takes it"
            reason = f"{why}; it stays in the file, and so does the key around it"
            self._row(gap.path, gap.item, Action.STAY, reason)
            self.walked.held(key)

    def _row(
        self, path: str, item: Item, action: Action, reason: str, *, kind: Kind | None = None
    ) -> None:
        value = masked(paths.split(path), tellable(item))
        self.walked.steps.append(
            Row(
                path,
                value,
                action,
                line=item.line,
                reason=reason,
                file=self.source.path,
                column=item.column,
                kind=kind,
                fixed=id(item) in self.tree.fixed,
                text=text_of(item, value),
            )
        )


def tellable(item: Item) -> Any:
    """An item's value as JSON can tell it: a number beyond JSON's as its text."""
    if item.kind == "map":
        return {name: tellable(below) for name, below in item.entries.items()}
    if item.kind == "list":
        return [tellable(element) for element in item.elements]
    if isinstance(item.value, float) and not isfinite(item.value):
        return item.text or str(item.value)
    return item.value
