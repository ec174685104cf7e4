"""The nodes pane: the registry, a row a node."""

from __future__ import annotations

from store import masks
from store.models import Hardware, Node
from store.paths import join, split
from tui.glyphs import UNICODE
from tui.panes.base import Pane
from tui.picture import Picture
from tui.text import grouped
from tui.widgets.table_model import Cell, Column, Row


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

    def rows(self, picture: Picture) -> list[Row]:
        """A row a node, in the registry's order; undecodable fields as they are stored."""
        nodes = picture.snapshot.nodes
        enabled = sum(node.is_enabled for node in nodes)
        self.entitle(f"{enabled} of {len(nodes)} enabled" if nodes else "")
        raw = {fault.path: fault.raw for fault in picture.snapshot.undecoded}
        return [self._row(node, raw) for node in nodes]

    def _row(self, node: Node, raw: dict[str, str]) -> Row:
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


def _count(number: int, shown: str = "") -> Cell:
    """A port or limit; zero is the daemon's "unset"."""
    if not number:
        return Cell("unset", "warning")
    return Cell(shown or str(number), whole=str(number))


def _text(text: str, *, whole: str | None = None) -> Cell:
    return Cell(text, whole=whole) if text else Cell(UNICODE.none, "muted")


def _hardware(item: Hardware) -> str:
    return f"{item.count} {UNICODE.times} {item.type.partition(' | ')[0]}"
