"""What may be typed for a value: its kind of field, how its text reads, and why it does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from store import codec
from store.errors import InvalidValue, NodedeckError
from store.settings_rules import Rule, SettingType, typed
from tui.clipboard import plain

_UNCHANGED: Final = "; nothing was changed."
_TRUTHS: Final = ("true", "false")

Judge = Callable[[str], object]
"""Takes a text as the store would be given it; raises InvalidValue where it does not fit."""


class FieldKind(StrEnum):
    """How a value is typed."""

    TOGGLE = "toggle"
    SELECT = "select"
    NUMBER = "number"
    TEXT = "text"
    JSON = "json"
    SECRET = "secret"  # noqa: S105 - the name of a kind


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a form: its path, its present value with secrets masked, what it may become.

    ``options`` are the only texts there are, where there are any, and ``hint`` says what fits. A
    ``quoted`` text is typed as a JSON string, since some of its characters do not show.
    """

    path: str
    label: str
    kind: FieldKind
    value: Any
    judge: Judge
    options: tuple[str, ...] = ()
    hint: str = ""
    quoted: bool = False

    @property
    def text(self) -> str:
        """The present value as it stands in the field."""
        if self.kind is FieldKind.JSON:
            return json_text(self.value)
        return "" if self.value is None else codec.shown(self.value)

    def given(self, text: str) -> str:
        """A field's text as the store is given it; raises InvalidValue for a text that is none."""
        if not self.quoted:
            return text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, str):
            raise InvalidValue("must be a text in double quotes, as JSON writes it")
        return value

    def refusal(self, text: str) -> str:
        """Why a text does not fit, empty where it does."""
        try:
            if self.kind is FieldKind.JSON:
                json.loads(text)
            self.judge(self.given(text))
        except json.JSONDecodeError as fault:
            return f"no JSON yet: {fault.msg} at line {fault.lineno}, column {fault.colno}"
        except RecursionError:
            return "nested too deep"
        except NodedeckError as fault:
            return told(fault, self.path)
        return ""

    def differs(self, text: str) -> bool:
        """Whether a text stands for another value than the present one."""
        if self.kind is not FieldKind.JSON:
            return text != self.text
        try:
            return bool(codec.dump(json.loads(text)) != codec.dump(self.value))
        except (ValueError, RecursionError):
            return True


def told(fault: NodedeckError, path: str) -> str:
    """A refusal as it stands under the field that it is about."""
    said = fault.message.removeprefix(f"{path}: ").removesuffix(_UNCHANGED)
    return f"{said}. {fault.hint}" if fault.hint else said


def json_text(value: Any) -> str:
    """A value as JSON in which every character shows, on lines of its own where it is long."""
    compact = json.dumps(value, ensure_ascii=False)
    ascii_only = plain(compact) != compact
    if len(compact) <= 60:
        return json.dumps(value, ensure_ascii=ascii_only)
    return json.dumps(value, ensure_ascii=ascii_only, indent=2)


def spec_of(
    path: str, label: str, value: Any, judge: Judge, *, sample: Any, hint: str = ""
) -> FieldSpec:
    """The field of a value that is typed like ``sample``, whatever stands there now."""
    options = _TRUTHS if isinstance(sample, bool) else ()
    kind = _kind(value, sample)
    quoted = kind is FieldKind.JSON and isinstance(sample, str)
    return FieldSpec(path, label, kind, value, judge, options, hint, quoted)


def _kind(value: Any, sample: Any) -> FieldKind:
    if isinstance(sample, bool):
        return FieldKind.TOGGLE
    if isinstance(sample, int | float):
        return FieldKind.NUMBER
    return _text_kind(value) if isinstance(sample, str) else FieldKind.JSON


def _text_kind(value: Any) -> FieldKind:
    """JSON for a text with characters that would not show as what they are."""
    hidden = isinstance(value, str) and plain(value) != value
    return FieldKind.JSON if hidden else FieldKind.TEXT


def spec_of_rule(rule: Rule, value: Any) -> FieldSpec:
    """The field of a declared setting."""
    judge: Judge = lambda text: typed(rule, text)  # noqa: E731 - bound to the rule
    hint = rule.constraints.words()
    kinds = {
        SettingType.INTEGER: FieldKind.NUMBER,
        SettingType.FLOAT: FieldKind.NUMBER,
        SettingType.JSON: FieldKind.JSON,
    }
    nullable = ("null",) if rule.constraints.nullable else ()
    if rule.type is SettingType.BOOLEAN:
        options = (*_TRUTHS, *nullable)
        return FieldSpec(rule.path, rule.path, FieldKind.TOGGLE, value, judge, options, hint)
    if rule.type is SettingType.ENUM:
        allowed = tuple(map(codec.shown, rule.constraints.allowed or ()))
        options = (*allowed, *nullable)
        return FieldSpec(rule.path, rule.path, FieldKind.SELECT, value, judge, options, hint)
    kind = kinds.get(rule.type) or _text_kind(value)
    quoted = kind is FieldKind.JSON and rule.type is not SettingType.JSON
    return FieldSpec(rule.path, rule.path, kind, value, judge, (), hint, quoted)


def spec_of_secret(path: str) -> FieldSpec:
    """The field of a secret: what is typed shows as dots, and begins with nothing."""

    def judge(text: str) -> None:
        if not text:
            raise InvalidValue("a secret cannot be empty")

    hint = "not shown; what is typed replaces it and is sealed"
    return FieldSpec(path, path, FieldKind.SECRET, None, judge, (), hint)
