"""ConfigManager: the one door to a host's configuration.

A method that writes is one transaction: the write lock, the value, the attribution, the commit.
It returns the id of the newest change it made, or 0 where the value already was so. Panes, verbs,
the wizard and tests all come through here.
"""

from __future__ import annotations

from store.door import utc_now
from store.operations.board import BoardOperations
from store.operations.chain import ChainOperations
from store.operations.handing import HandoverOperations
from store.operations.nodes import NodeOperations
from store.operations.past import PastOperations
from store.operations.pending import PendingOperations
from store.operations.profiles import FlagOperations, ProfileOperations
from store.operations.settings import SettingOperations
from store.operations.travelling import TravelOperations

__all__ = ["ConfigManager", "utc_now"]


class ConfigManager(
    ChainOperations,
    NodeOperations,
    PendingOperations,
    PastOperations,
    HandoverOperations,
    TravelOperations,
    SettingOperations,
    BoardOperations,
    ProfileOperations,
    FlagOperations,
):
    """The document of one host: static keys of the config file, dynamic state of the database."""
