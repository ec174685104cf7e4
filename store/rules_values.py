"""Rules about nodes and stored values, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from store.findings import Evidence, Finding, Severity
from store.models import Node, Snapshot
from store.paths import join


def nodes(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Nodes that take no part or cannot."""
    places: dict[tuple[str, int], str] = {}
    for node in evidence.snapshot.nodes:
        yield from _node(node)
        if not (node.host and node.inference_port):
            continue
        other = places.setdefault((node.host, node.inference_port), node.id)
        if other != node.id:
            yield Finding(
                Severity.WARNING,
                f"Nodes {other} and {node.id} both stand at {node.host}:{node.inference_port}.",
                "One of them is a mistake; change its host or port.",
                "node-place",
                join("nodes", node.id, "inference_port"),
            )


def _node(node: Node) -> Iterator[Finding]:
    ports = node.inference_port and node.poc_port
    if node.is_enabled and node.models and ports and node.max_concurrent:
        return  # before the path, which of ten thousand nodes takes longer than all else here
    path = join("nodes", node.id)
    if not node.is_enabled:
        hint = "Switch it on with 'nodedeck node enable' when it is well again."
        message = f"Node {node.id} is disabled; it takes part in nothing from the next epoch on."
        yield Finding(Severity.INFO, message, hint, "node-disabled", f"{path}.is_enabled")
    if not node.models:
        message = f"Node {node.id} has no model."
        yield Finding(Severity.WARNING, message, "Give it one.", "node-models", f"{path}.models")
    for name in ("inference_port", "poc_port", "max_concurrent"):
        if getattr(node, name) == 0:
            message = f"Node {node.id} has {name} unset (0)."
            yield Finding(Severity.WARNING, message, "Set it.", "node-unset", f"{path}.{name}")


def undecoded(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Values that are none of their type."""
    return undecodable(evidence.snapshot)


def undecodable(snapshot: Snapshot) -> Iterator[Finding]:
    """Each value of a snapshot that is none of its type."""
    for fault in snapshot.undecoded:
        wanted = fault.wanted.removeprefix("Input ").removeprefix("should be ")
        yield Finding(
            Severity.WARNING,
            f"{fault.path} holds {fault.raw[:80]!r}, which does not decode; it should be {wanted}.",
            "Set it to a value of its type with 'nodedeck set', or look at the writer.",
            "undecoded",
            fault.path,
        )


def overwritten(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Changes of ours that another writer took back."""
    for change in evidence.overwritten:
        yield Finding(
            Severity.WARNING,
            f"Your change #{change.id} of {change.path} was overwritten by another writer.",
            "The daemon writes this from its memory; change it through the daemon's own API.",
            "overwritten",
            change.path,
        )


def hidden(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Values that the environment lies over."""
    return _warnings(
        evidence.hidden,
        "The environment hides the database's value of {}.",
        "Unset the DAPI_ variable if the database's value should count.",
        "hidden",
    )


def unparsed(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Settings, profiles and flags whose text is no JSON, whoever left it."""
    return _warnings(
        evidence.unparsed,
        "{} holds text that is no JSON.",
        "Set it to a value with 'nodedeck set', or look at the writer.",
        "unparsed",
    )


def _warnings(at: Iterable[str], told: str, hint: str, code: str) -> Iterator[Finding]:
    for path in at:
        yield Finding(Severity.WARNING, told.format(path), hint, code, path)


def secrets(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Secrets that stand in clear, and those whose key is lost."""
    yield from evidence.secrets
