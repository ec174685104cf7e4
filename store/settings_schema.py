"""Rules read out of a JSON Schema, as a file has it or as pydantic writes it for a model.

Every top-level property that has properties is a service; with a service named, the top level is
that service's own keys. Nested objects become longer keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from store import paths
from store.errors import InvalidValue, Refused
from store.settings_rules import Complexity, Constraints, Rule, SettingType, checked

_TYPES: Final = {
    "string": SettingType.STRING,
    "integer": SettingType.INTEGER,
    "number": SettingType.FLOAT,
    "boolean": SettingType.BOOLEAN,
    "array": SettingType.JSON,
    "object": SettingType.JSON,
}
_LIMITS: Final = {
    "minimum": "min",
    "maximum": "max",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
    "pattern": "pattern",
}
# nodedeck's own words in a schema: those of its settings' metadata
_OWN: Final = ("complexity", "help_text", "secret")
_TOLD: Final = frozenset(
    (*_LIMITS, *_OWN, "type", "enum", "const", "anyOf", "oneOf", "default", "description", "title")
) | {"format", "writeOnly", "$defs", "definitions", "$schema", "$id", "$ref", "examples"}
_HARMLESS: Final = frozenset(("properties", "required", "additionalProperties", "$comment"))
_DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rules of a schema by service, and what of it is not checked, in words."""

    rules: tuple[Rule, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it declares, in its order."""
        return tuple(dict.fromkeys(rule.service for rule in self.rules))


def read(schema: Mapping[str, Any] | type[BaseModel], service: str | None = None) -> Loaded:
    """The rules of a schema; raises InvalidValue, with the place, for what is none."""
    document = schema if isinstance(schema, Mapping) else schema.model_json_schema()
    return _Reader(document).read(service)


@dataclass(slots=True)
class _Reader:
    """Collects rules while walking one schema."""

    document: Mapping[str, Any]
    rules: list[Rule] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def read(self, service: str | None) -> Loaded:
        top = self._properties(self._resolved(self.document, "the schema"), "the schema")
        if not top:
            raise _fault("the schema", "has no properties")
        if service is not None:
            self._keys(service, (), top)
        else:
            for name, below in top.items():
                found = self._resolved(below, name)
                keys = self._properties(found, name)
                if not keys:
                    raise InvalidValue(
                        f"{name}: is a single value and no service; nothing was changed.",
                        hint="Name the service that the schema's keys belong to with --service.",
                    )
                self._keys(name, (), keys)
        return Loaded(tuple(self.rules), tuple(self.unchecked))

    def _keys(self, service: str, above: tuple[str, ...], keys: Mapping[str, Any]) -> None:
        for name, below in keys.items():
            key = paths.join(*above, name)
            place = paths.setting_path(service, key)
            if len(above) > _DEEPEST:
                raise _fault(place, "is nested too deep")
            found = self._resolved(below, place)
            inner = self._properties(found, place)
            if inner:
                self._keys(service, (*above, name), inner)
            else:
                self.rules.append(self._rule(service, key, found))

    def _properties(self, found: Mapping[str, Any], place: str) -> Mapping[str, Any]:
        properties = found.get("properties", {})
        if not isinstance(properties, Mapping):
            raise _fault(place, "must have a mapping of properties")
        return properties

    def _resolved(self, node: Any, place: str) -> dict[str, Any]:
        """A subschema with what it refers to laid under it."""
        for _ in range(_DEEPEST):
            if not isinstance(node, Mapping):
                raise _fault(place, "must be a mapping")
            if "$ref" not in node:
                return dict(node)
            rest = {name: value for name, value in node.items() if name != "$ref"}
            node = {**self._referred(node["$ref"], place), **rest}
        raise _fault(place, "refers to itself")

    def _referred(self, ref: Any, place: str) -> Mapping[str, Any]:
        found: Any = self.document
        if not isinstance(ref, str) or not ref.startswith("#/"):
            raise _fault(place, f"refers to {ref!r}, which is outside the schema")
        for part in ref[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise _fault(place, f"refers to {ref!r}, which is not in the schema")
        return found

    def _rule(self, service: str, key: str, node: dict[str, Any]) -> Rule:
        place = paths.setting_path(service, key)
        node, nullable = self._without_null(node, place)
        kind, limits = self._type(node, place)
        limits |= {ours: node[theirs] for theirs, ours in _LIMITS.items() if theirs in node}
        ignored = sorted(node.keys() - _TOLD - _HARMLESS)
        if node.get("additionalProperties") not in (None, False, True):
            ignored.append("additionalProperties")
        if node.get("format") not in (None, "path", "file-path", "directory-path", "password"):
            ignored.append(f"format {node['format']}")
        if ignored:
            self.unchecked.append(f"{place}: {', '.join(ignored)}")
        try:
            constraints = Constraints.model_validate({**limits, "nullable": nullable})
            re.compile(constraints.pattern or "")
            rule = Rule(
                service=service,
                key=key,
                type=kind,
                description=node.get("description", node.get("title", "")),
                help_text=node.get("help_text", ""),
                complexity=Complexity(node.get("complexity", Complexity.SIMPLE)),
                constraints=constraints,
            )
        except ValidationError as error:
            raise _fault(place, str(error.errors()[0]["msg"])) from None
        except (ValueError, re.error) as error:
            raise _fault(place, str(error)) from None
        return self._with_default(rule, node)

    def _with_default(self, rule: Rule, node: Mapping[str, Any]) -> Rule:
        if "default" not in node:
            return rule
        if rule.type is SettingType.SECRET:
            self.unchecked.append(f"{rule.path}: its default, since no secret is kept in clear")
            return rule
        try:
            return rule.model_copy(
                update={"has_default": True, "default": checked(rule, node["default"])}
            )
        except (InvalidValue, Refused) as error:
            raise InvalidValue(
                f"The default does not fit its own schema: {error.message}"
            ) from None

    def _without_null(self, node: dict[str, Any], place: str) -> tuple[dict[str, Any], bool]:
        """A subschema without the null that it may hold, and whether it may."""
        names = node.get("type")
        if isinstance(names, list):
            kinds = [name for name in names if name != "null"]
            if len(kinds) != 1:
                raise _fault(place, f"must have one type, not {', '.join(map(str, kinds))}")
            return {**node, "type": kinds[0]}, "null" in names
        word = "anyOf" if "anyOf" in node else "oneOf"
        if word not in node:
            return node, False
        options = [self._resolved(each, place) for each in node[word]]
        kept = [each for each in options if each.get("type") != "null"]
        rest = {name: value for name, value in node.items() if name != word}
        if len(kept) == 1:
            return {**kept[0], **rest}, len(kept) < len(options)
        if {each.get("type") for each in kept} == {"integer", "number"}:
            return {"type": "number", **rest}, len(kept) < len(options)
        raise _fault(place, f"must have one type, not {len(kept)} alternatives")

    def _type(self, node: Mapping[str, Any], place: str) -> tuple[SettingType, dict[str, Any]]:
        if node.get("secret") or node.get("format") == "password" or node.get("writeOnly"):
            return SettingType.SECRET, {}
        if "const" in node:
            return SettingType.ENUM, {"allowed": (node["const"],)}
        if "enum" in node:
            if not isinstance(node["enum"], list) or not node["enum"]:
                raise _fault(place, "must have a list of allowed values")
            return SettingType.ENUM, {"allowed": tuple(node["enum"])}
        name = node.get("type")
        if name not in _TYPES:
            raise _fault(place, f"has the type {name!r}; there are {', '.join(_TYPES)}")
        if name == "string" and str(node.get("format", "")).endswith("path"):
            return SettingType.PATH, {}
        shape = {"array": "list", "object": "object"}.get(name)
        return _TYPES[name], {"shape": shape} if shape else {}


def _fault(place: str, why: str) -> InvalidValue:
    return InvalidValue(f"{place}: {why}; nothing was changed.")
