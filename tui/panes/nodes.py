"""The nodes pane: the registry, a row a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from store import masks
from store.models import Hardware, Node, Snapshot
from store.paths import join, split
from tui.glyphs import UNICODE
from tui.panes.base import Pane
from tui.picture import Picture
from tui.store_thread import in_thread
from tui.text import grouped
from tui.widgets.table_lazy import LazyRows
from tui.widgets.table_model import Cell, Column, Row

MANY: Final = 500
"""Of more nodes each row is made when it is looked at."""


class NodesPane(Pane):
    """Every node with whether it is enabled, where it is and what it runs."""

    NUMBER = 3
    TITLE = "Nodes"
    COLUMNS = (
        Column("is_enabled", "", min_width=1, max_width=6),
        Column("id", "id", min_width=6, max_width=28),
        Column("host", "host", min_width=8, max_width=28),
        Column("inference_port", "inference", align="right", min_width=9, priority=3),
        Column("poc_port", "poc", align="right", min_width=5, priority=4),
        Column("max_concurrent", "max", align="right", min_width=4, priority=2),
        Column("models", "models", grow=3, min_width=12),
        Column("hardware", "hardware", grow=1, min_width=10, priority=5),
        Column("version", "version", min_width=7, max_width=14, priority=1),
    )
    EMPTY = (
        "No nodes in the registry. 'nodedeck node add node1 --from node.yaml' adds one,"
        " 'nodedeck import apply node-config.json' brings in a list, and the daemon adds them"
        " through its admin API."
    )

    def __init__(self, clock: Callable[[], datetime], *, id: str) -> None:
        super().__init__(clock, id=id)
        self._asked = 0
        self._found = _Found()

    def retell(self) -> None:
        """Leave the rows, of which none has an age."""

    def refill(self, picture: Picture, *, flash: bool = False) -> None:
        """Bring the rows in line with a picture; those of very many nodes come a moment later."""
        self._asked += 1
        nodes = picture.snapshot.nodes
        enabled = sum(node.is_enabled for node in nodes)
        self.entitle(f"{enabled} of {len(nodes)} enabled" if nodes else "")
        if len(nodes) <= MANY:
            self._found = _Found()
            super().refill(picture, flash=flash)
        else:
            work = self._refill(picture.snapshot, flash=flash)
            self.run_worker(work, name="nodes", group="nodes", exclusive=False)

    async def _refill(self, snapshot: Snapshot, *, flash: bool) -> None:
        """Work the keys out in a thread; a row is made when it is looked at."""
        asked, before = self._asked, self._found if flash else _Found()
        found = await in_thread(lambda: _Found.of(snapshot), name="nodes")
        if asked != self._asked or not self.is_attached:
            return
        self._found = found

        def make(at: int) -> Row:
            key = found.keys[at]
            row = replace(self._row(found.nodes[key], found.raw), key=key)
            was = before.nodes.get(key)
            shown = None if was is None else self._row(was, before.raw)
            return replace(row, changed=self._changed(row, shown)) if before.nodes else row

        self.table.set_rows(LazyRows(found.keys, make), flash=flash)

    def rows(self, picture: Picture) -> list[Row]:
        """A row a node, in the registry's order; undecodable fields as they are stored."""
        raw = _raw(picture.snapshot)
        return [self._row(node, raw) for node in picture.snapshot.nodes]

    def _row(self, node: Node, raw: Mapping[str, str]) -> Row:
        path = join("nodes", node.id)
        on = Cell(UNICODE.on, "good", whole="enabled")
        off = Cell(UNICODE.off, "warning", whole="disabled")
        cells = {
            "is_enabled": on if node.is_enabled else off,
            "id": Cell(node.id, "strong" if node.is_enabled else "muted"),
            "host": Cell(masks.masked((*split(path), "host"), node.host)),
            "inference_port": _count(node.inference_port),
            "poc_port": _count(node.poc_port),
            "max_concurrent": _count(node.max_concurrent, grouped(node.max_concurrent)),
            "models": _text(
                ", ".join(name.rpartition("/")[2] or name for name in node.models),
                whole=", ".join(node.models),
            ),
            "hardware": _text(
                ", ".join(map(_hardware, node.hardware)),
                whole=", ".join(f"{item.count} × {item.type}" for item in node.hardware),
            ),
            "version": _text(node.version),
        }
        for name in cells:
            if (stored := raw.get(f"{path}.{name}")) is not None:
                cells[name] = Cell(stored, "critical")
        return Row(path, tuple(cells.values()))


@dataclass(frozen=True, slots=True)
class _Found:
    """Many nodes by the keys of their rows, and the stored text of fields that do not decode."""

    keys: tuple[str, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    raw: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> _Found:
        """Those of a snapshot."""
        nodes: dict[str, Node] = {}
        for node in snapshot.nodes:
            key = join("nodes", node.id)
            while key in nodes:
                key += "\0"
            nodes[key] = node
        return cls(tuple(nodes), nodes, _raw(snapshot))


def _raw(snapshot: Snapshot) -> dict[str, str]:
    return {fault.path: fault.raw for fault in snapshot.undecoded}


def _count(number: int, shown: str = "") -> Cell:
    """A port or limit; zero is the daemon's "unset"."""
    if not number:
        return Cell("unset", "warning")
    return Cell(shown or str(number), whole=str(number))


def _text(text: str, *, whole: str | None = None) -> Cell:
    return Cell(text, whole=whole) if text else Cell(UNICODE.none, "muted")


def _hardware(item: Hardware) -> str:
    return f"{item.count} {UNICODE.times} {item.type.partition(' | ')[0]}"
