"""The seeds pane: are the three epoch seeds there, and is the last one claimed?"""

from __future__ import annotations

from textual.app import ComposeResult

from store import outlook
from store.paths import SEED_TYPES
from tui.glyphs import UNICODE
from tui.panes.base import Pane
from tui.picture import Picture
from tui.text import grouped, shorten_middle
from tui.widgets.epoch_strip import EpochStrip
from tui.widgets.table_model import Cell, Column, Row

_SIGNATURE = 13


class SeedsPane(Pane):
    """The previous, current and upcoming seed, a row each, the missing ones too."""

    NUMBER = 2
    TITLE = "Seeds"
    COLUMNS = (
        Column("type", "", width=8),
        Column("epoch_index", "epoch", align="right", min_width=5),
        Column("claimed", "claimed", min_width=7),
        Column("seed", "seed", align="right", min_width=4),
        Column("signature", "signature", min_width=9, priority=1),
    )
    EMPTY = (
        "No seeds yet. The daemon writes one when the first epoch begins;"
        " 'nodedeck import apply config.yaml' brings in a legacy file's."
    )

    def compose(self) -> ComposeResult:
        """The table, and the last epochs under it."""
        yield from super().compose()
        yield EpochStrip()

    def target(self, key: str) -> str:
        """The seed's path."""
        return f"{key}_seed"

    def rows(self, picture: Picture) -> list[Row]:
        """One row a type."""
        self.query_one(EpochStrip).marks = picture.epochs
        self.set_class(bool(picture.epochs), "-strip")
        snapshot = picture.snapshot
        if snapshot.empty:
            return []
        faulty = {fault.path: fault.raw for fault in snapshot.undecoded}
        rows = []
        for kind in SEED_TYPES:
            seed = outlook.seed(snapshot, kind)
            if seed is None:
                missing = Cell(f"{UNICODE.critical} missing", "warning")
                rows.append(Row(kind, (Cell(kind, "muted"), "", missing, "", "")))
                continue
            claimed = (
                Cell(f"{UNICODE.ok} yes", "good", whole="yes")
                if seed.claimed
                else Cell(f"{UNICODE.dot} no", "muted", whole="no")
            )
            values = {
                "epoch_index": Cell(
                    grouped(seed.epoch_index), "strong", whole=str(seed.epoch_index)
                ),
                "claimed": claimed,
                "seed": Cell(str(seed.seed)),
                "signature": Cell(
                    shorten_middle(seed.signature, _SIGNATURE), "muted", whole=seed.signature
                ),
            }
            cells = [
                Cell(faulty[path], "critical")
                if (path := f"{kind}_seed.{name}") in faulty
                else cell
                for name, cell in values.items()
            ]
            rows.append(Row(kind, (Cell(kind, "muted"), *cells)))
        return rows
