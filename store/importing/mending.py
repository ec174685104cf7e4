"""What an operator decided about single values, put into a source's tree before it is planned.

A fix stands where the file's value stood, and a chosen reading is the value that another YAML
reader gives a plain scalar. Both keep the place in the file, so that a plan still names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from store import masks, paths
from store.errors import BadDocument, InvalidValue, UsageError
from store.importing.choices import Role, RowChoice
from store.importing.sources import Source
from store.reading import Item, Misfit, read, reread

Key = tuple[str, ...]
_FIX: Final = "the fix"


@dataclass(slots=True)
class Mended:
    """A source's tree after the decisions, and which of them found something to decide.

    ``fixed`` and ``read_as`` tell of items of the new tree, by their identity.
    """

    root: Item
    used: set[RowChoice] = field(default_factory=set)
    fixed: dict[int, Item] = field(default_factory=dict)
    read_as: dict[int, tuple[Item, str]] = field(default_factory=dict)


def mended(source: Source, rows: Sequence[RowChoice]) -> Mended:
    """A source's tree with fixes and readings in it.

    Raises InvalidValue for a fix that is no value or a secret, which has no place in an argument.
    """
    deciding = [row for row in rows if row.fix is not None or row.reading is not None]
    result = Mended(source.root)
    if deciding:
        result.root = _Mender(source, deciding, result).walk(source.root, (), ())
    return result


def refuse_unused(
    choices: Iterable[RowChoice], used: Iterable[RowChoice], known: Callable[[], Iterable[str]]
) -> None:
    """Raise UsageError for a fix or a reading of what no file has; ``known`` are the paths."""
    found = set(used)
    for choice in choices:
        if (choice.fix is not None or choice.reading is not None) and choice not in found:
            what = "fix" if choice.fix is not None else "read in another way"
            raise UsageError(
                f"No file has a value at {choice.pattern} to {what}; nothing was changed.",
                hint=near(choice.pattern, known()),
            )


def near(pattern: str, known: Iterable[str]) -> str:
    """The hint for a pattern that nothing has: the paths most like it, or where they are shown."""
    found = paths.nearest(pattern, dict.fromkeys(known))
    if not found:
        return "'nodedeck import plan' shows the paths."
    return f"Nearest {'is' if len(found) == 1 else 'are'} {', '.join(found)}."


def setting_parts(source: Source, name: str, item: Item) -> Key:
    """The first parts of the path of what stands at a settings file's top-level key."""
    if source.prefix:
        return (source.prefix, name)
    return (name,) if item.kind == "map" else (source.path.stem, name)


@dataclass(frozen=True, slots=True)
class _Mender:
    """Goes through one source with the decisions that could be about it."""

    source: Source
    deciding: Sequence[RowChoice]
    result: Mended

    def walk(self, item: Item, at: Key, parts: Key) -> Item:
        """A copy of an item with the decisions in it.

        ``at`` is where the item stands in the file, and ``parts`` its path in the plan.
        """
        if fix := self._last(parts, "fix"):
            if item.plain:
                self._last(parts, "reading")  # covered by the fix
            new = _fix(fix, item, parts)
            self.result.fixed[id(new)] = new
            return new
        if item.kind == "map":
            named = {
                name: self.walk(below, (*at, name), _below(self.source, at, parts, name, below))
                for name, below in item.entries.items()
            }
            return replace(item, value=named)
        if item.kind == "list":
            below = zip(item.elements, _elements(self.source, at, parts, item), strict=True)
            listed = (
                self.walk(element, (*at, str(number)), inside)
                for number, (element, inside) in enumerate(below)
            )
            return replace(item, value=tuple(listed))
        if item.plain and (chosen := self._last(parts, "reading")):
            return self._read_again(item, parts, chosen)
        return item

    def _read_again(self, item: Item, parts: Key, chosen: RowChoice) -> Item:
        reader = str(chosen.reading)
        try:
            new = reread(item, reader)
        except Misfit as misfit:
            path = paths.join(*parts)
            raise InvalidValue(
                f"{self.source.path}:{item.line}: {path}: {misfit}; nothing was changed."
            ) from None
        self.result.read_as[id(new)] = (new, reader)
        return new

    def _last(self, parts: Key, decided: str) -> RowChoice | None:
        """The last decision of one sort about a path; a fix is about that very path alone.

        Those that it covers found something to decide as well.
        """
        found = []
        for row in self.deciding:
            exact = decided == "reading" or len(paths.split(row.pattern)) == len(parts)
            said = getattr(row, decided) is not None and parts and exact
            if said and row.concerns(self.source.path, parts):
                found.append(row)
        self.result.used.update(found)
        return found[-1] if found else None


def _below(source: Source, at: Key, parts: Key, name: str, item: Item) -> Key:
    if at:
        return (*parts, name)
    if source.role is Role.SETTINGS:
        return setting_parts(source, name, item)
    return (paths.PROVIDERS_ROOT, name) if source.role is Role.PROVIDERS else (name,)


def _elements(source: Source, at: Key, parts: Key, item: Item) -> list[Key]:
    """A node goes by its id, as everywhere; what has none of its own, by its place in the list."""
    in_config = source.role in (Role.NODE_CONFIG, Role.DATABASE) and at == ("nodes",)
    if not in_config and (at or source.role is not Role.NODE_LIST):
        return [(*parts, str(number)) for number in range(len(item.elements))]
    names: list[str] = []
    for number, element in enumerate(item.elements):
        named = element.entries.get("id")
        name = named.text if named is not None else ""
        names.append(name if name and name not in names else str(number))
    return [("nodes", name) for name in names]


def _fix(choice: RowChoice, item: Item, parts: Key) -> Item:
    path = paths.join(*parts)
    try:
        new = read(f"[{choice.fix}\n]".encode(), _FIX, "yaml")
    except BadDocument as fault:
        raise InvalidValue(f"{path}: {_FIX} is no value: {fault.message}") from None
    if len(new.elements) != 1:
        raise InvalidValue(
            f"{path}: {_FIX} must be one value; nothing was changed.",
            hint="Text with a comma, a colon or a # in it stands in quotes.",
        )
    (value,) = new.elements
    if masks.holds_secret(parts, value.text):
        raise InvalidValue(
            f"{path}: a secret has no place in a decision that is kept; nothing was changed.",
            hint="Mend it in the file, or leave it there and set it with 'nodedeck secret set'.",
        )
    return replace(value, line=item.line, column=item.column)
