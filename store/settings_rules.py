"""What a setting may hold: its type, its constraints, and why a value does not fit, in words."""

from __future__ import annotations

import json
import math
import re
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, ValidationError

from store import codec, masks, paths
from store.errors import InvalidValue, Refused
from store.limits import INT64_MAX, INT64_MIN
from store.models import Value

Limit = StrictInt | StrictFloat | None


class SettingType(StrEnum):
    """What kind of value a setting has."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    ENUM = "enum"
    PATH = "path"
    SECRET = "secret"  # noqa: S105 - the name of a type
    JSON = "json"


class Complexity(StrEnum):
    """Who needs a setting: everybody, or somebody who knows why."""

    SIMPLE = "simple"
    ADVANCED = "advanced"


class Constraints(Value):
    """Limits of a value: numbers inside ``min``–``max`` or strictly ``above`` and ``below``.

    ``pattern`` is a regular expression that must be found in a text, ``allowed`` the only values
    there are, ``shape`` what a json value must be. The lengths are characters, or elements.
    """

    min: Limit = None
    max: Limit = None
    above: Limit = None
    below: Limit = None
    min_length: StrictInt | None = None
    max_length: StrictInt | None = None
    pattern: str | None = None
    allowed: tuple[Any, ...] | None = None
    shape: Literal["object", "list"] | None = None
    nullable: StrictBool = False

    def words(self) -> str:
        """The limits as a short text for a person, empty where there are none."""
        said = [
            f"{name.replace('_', ' ')} {codec.shown(value)}"
            for name, value in self.model_dump(exclude_defaults=True).items()
            if name not in ("allowed", "nullable", "shape")
        ]
        if self.allowed is not None:
            said.insert(0, f"one of {', '.join(map(codec.shown, self.allowed))}")
        return "; ".join([*said, *(["or null"] if self.nullable else [])])


class Rule(Value):
    """What is declared of one setting; ``key`` is a path below the service.

    ``default`` counts where ``has_default`` says so, since null can be one.
    """

    service: str
    key: str
    type: SettingType
    description: str = ""
    help_text: str = ""
    complexity: Complexity = Complexity.SIMPLE
    constraints: Constraints = Field(default_factory=Constraints)
    has_default: bool = False
    default: Any = None

    @property
    def path(self) -> str:
        """The setting's path in the document."""
        return paths.setting_path(self.service, self.key)


_WANTED: Final = {
    SettingType.STRING: "a text",
    SettingType.PATH: "the path of a file",
    SettingType.INTEGER: "a 64-bit integer",
    SettingType.FLOAT: "a finite number",
    SettingType.BOOLEAN: "true or false",
}


def typed(rule: Rule, text: str) -> Any:
    """Text as a value of the rule's type, checked; raises InvalidValue with the reason.

    Raises Refused for a secret. ``null`` is null where the rule allows it.
    """
    if rule.constraints.nullable and text == "null":
        return None
    return checked(rule, _parsed(rule, text))


def _parsed(rule: Rule, text: str) -> Any:
    if rule.type is SettingType.INTEGER:
        number = codec.as_integer(text)
        return text if number is None else number
    if rule.type is SettingType.FLOAT:
        try:
            return float(text)
        except ValueError:
            return text
    if rule.type is SettingType.BOOLEAN:
        truth = codec.truth(text)
        return text if truth is None else truth
    if rule.type is SettingType.ENUM:
        named = (value for value in rule.constraints.allowed or () if codec.shown(value) == text)
        return next(named, text)
    if rule.type is SettingType.JSON:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise _misfit(rule, "must be JSON", text) from None
    return text


def checked(rule: Rule, value: Any) -> Any:
    """A value that fits the rule; raises InvalidValue with the reason, and Refused for a secret."""
    if rule.type is SettingType.SECRET:
        raise in_clear(rule.path)
    if value is None and rule.constraints.nullable:
        return None
    reason = _type_reason(rule, value) or _limit_reason(rule.constraints, value)
    if reason:
        raise _misfit(rule, reason, value)
    return value


def check_secret(rule: Rule, value: Any) -> None:
    """Raise InvalidValue, which does not quote it, for a secret that breaks its rule's limits."""
    if reason := _limit_reason(rule.constraints, value):
        raise InvalidValue(
            f"{rule.path}: {reason}; nothing was changed.",
            hint=f"It is: {rule.description}" if rule.description else "",
        )


def in_clear(path: str) -> Refused:
    """The refusal of a secret where a value is stored as it is."""
    return Refused(
        f"{path} is a secret, which is not stored in clear; nothing was changed.",
        hint=f"Seal it: nodedeck secret set {path}",
    )


def _misfit(rule: Rule, reason: str, value: Any) -> InvalidValue:
    return InvalidValue(
        f"{rule.path}: {reason}, not {masks.told(rule.path, value)}; nothing was changed.",
        hint=f"It is: {rule.description}" if rule.description else "",
    )


def _type_reason(rule: Rule, value: Any) -> str:
    kind, limits = rule.type, rule.constraints
    if kind is SettingType.JSON:
        shape = {"object": dict, "list": list}.get(limits.shape or "", object)
        return "" if isinstance(value, shape) else f"must be a JSON {limits.shape}"
    if kind is SettingType.ENUM:
        return ""  # ``allowed`` says it all
    fits = {
        SettingType.STRING: isinstance(value, str),
        SettingType.PATH: isinstance(value, str) and value != "" and "\0" not in value,
        SettingType.INTEGER: type(value) is int and INT64_MIN <= value <= INT64_MAX,
        SettingType.FLOAT: _is_number(value) and math.isfinite(value),
        SettingType.BOOLEAN: isinstance(value, bool),
    }
    return "" if fits[kind] else f"must be {_WANTED[kind]}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _limit_reason(limits: Constraints, value: Any) -> str:
    if limits.allowed is not None and not any(_same(value, each) for each in limits.allowed):
        return f"must be one of {', '.join(map(codec.shown, limits.allowed))}"
    if _is_number(value):
        return _number_reason(limits, value)
    if isinstance(value, str | list):
        unit = "characters" if isinstance(value, str) else "elements"
        if limits.min_length is not None and len(value) < limits.min_length:
            return f"must have at least {limits.min_length} {unit}"
        if limits.max_length is not None and len(value) > limits.max_length:
            return f"must have at most {limits.max_length} {unit}"
    if isinstance(value, str) and limits.pattern and not re.search(limits.pattern, value):
        return f"must match {limits.pattern}"
    return ""


def _number_reason(limits: Constraints, value: int | float) -> str:
    if limits.min is not None and value < limits.min:
        return f"must be at least {limits.min}"
    if limits.max is not None and value > limits.max:
        return f"must be at most {limits.max}"
    if limits.above is not None and value <= limits.above:
        return f"must be above {limits.above}"
    if limits.below is not None and value >= limits.below:
        return f"must be below {limits.below}"
    return ""


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def stored_constraints(stored: Any) -> Constraints | None:
    """Constraints as a row holds them, None where somebody stored what cannot be read as such."""
    try:
        found = Constraints.model_validate(codec.load(stored) if isinstance(stored, str) else None)
        re.compile(found.pattern or "")
    except (ValidationError, re.error):
        return None
    return found
