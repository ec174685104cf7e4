"""What is typed for a setting: its field, the text to begin with, and what a text means."""

from __future__ import annotations

from typing import Any

from store import codec
from store.settings_board import SettingLine
from store.settings_rules import typed
from tui.editing.specs import FieldKind, FieldSpec, json_text, spec_of_rule, spec_of_secret
from tui.settings_edit.staging import Staged


def spec_of_line(line: SettingLine, staged: Staged | None = None) -> FieldSpec:
    """The field of a setting, as the deck's forms have it."""
    if line.secret:
        return spec_of_secret(line.path)
    # what was typed before may need another kind of field than what is stored
    value = line.own if staged is None or staged.unset else staged.value
    return spec_of_rule(line.rule, value)


def starting_text(spec: FieldSpec, line: SettingLine, staged: Staged | None = None) -> str:
    """What a field begins with: what is staged, else the present value, nothing of a secret."""
    known = line.known if staged is None or staged.unset else True
    if line.secret or not known:
        return ""
    if spec.kind is FieldKind.JSON:
        return json_text(spec.value)
    # null is a text of its own where the rule allows it, and not an empty one
    return codec.shown(spec.value)


def meant(spec: FieldSpec, line: SettingLine, text: str) -> Any:
    """A text that fits as the value to stage."""
    return text if line.secret else typed(line.rule, spec.given(text))
