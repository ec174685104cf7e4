"""Unattended start-up: import the legacy file beside an empty database, or read it alone.

As the reference has it: an empty database beside a legacy config file is filled from it once, with
a backup, in one transaction, and the file is rewritten with static keys only. Where that fails,
the file is read and nothing is written.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from store import static_file
from store.connections import held_open
from store.documents import Document, Overrides
from store.findings import Inspection
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.apply import Result
from store.locations import DATABASE_NAME, Locations
from store.manager import ConfigManager, utc_now
from store.static_layer import StaticFile
from store.stores import by_id


def migrate(locations: Locations, *, actor: str, clock: Callable[[], datetime] = utc_now) -> Result:
    """Import the config file unattended and rewrite it; raises what planning and applying raise."""
    with held_open(locations.database):
        plan = engine.preview([planning.load(locations.config)], locations)
        plan.refuse_misfits()
        reason = "automatic migration"
        return engine.apply(plan, locations, actor=actor, clock=clock, rewrite=True, reason=reason)


class FileModeManager(ConfigManager):
    """A legacy file read as a whole document, and nothing ever written.

    The typed state comes from a private copy that is imported into a directory of its own and
    goes with the manager.
    """

    @classmethod
    def of(cls, config: Path, *, actor: str, overrides: Overrides | None = None) -> FileModeManager:
        """Read the file; raises BadDocument where it cannot be read."""
        source = planning.load(config)
        folder = tempfile.TemporaryDirectory(prefix="nodedeck-file-mode-")
        places = Locations(config, Path(folder.name) / DATABASE_NAME)
        try:
            plan = planning.make([source], planning.nothing)
            plan.refuse_misfits()
            engine.fill(plan, places, actor=actor)
            manager = cls.open(places, actor=actor, read_only=True, overrides=overrides)
        except BaseException:
            folder.cleanup()
            raise
        weakref.finalize(manager, folder.cleanup)
        return manager

    def inspect(self, known: Inspection | None = None, *, scan: bool = False) -> Inspection:
        """Nothing: the database is a copy for this reader alone, and the file has every key."""
        return known or Inspection()

    def _document(self, over: Overrides, *, defaults: bool) -> Document:
        tree = by_id(static_file.read_tree(self.config))
        return Document({}, StaticFile(self.config, static=tree), over)

    def _short(self, path: str) -> Document | None:
        return None
