"""Peewee models of the tables; ``schema`` makes the tables, these are for queries.

No model is bound to a database: a query runs on the one it is given (``query.execute(db.sqlite)``),
so that several databases can be open at once, as in an import's rehearsal.
"""

from __future__ import annotations

from typing import Final

import peewee
from peewee import SQL

CURRENT_TIMESTAMP: Final = SQL("CURRENT_TIMESTAMP")


class SeedInfo(peewee.Model):
    """Epoch seeds: the newest active row of a type counts, older ones are its history."""

    id = peewee.AutoField()
    type = peewee.TextField()
    seed = peewee.BigIntegerField()
    epoch_index = peewee.BigIntegerField()
    signature = peewee.TextField()
    created_at = peewee.TextField()
    is_active = peewee.BooleanField()
    claimed = peewee.BooleanField()

    class Meta:
        """The daemon's name for it."""

        table_name = "seed_info"


class UpgradePlans(peewee.Model):
    """Upgrade plans: the newest active row counts."""

    id = peewee.AutoField()
    name = peewee.TextField()
    height = peewee.BigIntegerField()
    binaries = peewee.TextField()
    is_active = peewee.BooleanField()
    created_at = peewee.TextField()
    node_version = peewee.TextField()

    class Meta:
        """The daemon's name for it."""

        table_name = "upgrade_plans"


class NodeVersions(peewee.Model):
    """The version stack."""

    id = peewee.AutoField()
    height = peewee.BigIntegerField()
    version = peewee.TextField()
    created_at = peewee.TextField()

    class Meta:
        """The daemon's name for it."""

        table_name = "node_versions"


class InferenceNodes(peewee.Model):
    """The node registry; ``models`` and ``hardware`` are JSON."""

    id = peewee.TextField(primary_key=True)
    host = peewee.TextField()
    inference_segment = peewee.TextField()
    inference_port = peewee.IntegerField()
    poc_segment = peewee.TextField()
    poc_port = peewee.IntegerField()
    models = peewee.TextField()
    max_concurrent = peewee.BigIntegerField()
    hardware = peewee.TextField()
    version = peewee.TextField()
    is_enabled = peewee.BooleanField()
    created_at = peewee.TextField()
    updated_at = peewee.TextField()

    class Meta:
        """The daemon's name for it."""

        table_name = "inference_nodes"


class MlnodeSecurity(peewee.Model):
    """Security keys of nodes."""

    node_id = peewee.TextField(primary_key=True)
    security_key = peewee.TextField()
    key_version = peewee.IntegerField()
    created_at = peewee.TextField()
    updated_at = peewee.TextField()

    class Meta:
        """The daemon's name for it."""

        table_name = "mlnode_security"


class AuditLog(peewee.Model):
    """One row per changed entity, written by triggers and signed by nodedeck."""

    id = peewee.AutoField()
    at = peewee.TextField()
    path = peewee.TextField()
    action = peewee.TextField()
    old_json = peewee.TextField(null=True)
    new_json = peewee.TextField(null=True)
    actor = peewee.TextField(null=True)
    reason = peewee.TextField(null=True)

    class Meta:
        """A table of our own."""

        table_name = "audit_log"


class Settings(peewee.Model):
    """Typed settings by service and key; ``key`` is a path below the service."""

    service = peewee.TextField()
    key = peewee.TextField()
    type = peewee.TextField()
    value_json = peewee.TextField()
    description = peewee.TextField()
    help_text = peewee.TextField()
    complexity = peewee.TextField()
    is_secret = peewee.BooleanField()
    constraints_json = peewee.TextField()
    updated_at = peewee.TextField()

    class Meta:
        """A table of our own."""

        table_name = "settings"
        primary_key = peewee.CompositeKey("service", "key")


class SettingRules(peewee.Model):
    """What a loaded schema says of a setting; ``default_json`` is NULL where it has no default."""

    service = peewee.TextField()
    key = peewee.TextField()
    type = peewee.TextField()
    description = peewee.TextField()
    help_text = peewee.TextField()
    complexity = peewee.TextField()
    constraints_json = peewee.TextField()
    default_json = peewee.TextField(null=True)
    updated_at = peewee.TextField()

    class Meta:
        """A table of our own."""

        table_name = "setting_rules"
        primary_key = peewee.CompositeKey("service", "key")


class SettingProfiles(peewee.Model):
    """Named sets of one service's values, as a JSON object by key."""

    service = peewee.TextField()
    name = peewee.TextField()
    values_json = peewee.TextField()
    updated_at = peewee.TextField()

    class Meta:
        """A table of our own."""

        table_name = "setting_profiles"
        primary_key = peewee.CompositeKey("service", "name")


class FeatureFlags(peewee.Model):
    """Flags: JSON true or false, a percentage, or a list of hosts."""

    name = peewee.TextField(primary_key=True)
    value_json = peewee.TextField()
    description = peewee.TextField()
    updated_at = peewee.TextField()

    class Meta:
        """A table of our own."""

        table_name = "feature_flags"


class Imports(peewee.Model):
    """Receipts of imports."""

    id = peewee.AutoField()
    at = peewee.TextField()
    actor = peewee.TextField()
    host = peewee.TextField()
    receipt_json = peewee.TextField()

    class Meta:
        """A table of our own."""

        table_name = "imports"
