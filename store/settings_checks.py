"""What other programs may leave behind in settings and flags, told as problems and next steps."""

from __future__ import annotations

from collections.abc import Iterator

from store import schema, settings, settings_flags
from store.database import Database
from store.errors import InvalidValue
from store.settings_rules import SettingType, checked


def problems(db: Database) -> Iterator[tuple[str, str]]:
    """Sentence and next step of each problem, inside the caller's read transaction."""
    yield from _overlaps(db)
    yield from _misfits(db)
    if schema.has_table(db, "feature_flags"):
        for flag in settings_flags.listed(db):
            if flag.rule is None:
                yield (
                    f"Flag {flag.name} holds no rule that nodedeck knows, so it is off.",
                    f"nodedeck flag set {flag.name} off",
                )


def _overlaps(db: Database) -> Iterator[tuple[str, str]]:
    stored = {(each.rule.service, each.rule.key): each for each in settings.listed(db)}
    for (service, key), setting in stored.items():
        parts = key.split(".")
        for count in range(1, len(parts)):
            above = stored.get((service, ".".join(parts[:count])))
            if above is not None:
                yield (
                    f"{setting.path} stands below {above.path}, which is a setting, too: another"
                    " program stored both.",
                    f"Keep one: nodedeck unset {above.path}",
                )


def _misfits(db: Database) -> Iterator[tuple[str, str]]:
    for setting in settings.listed(db):
        if not setting.stored:
            continue
        rule = setting.rule
        if rule.type is SettingType.SECRET:  # how it stands is judged with all secrets
            continue
        try:
            checked(rule, setting.value)
        except InvalidValue as fault:
            told = fault.message.removesuffix("; nothing was changed.")
            yield f"{told}.", f"Set it to a value that fits: nodedeck set {setting.path} VALUE"
