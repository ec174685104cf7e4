"""Our own writes checked before they are tried, with the reason in words.

A daemon's write is never refused; what is wrong with it is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from store.codec import shown
from store.errors import InvalidValue
from store.models import Node
from store.paths import join, quote

Model = TypeVar("Model", bound=BaseModel)

_UNSET_REFUSED: Final = ("inference_port", "poc_port", "max_concurrent")


def checked(model: type[Model], value: Any, path: str) -> Model:
    """A value as its model; raises InvalidValue naming the path of the first misfit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise misfit(error, path) from None


def misfit(error: ValidationError, path: str) -> InvalidValue:
    """The sentence for a value that does not fit."""
    fault = error.errors()[0]
    below = "".join(f".{quote(str(part))}" for part in _named(fault["loc"]))
    return InvalidValue(
        f"{path}{below}: {_reason(fault['msg'])}, not {shown(fault['input'])[:80]!r};"
        " nothing was changed."
    )


def _named(location: tuple[int | str, ...]) -> Iterable[int | str]:
    """Without the names that pydantic gives the branches of a union."""
    return (part for part in location if part not in ("int", "float", "str"))


def _reason(message: str) -> str:
    return (
        message.removeprefix("Input ")
        .replace("should be", "must be")
        .replace("Extra inputs are", "an unknown field is")
    )


def checked_node(node: Node, before: Node | None, others: Iterable[Node]) -> Node:
    """A node that keeps the registry's rules; raises InvalidValue with the rule it breaks.

    Only what differs from ``before`` is judged, so that a node with a port the daemon left unset
    can still be switched off.
    """
    path = join("nodes", node.id)

    def differs(field: str) -> bool:
        return before is None or getattr(node, field) != getattr(before, field)

    if not node.host and differs("host"):
        raise InvalidValue(f"{path}.host: must not be empty; nothing was changed.")
    for field in _UNSET_REFUSED:
        if getattr(node, field) == 0 and differs(field):
            raise InvalidValue(f"{path}.{field}: must be at least 1; nothing was changed.")
    if not node.models and differs("models"):
        raise InvalidValue(f"{path}.models: needs at least one model; nothing was changed.")
    for other in others:
        if other.id == node.id:
            if before is None:
                raise InvalidValue(f"{path}: there is a node with this id; nothing was changed.")
        elif (differs("host") or differs("inference_port")) and (
            other.host,
            other.inference_port,
        ) == (node.host, node.inference_port):
            raise InvalidValue(
                f"{path}: node {other.id!r} already stands at {node.host}:{node.inference_port};"
                " nothing was changed."
            )
    return node
