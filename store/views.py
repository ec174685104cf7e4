"""Read-only views under the reference documents' own names, for readers written for those.

Secrets are masked. A view cannot call Python, so text is masked under every name that could be a
secret's: rather one value too many than one too few.
"""

from __future__ import annotations

import hashlib
from typing import Final

from store import audit, upgrades
from store.codec import MASK
from store.paths import CHAIN_VALUES, OTHER_SETTINGS, part_sql, reserved_sql
from store.sealing.wording import sealed_sql

_WORDS: Final = (
    "pass", "pw", "secret", "token", "private", "mnemonic", "credential", "authorization",
    "key=", "auth=", "sig=", "signature=", "jwt=", "code=", "-----begin ", "\"sk-", "hf_", "akia",
    "eyj", "glpat-", "xox", "ghp_", "gho_", "ghs_", "ghu_", "ghr_",
)  # fmt: skip
_KEY_OF: Final = (
    "api", "access", "priv", "secret", "signing", "security", "encryption", "master", "auth",
)  # fmt: skip
_MASK: Final = f"json_quote('{MASK}')"


def _may_be_secret(key: str, value: str) -> str:
    """SQL for whether a text, or a text inside a value, may be a secret by its name."""
    # what a language model counts is in the arguments of nearly every node
    told = f"replace(replace(lower({key}||' '||{value}),'tokenizer',''),'-tokens','')"
    words = [f"instr(told,'{word}')" for word in _WORDS]
    words.append("(instr(told,'://') AND instr(told,'@'))")
    of = " OR ".join(f"instr(told,'{word}')" for word in _KEY_OF)
    words.append(f"(instr(told,'key') AND ({of}))")
    found = f"(SELECT {' OR '.join(words)} FROM (SELECT {told} AS told))"
    return f"(instr({value},'\"') AND {found})"


def _masked(key: str, value: str, declared: str = "0") -> str:
    covered = f"substr({value},1,9)='\"{MASK}' OR {sealed_sql(value, as_json=True)}"
    told = f"{declared} OR {covered} OR {_may_be_secret(key, value)}"
    return f"CASE WHEN {value} IS NOT NULL AND ({told}) THEN {_MASK} ELSE {value} END"


def _declared_secret(service: str, key: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM setting_rules WHERE setting_rules.service={service}"
        f" AND setting_rules.key={key} AND setting_rules.type='secret')"
    )


def _root(service: str) -> str:
    """SQL for what the path of a service's settings begins with."""
    return f"CASE WHEN {reserved_sql(service)} THEN '{OTHER_SETTINGS}.' ELSE '' END||" + part_sql(
        service
    )


# one row per stored setting, its value masked, its metadata from the loaded schema or its own row
_ITEMS: Final = f"""SELECT s.id, s.service, s.key,
  {_masked("s.service||'.'||s.key", "s.value")} AS value_json,
  coalesce(r.type, s.type) AS type, coalesce(r.complexity, s.complexity) AS complexity,
  coalesce(r.description, s.description) AS description,
  coalesce(r.help_text, s.help_text) AS help_text,
  s.is_secret IS NOT 0 OR coalesce(r.type, s.type)='secret' AS is_secret,
  s.updated_at, s.path
  FROM (SELECT rowid AS id, service, key, type, complexity, description, help_text, is_secret,
    updated_at, {audit.SETTINGS.path.format(r="settings")} AS path,
    CASE WHEN {_declared_secret("settings.service", "settings.key")} THEN {_MASK}
      ELSE {audit.SHOWN_SETTINGS.value} END AS value FROM settings) s
  LEFT JOIN setting_rules r ON r.service=s.service AND r.key=s.key"""

# every change of a setting, found as a range of the log's path index for each service
_CHANGES: Final = f"""SELECT id, path, service, key,
  {_masked("path", "old_json", "secret")} AS old_json,
  {_masked("path", "new_json", "secret")} AS new_json, at, actor, reason
  FROM (SELECT a.*, v.service, substr(a.path, length(v.root)+2) AS key,
    {_declared_secret("v.service", "substr(a.path, length(v.root)+2)")} AS secret
    FROM (SELECT service, {_root("service")} AS root FROM services) v
    JOIN audit_log a ON a.path > v.root||'.' AND a.path < v.root||'/'
    WHERE a.action<>'R' OR a.actor IS NOT NULL)"""

_OBJECT: Final = "json_group_object(CAST(i.key AS TEXT), json(i.value_json))"
_EPOCH: Final = "(SELECT value FROM meta WHERE key='config_epoch')"


def _chain_value() -> str:
    """SQL for a chain value as JSON of its type; text that does not decode stays text."""
    kinds = {
        kind: ",".join(f"'{name}'" for name, its in CHAIN_VALUES.items() if its == kind)
        for kind in ("integer", "boolean")
    }
    return (
        f"CASE WHEN key IN ({kinds['integer']}) AND value GLOB '[0-9]*'"
        " AND value NOT GLOB '*[^0-9]*' AND length(value)<19"
        " THEN CAST(CAST(value AS INTEGER) AS TEXT)"
        f" WHEN key IN ({kinds['boolean']}) AND lower(value) IN ('true','1') THEN 'true'"
        f" WHEN key IN ({kinds['boolean']}) AND lower(value) IN ('false','0') THEN 'false'"
        f" ELSE {audit.CHAIN.value} END"
    )


def _masked_inside(*fields: str) -> str:
    """SQL for an object whose fields are masked where one of them may have a secret inside."""
    told = "||".join(f"json_quote(json_extract(value,'$.{field}'))" for field in fields)
    masks = ",".join(f"'$.{field}','********'" for field in fields)
    return f"CASE WHEN {_may_be_secret('path', told)} THEN json_set(value,{masks}) ELSE value END"


def _document() -> str:
    """SQL that lists (root, value) of the whole document, the settings by service."""
    parts = [
        f"SELECT key AS root, {_chain_value()} AS value FROM chain_state WHERE key IS NOT NULL",
        *(single.present() for single in audit.SINGLES if single is not audit.UPGRADE),
        f"SELECT path, {_masked_inside('binaries')} FROM ({audit.UPGRADE.present()})",
        f"SELECT path, {_masked('path', 'value')} FROM ({audit.PARAMS.present()})",
        "SELECT 'nodes', json_group_array(json(json_insert(value, '$.id', id))) FROM"
        f" (SELECT id, {_masked_inside('host', 'models')} AS value FROM"
        f" (SELECT id, '' AS path, {audit.NODES.value} AS value FROM inference_nodes"
        " WHERE typeof(id)='text' ORDER BY rowid)) HAVING count(*)",
        f"SELECT CASE WHEN {reserved_sql('service')} THEN '{OTHER_SETTINGS}.' ELSE '' END||service,"
        f" {_OBJECT} FROM ({_ITEMS}) i GROUP BY service",
    ]
    return " UNION ALL ".join(f"SELECT * FROM ({part})" for part in parts)


def _hash() -> str:
    """SHA-256 of what the tables hold and mean, as the documents' ``model_hash``."""
    told = "".join(entity.present() for entity in audit.ENTITIES) + str(upgrades.VERSION)
    return hashlib.sha256(told.encode()).hexdigest()


def all_views() -> dict[str, str]:
    """The CREATE statement of every view, by its name."""
    newest = "SELECT actor FROM audit_log a WHERE a.path=i.path ORDER BY a.id DESC LIMIT 1"
    selects = {
        "config_items": "SELECT id, service, key, value_json, type, complexity, description,"
        f" help_text, is_secret, updated_at, ({newest}) AS updated_by FROM ({_ITEMS}) i",
        "service_configs": f"SELECT i.service, {_OBJECT} AS config_json,"
        f" coalesce(v.version, 1) AS version, {_EPOCH} AS config_epoch,"
        " coalesce(v.updated_at, max(i.updated_at)) AS updated_at,"
        f" (SELECT actor FROM audit_log a WHERE a.path > {_root('i.service')}||'.'"
        f" AND a.path < {_root('i.service')}||'/' ORDER BY a.id DESC LIMIT 1) AS updated_by"
        f" FROM ({_ITEMS}) i LEFT JOIN services v ON v.service=i.service GROUP BY i.service",
        "config_history": "SELECT id, service, key, old_json AS old_value_json,"
        " coalesce(new_json, 'null') AS new_value_json, at AS changed_at, actor AS changed_by,"
        f" reason AS change_reason FROM ({_CHANGES})",
        "settings_audit_log": "SELECT id, path AS setting_key, old_json AS old_value,"
        f" new_json AS new_value, actor AS changed_by, at AS changed_at FROM ({_CHANGES})",
        "config_documents": f"SELECT 1 AS id, {upgrades.VERSION} AS format_version,"
        " (SELECT json_group_object(CAST(root AS TEXT), json(value))"
        f" FROM ({_document()})) AS payload_json,"
        " (SELECT at FROM audit_log ORDER BY id DESC LIMIT 1) AS updated_at",
        "schema_version": "SELECT 1 AS id, CAST(value AS INTEGER) AS version,"
        f" '{_hash()}' AS model_hash,"
        " (SELECT value FROM meta WHERE key='schema_at') AS updated_at"
        " FROM meta WHERE key='schema_version'",
    }
    return {name: f"CREATE VIEW {name} AS {select}" for name, select in selects.items()}
