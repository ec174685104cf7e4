"""Decoded values as the models of the document.

Reading never fails: what does not fit is named, so that a screen can show it as it is and a finding
can speak of it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from store.codec import shown
from store.models import Undecoded
from store.paths import quote

Model = TypeVar("Model", bound=BaseModel)


def typed(model: type[Model], value: Any, path: str, faults: list[Undecoded]) -> Model:
    """A value as its model; fields that do not fit take their default and are added to faults.

    A node's id, which has no default, is part of its path and always fits.
    """
    fields = dict(value) if isinstance(value, dict) else {}
    if not isinstance(value, dict):
        faults.append(Undecoded(path=path, raw=shown(value), wanted="a JSON object"))
    for _ in range(len(fields) + 1):
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            for name, wanted in _misfits(error):
                if name in fields:
                    raw = shown(fields.pop(name))
                    faults.append(Undecoded(path=f"{path}.{quote(name)}", raw=raw, wanted=wanted))
    return model.model_validate({})


def _misfits(error: ValidationError) -> list[tuple[str, str]]:
    return [(str(fault["loc"][0]), fault["msg"]) for fault in error.errors() if fault["loc"]]
