"""``provider_keys.json``: providers' keys, each with where the provider answers and its model.

Either a mapping of providers by name, each a mapping or the key alone, or a list of such mappings
that name their provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from store.codec import MASK
from store.importing.rows import Action, Row, Seal
from store.masks import masked
from store.paths import Kind, join, quote, split
from store.reading import Item, to_python
from store.sealing.places import Beside

STEM: Final = "provider_keys"
KEYS: Final = ("api_key", "key", "apiKey")
BASE_URLS: Final = ("base_url", "baseUrl", "url")
MODELS: Final = ("model",)
NAMES: Final = ("provider", "name", "id")
_STAYS: Final = Action.STAY
_KNOWN: Final = frozenset((*KEYS, *BASE_URLS, *MODELS))


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's items; ``at`` is its key in a mapping, empty in a list.

    ``rest`` are the names of items that no column takes.
    """

    name: str
    item: Item
    key: Item | None
    base_url: Item | None = None
    model: Item | None = None
    at: tuple[str, ...] = ()
    rest: Mapping[str, Item] = field(default_factory=dict)


def is_one(root: Item, path: Path) -> bool:
    """Whether a file has the name of a file of providers' keys, and a provider with a key in it.

    What else is in it stays there, and is told: by that name none of it may become plain settings.
    """
    return path.name.startswith(STEM) and any(one.key for one in providers(root))


def providers(root: Item) -> Iterator[Provider]:
    """The providers of a file, in its order; what is none is left out."""
    for name, item in root.entries.items():
        if item.kind == "map":
            yield _provider(name, item, (name,), _KNOWN)
        elif item.kind == "str":
            yield Provider(name, item, item, at=(name,))
    for item in root.elements:
        named = _first(item, NAMES)
        if named is not None and isinstance(named.value, str) and named.value:
            yield _provider(named.value, item, (), _KNOWN | set(NAMES))


def planned(
    provider: Provider, entity: str, file: Path, *, kept: str = "", action: Action = Action.STAY
) -> tuple[list[Row], Seal | None]:
    """A provider's rows, and its key as a proposal.

    ``kept`` is why the key is none, and ``action`` what the rows then say.
    """
    key = provider.key.value if provider.key is not None else None
    has_key = isinstance(key, str) and bool(key)
    why, action = (kept, action) if has_key else ("without a key; it stays in the file", _STAYS)
    if not kept and has_key:
        action, why = Action.SEAL, "a provider's key"
    rows, taken, beside = [], [], {}

    def row(name: str, item: Item, value: Any, action: Action, why: str) -> None:
        path = join(*split(entity), name)
        rows.append(Row(path, value, action, line=item.line, reason=why, file=file,
                        column=item.column, kind=Kind.PROVIDER,
                        contested=action is Action.CONFLICT))  # fmt: skip

    for column, item in _columns(provider):
        shown = MASK if column == "api_key" else masked((*split(entity), column), item.value)
        row(column, item, shown, action, why)
        taken.append((*provider.at, _name_of(provider.item, item)))
        if column != "api_key":
            beside[column] = str(item.value)
    for name, item in provider.rest.items():
        value = masked((*split(entity), name), to_python(item))
        row(name, item, value, _STAYS, "no column takes it; it stays in the file")
    if action is not Action.SEAL:
        return rows, None
    if not provider.at:
        at: tuple[tuple[str, ...], ...] = ()  # an element of a list cannot be cut out
    elif provider.rest:
        at = tuple(taken)
    else:
        at = (provider.at,)
    return rows, Seal(join(*split(entity), "api_key"), key, at, Beside(**beside), file)


def others(root: Item, file: Path) -> list[Row]:
    """Rows for what is no provider at all."""
    known = {id(one.item) for one in providers(root)}
    named = dict(root.entries) or {str(at): item for at, item in enumerate(root.elements)}
    return [
        Row(
            quote(name),
            masked((name, "key"), to_python(item)),
            Action.STAY,
            line=item.line,
            reason="no provider with a key; it stays in the file",
            file=file,
            column=item.column,
        )
        for name, item in named.items()
        if id(item) not in known
    ]


def _columns(provider: Provider) -> Iterator[tuple[str, Item]]:
    for column in ("api_key", "base_url", "model"):
        item = provider.key if column == "api_key" else getattr(provider, column)
        if item is not None and item.kind == "str":
            yield column, item


def _name_of(holder: Item, item: Item) -> str:
    return next((name for name, each in holder.entries.items() if each is item), "")


def _provider(name: str, item: Item, at: tuple[str, ...], known: frozenset[str]) -> Provider:
    rest = {each: below for each, below in item.entries.items() if each not in known}
    key, url, model = (_first(item, names) for names in (KEYS, BASE_URLS, MODELS))
    return Provider(name, item, key, url, model, at, rest)


def _first(item: Item, names: tuple[str, ...]) -> Item | None:
    return next((item.entries[name] for name in names if name in item.entries), None)
