"""What the audit log is about: each entity's path and value as SQL, one declaration per table.

The triggers (``triggers``) and whoever reads the present state use the same expressions, so what
the log says and what the tables say cannot drift apart by being worked out twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from store.codec import MASK
from store.paths import (
    CHAIN_VALUES,
    FLAGS_ROOT,
    NODE_KEY,
    OTHER_CHAIN,
    PARAMS_SUFFIX,
    PROFILES_ROOT,
    PROVIDERS_ROOT,
    SEED_TYPES,
    part_sql,
    plain_sql,
    reserved_sql,
)
from store.sealing.wording import covered_sql, sealed_sql

NOW: Final = "strftime('%Y-%m-%dT%H:%M:%fZ','now')"


def _embedded(column: str) -> str:
    """A JSON column inside a JSON value; text that is not JSON stays text."""
    return (
        f"CASE WHEN typeof({column})='text' AND json_valid({column}) THEN json({column})"
        f" ELSE json_quote({plain_sql(column)}) END"
    )


def _object(plain: str, embedded: str = "") -> str:
    """``json_object`` of columns by name, those of ``embedded`` holding JSON themselves."""
    pairs = [f"'{name}',{plain_sql(name)}" for name in plain.split()]
    pairs += [f"'{name}',{_embedded(name)}" for name in embedded.split()]
    return f"json_object({','.join(pairs)})"


@dataclass(frozen=True, slots=True)
class Secret:
    """The column of a table that may hold a secret, and when it does so in clear.

    ``clear`` is SQL over the row's own columns. ``first`` is SQL over ``NEW`` of what is put right
    before the row is looked at.
    """

    column: str
    clear: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A table in which each row is an entity of its own, found by its key columns.

    ``path`` and ``value`` are SQL over ``{r}``, the name or alias of a row of the table.
    """

    table: str
    keys: tuple[str, ...]
    path: str
    value: str
    secret: Secret | None = None

    def present(self, where: str = "") -> str:
        """SQL that lists (path, value) of every entity, or of those meant, in row order."""
        path = self.path.format(r=self.table)
        only = f" WHERE {where}" if where else ""
        return (
            f"SELECT {path} AS path, {self.value} AS value FROM {self.table}{only} ORDER BY rowid"
        )

    def one(self, key: dict[str, str]) -> tuple[str, str]:
        """SQL of the path and the present value of the entity under this key (SQL by column)."""
        path = self.path
        for column, sql in key.items():
            path = path.replace(f"{{r}}.{column}", sql)
        where = " AND ".join(f"{column}={sql}" for column, sql in key.items())
        return path, f"(SELECT {self.value} FROM {self.table} WHERE {where})"


@dataclass(frozen=True, slots=True)
class Single:
    """An entity of a fixed path, worked out from the whole table."""

    table: str
    path: str
    select: str

    def present(self) -> str:
        """SQL that lists (path, value) of the entity where there is one."""
        return (
            f"SELECT path, value FROM (SELECT '{self.path}' AS path, ({self.select}) AS value)"
            " WHERE value IS NOT NULL"
        )


# a chain of comparisons: IN over a list builds a table each time that a trigger runs
_IS_CHAIN_NAME: Final = " OR ".join(f"{{r}}.key='{name}'" for name in CHAIN_VALUES)
_SEED: Final = _object("seed epoch_index signature claimed")
_NODE_COLUMNS: Final = (
    "host inference_segment inference_port poc_segment poc_port max_concurrent version is_enabled"
)

CHAIN: Final = Keyed(
    "chain_state",
    ("key",),
    f"CASE WHEN {_IS_CHAIN_NAME} THEN {{r}}.key ELSE '{OTHER_CHAIN}.'||{part_sql('{r}.key')} END",
    f"json_quote({plain_sql('value')})",
)
NODES: Final = Keyed(
    "inference_nodes",
    ("id",),
    "'nodes.'||" + part_sql("{r}.id"),
    _object(_NODE_COLUMNS, "models hardware"),
)
PARAMS: Final = Keyed(
    "network_params",
    ("param_type",),
    part_sql("{r}.param_type", PARAMS_SUFFIX),
    _embedded("param_data"),
)
_SETTING_PATH: Final = (
    f"CASE WHEN {reserved_sql('{r}.service')} THEN 'settings.' ELSE '' END"
    f"||{part_sql('{r}.service')}||'.'||{plain_sql('{r}.key')}"
)
_SETTING_SEALED: Final = sealed_sql("value_json", as_json=True)
# a secret's clear value never reaches the log, whatever a foreign writer flags it with
SETTINGS: Final = Keyed(
    "settings",
    ("service", "key"),
    _SETTING_PATH,
    f"CASE WHEN is_secret IS 0 THEN {_embedded('value_json')}"
    f" WHEN {_SETTING_SEALED} THEN value_json"
    f" ELSE json_quote({covered_sql(_SETTING_PATH.format(r='settings'))}) END",
    Secret(
        "value_json",
        f"is_secret IS NOT 0 AND NOT {_SETTING_SEALED}",
        " UPDATE settings SET is_secret=1 WHERE service=NEW.service AND key=NEW.key"
        " AND is_secret IS 0 AND EXISTS (SELECT 1 FROM setting_rules WHERE type='secret'"
        " AND setting_rules.service=NEW.service AND setting_rules.key=NEW.key);",
    ),
)
# settings as a document shows them: any secret is the mask
SHOWN_SETTINGS: Final = replace(
    SETTINGS,
    value=f"CASE WHEN is_secret IS 0 AND NOT {_SETTING_SEALED} THEN {_embedded('value_json')}"
    f" ELSE json_quote('{MASK}') END",
)
PROFILES: Final = Keyed(
    "setting_profiles",
    ("service", "name"),
    f"'{PROFILES_ROOT}.'||{part_sql('{r}.service')}||'.'||{part_sql('{r}.name')}",
    _embedded("values_json"),
)
FLAGS: Final = Keyed(
    "feature_flags", ("name",), f"'{FLAGS_ROOT}.'||" + part_sql("{r}.name"), _embedded("value_json")
)


def _key_in(table: str, column: str, path: str) -> tuple[str, Secret]:
    """SQL for a key as the log tells it, sealed or covered, and what it takes to say so."""
    there = f"({column} IS NOT NULL AND {column} IS NOT '')"
    clear = f"{there} AND NOT {sealed_sql(column)}"
    told = f"CASE WHEN {clear} THEN {covered_sql(path.format(r=table))} ELSE {column} END"
    return told, Secret(column, clear)


_PROVIDER_PATH: Final = f"'{PROVIDERS_ROOT}.'||{part_sql('{r}.provider')}"
_PROVIDER_KEY, _PROVIDER_SECRET = _key_in("provider_configs", "api_key", _PROVIDER_PATH)
PROVIDERS: Final = Keyed(
    "provider_configs",
    ("provider",),
    _PROVIDER_PATH,
    f"json_object('api_key',{_PROVIDER_KEY},'base_url',{plain_sql('base_url')},"
    f"'model',{plain_sql('model')})",
    _PROVIDER_SECRET,
)
_NODE_KEY_PATH: Final = f"'nodes.'||{part_sql('{r}.node_id')}||'.{NODE_KEY}'"
_NODE_KEY, _NODE_SECRET = _key_in("mlnode_security", "security_key", _NODE_KEY_PATH)
NODE_KEYS: Final = Keyed(
    "mlnode_security", ("node_id",), _NODE_KEY_PATH, f"json_quote({_NODE_KEY})", _NODE_SECRET
)
SEEDS: Final = tuple(
    Single(
        "seed_info",
        f"{kind}_seed",
        f"SELECT {_SEED} FROM seed_info WHERE type='{kind}' AND is_active ORDER BY id DESC LIMIT 1",
    )
    for kind in SEED_TYPES
)
VERSIONS: Final = Single(
    "node_versions",
    "node_versions",
    "SELECT CASE WHEN count(*) THEN json_object('versions',json_group_array(json(item))) END"
    f" FROM (SELECT {_object('height version')} AS item FROM node_versions"
    " ORDER BY height,version)",
)
UPGRADE: Final = Single(
    "upgrade_plans",
    "upgrade_plan",
    f"SELECT {_object('name height node_version', 'binaries')} FROM upgrade_plans"
    " WHERE is_active ORDER BY id DESC LIMIT 1",
)
KEYED: Final = (CHAIN, NODES, PARAMS, SETTINGS, PROFILES, FLAGS, PROVIDERS, NODE_KEYS)
SINGLES: Final = (*SEEDS, VERSIONS, UPGRADE)
ENTITIES: Final[tuple[Keyed | Single, ...]] = (*KEYED, *SINGLES)


def settled() -> list[str]:
    """Statements that bring the log in line with tables that were written, or read, otherwise.

    An adopted database's entities get their first row; after an upgrade that gave an entity
    another path or value, the old path ends and the new one begins.
    """
    everything = " UNION ALL ".join(f"SELECT path FROM ({each.present()})" for each in ENTITIES)
    gone = (
        "INSERT INTO audit_log(at,path,action,old_json)"
        f" SELECT {NOW}, path, 'D', new_json FROM audit_log"
        " WHERE id IN (SELECT max(id) FROM audit_log GROUP BY path) AND new_json IS NOT NULL"
        f" AND path NOT IN (SELECT path FROM ({everything}) WHERE path IS NOT NULL)"
    )
    return [gone] + [
        "INSERT INTO audit_log(at,path,action,old_json,new_json)"
        f" SELECT {NOW}, path, CASE WHEN before IS NULL THEN 'I' ELSE 'U' END, before, value"
        " FROM (SELECT path, value, (SELECT new_json FROM audit_log a WHERE a.path=n.path"
        f" ORDER BY id DESC LIMIT 1) AS before FROM ({entity.present()}) n)"
        " WHERE path IS NOT NULL AND value IS NOT before"
        for entity in ENTITIES
    ]
