"""Our own writes checked before they are tried, with the reason in words.

A daemon's write is never refused; what is wrong with it is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from store import masks
from store.codec import MASK, dump
from store.errors import InvalidValue
from store.limits import INT64_MAX
from store.models import (
    BandwidthParams,
    EpochSeed,
    Node,
    NodeVersions,
    Params,
    UpgradePlan,
    ValidationParams,
)
from store.paths import PARAMS_SUFFIX, Address, Kind, join, quote, split

Model = TypeVar("Model", bound=BaseModel)

PARAMS_MODELS: Final[Mapping[str, type[Params]]] = {
    "validation": ValidationParams,
    "bandwidth": BandwidthParams,
}
_SAMPLES: Final[Mapping[Kind, BaseModel]] = {
    Kind.SEED: EpochSeed(),
    Kind.VERSIONS: NodeVersions(),
    Kind.UPGRADE: UpgradePlan(),
    Kind.NODE: Node(id="-"),
}
LARGEST_PORT: Final = 65_535
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
        f"{path}{below}: {reason(fault['msg'])}, not {masks.told(path + below, fault['input'])};"
        " nothing was changed."
    )


def _named(location: tuple[int | str, ...]) -> Iterable[int | str]:
    """Without the names that pydantic gives the branches of a union."""
    return (part for part in location if part not in ("int", "float", "str"))


def reason(message: str) -> str:
    """Why a value does not fit, from a model's own message."""
    return (
        message.removeprefix("Input ")
        .replace("should be", "must be")
        .replace("Extra inputs are", "an unknown field is")
    )


def checked_height(path: str, height: int) -> int:
    """A block height; raises InvalidValue outside 0 to 2^63-1."""
    if type(height) is not int or not 0 <= height <= INT64_MAX:
        raise InvalidValue(f"{path}: must be 0 to 2^63-1, not {height!r}; nothing was changed.")
    return height


def checked_params(kind: str, values: Any) -> dict[str, Any]:
    """The parameters of one type as they are stored; raises InvalidValue for a misfit."""
    path = join(f"{kind}{PARAMS_SUFFIX}")
    model = PARAMS_MODELS.get(kind, Params)
    params = checked(model, values, path).model_dump(exclude_unset=True)
    storable(params, path)
    return params


def storable(value: Any, path: str) -> None:
    """Raise InvalidValue for a value that JSON in UTF-8 cannot hold."""
    try:
        dump(value)
    except ValueError:
        raise InvalidValue(
            f"{path}: NaN, infinity and text that is not UTF-8 cannot be stored;"
            " nothing was changed."
        ) from None


def refuse_mask(path: str, value: Any) -> None:
    """Raise InvalidValue for a mask where a secret stands: it would put an end to the secret."""
    if masks.shows_mask(value) and masks.holds_secret(split(path), value):
        raise InvalidValue(
            f"{path}: {MASK} stands for a secret that was not shown; nothing was changed.",
            hint="Write the secret in its place, or leave the value out to keep what is there.",
        )


def refuse_no_port(path: str, value: Any) -> None:
    """Raise InvalidValue for a number that is no TCP port, under the name of one.

    Zero is taken from files and daemons as "unset", and from nobody who sets a value.
    """
    is_port = split(path)[-1].lower().endswith("port")
    if is_port and type(value) is int and not 1 <= value <= LARGEST_PORT:
        raise InvalidValue(
            f"{path}: must be a port, 1 to {LARGEST_PORT}, not {value}; nothing was changed."
        )


def sample(address: Address) -> Any:
    """An entity as its model has it by default, so that text is typed by its field.

    What a foreign writer stored may have another type, which a write of ours puts right.
    """
    kind = split(address.entity)[0].removesuffix(PARAMS_SUFFIX)
    default = _SAMPLES.get(address.kind) or PARAMS_MODELS.get(kind, Params)()
    return default.model_dump(mode="json")


def checked_node(node: Node, before: Node | None, others: Iterable[Node]) -> Node:
    """A node that keeps the registry's rules; raises InvalidValue with the rule it breaks.

    Only what differs from ``before`` is judged, so that a node with a port the daemon left unset
    can still be switched off.
    """
    path = join("nodes", node.id)

    def differs(field: str) -> bool:
        return before is None or getattr(node, field) != getattr(before, field)

    for field in type(node).model_fields:
        if differs(field):
            refuse_mask(f"{path}.{field}", getattr(node, field))
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
