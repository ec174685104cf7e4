"""What is edited and what was staged: read with its version, written in one transaction, merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import BaseModel

from store import checks, codec, documents, files, history, paths
from store.errors import Refused, UnknownPath, UsageError
from store.manager import ConfigManager
from store.masks import masked, restored
from store.models import EpochSeed, FieldChange, Node, NodeVersions, UpgradePlan
from store.operations.values import with_field
from store.paths import Address, Kind
from store.settings_rules import SettingType
from tui import ownership
from tui.editing.rehearsal import Preview, Write, rehearse, shown_fields
from tui.editing.specs import FieldSpec, spec_of, spec_of_rule

RESTART: Final = "The daemon reads the config file when it starts: restart it for this to count."
_MODELS: Final[Mapping[Kind, type[BaseModel]]] = {
    Kind.SEED: EpochSeed,
    Kind.VERSIONS: NodeVersions,
    Kind.UPGRADE: UpgradePlan,
}
_NO_VALUES: Final = (Kind.PROVIDER, Kind.NODE_KEY, Kind.PROFILE, Kind.FLAG)


class Source(Protocol):
    """Reads and writes what a form is about where that is no value of the document."""

    def read(self, manager: ConfigManager) -> Subject:
        """What the form is about, as it is now; raises NodedeckError where it is gone."""

    def write(self, subject: Subject, texts: Mapping[str, str]) -> Write:
        """The write of staged texts by their fields' paths."""

    def preview(
        self, manager: ConfigManager, subject: Subject, texts: Mapping[str, str]
    ) -> Preview:
        """What writing them would change; raises as the write does."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a form is about, as it was read.

    ``version`` is what a write expects of the database and ``digest`` what it expects of the config
    file; one of them is None. ``typed`` has to be typed before a write, where it is not empty.
    ``base`` is there for what is yet to be added, such as a node: the values that are not typed.
    """

    path: str
    fields: tuple[FieldSpec, ...]
    version: int | None = None
    digest: str | None = None
    notes: tuple[str, ...] = ()
    typed: str = ""
    base: Mapping[str, Any] | None = None
    source: Source | None = None

    def same_as(self, other: Subject) -> bool:
        """Whether nothing was written between two readings."""
        return (self.version, self.digest) == (other.version, other.digest)


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else changed while it was being edited; the values are masked."""

    path: str
    label: str
    was: Any
    theirs: Any
    yours: str


def read(manager: ConfigManager, path: str) -> Subject:
    """A path with its fields and version; raises NodedeckError for what no form can edit.

    The version is read first: what is committed meanwhile makes it old, and is a conflict then.
    """
    if manager.in_file(path):
        return _in_file(manager, path)
    address = paths.locate(path)
    if address is None or address.kind in _NO_VALUES:
        raise UsageError(f"{path} is not a value that a form can edit; nothing was changed.")
    version = manager.version_of(path)
    fields = _of_setting(manager, address) if address.kind is Kind.SETTING else None
    fields = fields or _of_entity(manager, path, address)
    notes = tuple(ownership.warnings(manager.effective(), path))
    typed = address.entity if ownership.is_daemons(path) else ""
    return Subject(path, fields, version=version, notes=notes, typed=typed)


def again(manager: ConfigManager, subject: Subject) -> Subject:
    """The same as it is now; raises NodedeckError where it is gone."""
    return subject.source.read(manager) if subject.source else read(manager, subject.path)


def named(subject: Subject, texts: Mapping[str, str]) -> dict[str, str]:
    """Staged texts by the labels of their fields."""
    return {field.label: texts[field.path] for field in subject.fields if field.path in texts}


def write(subject: Subject, texts: Mapping[str, str]) -> Write:
    """The write of staged texts by their paths; VersionConflict where the subject moved on."""
    if subject.source is not None:
        return subject.source.write(subject, texts)

    def run(manager: ConfigManager, reason: str | None) -> object:
        if subject.base is not None:
            return manager.add_node(_added(subject.base, texts), reason=reason)
        if subject.digest is not None:
            ((path, text),) = texts.items()
            return manager.set_static(path, text, expect_digest=subject.digest, reason=reason)
        parts = paths.split(subject.path)
        if parts[0] == "nodes" and len(parts) == 2:
            named = {paths.join(paths.split(path)[-1]): text for path, text in texts.items()}
            return manager.set_node(parts[1], named, expect_version=subject.version, reason=reason)
        expected = subject.version
        with manager.transaction(reason):
            for path, text in texts.items():
                manager.set_value(path, text, expect_version=expected, reason=reason)
                expected = None  # the first of them has moved it on
        return None

    return run


def _added(base: Mapping[str, Any], texts: Mapping[str, str]) -> Node:
    sample = Node(id="-").model_dump(mode="json")
    typed = {name: documents.like(sample[name], text, name) for name, text in texts.items()}
    values = {**base, **typed}
    path = paths.join("nodes", str(values["id"]))
    return checks.checked(Node, restored(("nodes", "-"), values, base), path)


def preview(manager: ConfigManager, subject: Subject, texts: Mapping[str, str]) -> Preview:
    """What writing staged texts would change; raises as the write does."""
    if subject.source is not None:
        return subject.source.preview(manager, subject, texts)
    if subject.digest is None:
        made = rehearse(manager, write(subject, texts))
        return Preview(shown_fields(made), subject.notes)
    ((path, text),) = texts.items()
    edit = manager.set_static(path, text, expect_digest=subject.digest, dry_run=True)
    fields = () if edit is None else (FieldChange(path=edit.path, old=edit.old, new=edit.new),)
    return Preview(fields, subject.notes)


def clashes(was: Subject, now: Subject, texts: Mapping[str, str]) -> list[Clash]:
    """The staged fields that somebody else set to another value meanwhile."""
    before = {field.path: field for field in was.fields}
    return [
        Clash(field.path, field.label, before[field.path].value, field.value, texts[field.path])
        for field in now.fields
        if field.path in texts
        and field.path in before
        and field.text != before[field.path].text
        and field.differs(texts[field.path])
    ]


def _in_file(manager: ConfigManager, path: str) -> Subject:
    digest = files.digest(files.read(manager.config))
    value = masked(history.parts_of(path), manager.raw().get(path).value)
    if isinstance(value, dict) and value:
        first = paths.quote(str(next(iter(value))))
        raise UsageError(
            f"{path} is not a single value; nothing was changed.",
            hint=f"Open it, and edit one of its values, such as {path}.{first}.",
        )
    _refuse_secret(manager, path, value)

    def judge(text: str) -> None:
        typed = documents.like(value, text, path) if value is not None else codec.load(text)
        checks.refuse_no_port(path, typed)

    field = spec_of(path, path, value, judge, sample=value)
    where = f"This is a key of {manager.config}; every other byte of the file stays."
    notes = (where, RESTART, *ownership.warnings(manager.effective(), path))
    return Subject(path, (field,), digest=digest, notes=notes)


def _of_setting(manager: ConfigManager, address: Address) -> tuple[FieldSpec, ...]:
    found = next((one for one in manager.settings() if one.path == address.entity), None)
    if found is None:
        raise UnknownPath(f"There is no setting {address.entity}; nothing was changed.")
    secret = found.rule.type is SettingType.SECRET
    _refuse_secret(manager, address.entity, found.value, declared=secret)
    return (spec_of_rule(found.rule, masked(history.parts_of(address.entity), found.value)),)


def _refuse_secret(
    manager: ConfigManager, path: str, value: Any, *, declared: bool = False
) -> None:
    if declared or value == codec.MASK or manager.holds_secret(path, value):
        raise Refused(
            f"{path} is a secret, which no form shows; nothing was changed.",
            hint=f"Set it from a prompt without echo: nodedeck secret set {path}",
        )


def _of_entity(manager: ConfigManager, path: str, address: Address) -> tuple[FieldSpec, ...]:
    """The fields of an entity below a path, each judged as a part of the whole."""
    document = manager.raw()
    present = document.get(address.entity).value
    if address.kind is Kind.CHAIN:
        return (_of_chain(path, present),)
    value = document.get(path).value
    if isinstance(value, dict) and value and address.kind is not Kind.VERSIONS:
        names = [(paths.quote(str(name)), str(name)) for name in value]
        inside = [((*address.field, name), f"{path}.{quoted}") for quoted, name in names]
    else:
        inside = [(address.field, path)]
    nodes = manager.nodes() if address.kind is Kind.NODE else ()
    specs = []
    for field, at in inside:
        held = _below(present, field)
        own = _below(checks.sample(address), field)
        judge = _Judge(address, at, field, present, nodes)
        label = at[len(path) + 1 :] or at
        shown = masked(history.parts_of(at), held)
        specs.append(spec_of(at, label, shown, judge, sample=held if own is None else own))
    return tuple(specs)


def _of_chain(path: str, present: Any) -> FieldSpec:
    kind = paths.CHAIN_VALUES.get(path)
    sample: Any = {"integer": 0, "boolean": False}.get(kind or "text", "")

    def judge(text: str) -> None:
        value = documents.like(sample, text, path)
        if kind == "integer":
            checks.checked_height(path, value)

    return spec_of(path, path, masked(history.parts_of(path), present), judge, sample=sample)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Puts a text into its entity and asks for the entity's rules."""

    address: Address
    path: str
    field: tuple[str, ...]
    present: Any
    nodes: Sequence[Node]

    def __call__(self, text: str) -> None:
        entity, kind = self.address.entity, self.address.kind
        value = with_field(
            self.present,
            checks.sample(self.address),
            self.field,
            path=self.path,
            text=text,
            unknown=UnknownPath,
        )
        parts = paths.split(entity)
        value = restored(parts, value, self.present)
        if kind is Kind.PARAMS:
            checks.checked_params(parts[0].removesuffix(paths.PARAMS_SUFFIX), value)
        elif kind is Kind.NODE:
            node = checks.checked(Node, {"id": parts[1], **value}, entity)
            before = next((one for one in self.nodes if one.id == node.id), None)
            checks.checked_node(node, before, self.nodes)
        else:
            checks.checked(_MODELS[kind], value, entity)


def _below(value: Any, field: Sequence[str]) -> Any:
    for name in field:
        value = value.get(name) if isinstance(value, dict) else None
    return value
