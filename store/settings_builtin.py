"""nodedeck's own thresholds: settings of the service ``nodedeck`` that are always declared."""

from __future__ import annotations

from typing import Final

from store.settings_rules import Constraints, Rule, SettingType

OWN_SERVICE: Final = "nodedeck"
HEIGHTS_DAYS: Final = 7
DAYS: Final = 400

BUILT_IN: Final = (
    Rule(
        service=OWN_SERVICE,
        key="retention.heights_days",
        type=SettingType.INTEGER,
        description="Days that changes of the two heights stay in the audit log.",
        constraints=Constraints(min=1, max=36_500),
        has_default=True,
        default=HEIGHTS_DAYS,
    ),
    Rule(
        service=OWN_SERVICE,
        key="retention.days",
        type=SettingType.INTEGER,
        description="Days that all other changes stay in the audit log.",
        constraints=Constraints(min=1, max=36_500),
        has_default=True,
        default=DAYS,
    ),
)
