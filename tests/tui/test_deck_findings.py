"""Each rule on a running deck: another process makes the situation, the first screen answers.

Files are touched as an operator or another program would touch them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from store import documents, inspecting
from store.database import Database
from store.findings import Inspection
from store.locations import Locations
from store.manager import utc_now
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, HOST, Driver, Outsider, empty_state, opened, outsider
from tests.support.healthy import PUT_HEIGHT, SEED, healthy_state
from tui.app import NodedeckApp
from tui.session import Session
from tui.widgets.findings_strip import FindingsStrip

Statements = tuple[str | foreign.Statement, ...]

SIZE = (80, 24)
LIMIT = "INSERT INTO settings(service,key,value_json) VALUES('nodedeck','findings.{}','{}')"
PLAN = "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',{},'{{\"{}\":\"u\"}}')"
NODE = foreign.node("n2", host="192.0.2.1", poc_port=8081)
TRIGGER = "audit_chain_state_update"


@dataclass(frozen=True)
class Situation:
    """What another process does, what the first screen says then, and what the list says."""

    does: Statements | Callable[[Outsider, Locations], None]
    shown: str
    listed: str = ""


def since(seconds: float, where: str) -> str:
    return (
        "UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ', at,"
        f" '-{seconds} seconds') WHERE {where}"
    )


def turn(*, blocks_ago: int) -> Statements:
    """The epoch turned so many blocks ago, and blocks take five seconds."""
    return (
        "UPDATE seed_info SET epoch_index=epoch_index-1",
        PUT_HEIGHT.format(height=1006 - blocks_ago),
        "UPDATE seed_info SET epoch_index=epoch_index+1",
        PUT_HEIGHT.format(height=1006),
        "UPDATE chain_state SET value='1006' WHERE key='last_processed_height'",
    )


def written_past_the_log(other: Outsider, places: Locations) -> None:
    """A writer takes a trigger away, writes, and puts the trigger back."""
    with foreign.connect(places.database) as db:
        kept = "SELECT sql FROM sqlite_master WHERE name=?"
        (sql,) = db.execute(kept, (TRIGGER,)).fetchone()
    other.commit(
        f"DROP TRIGGER {TRIGGER}",
        "UPDATE chain_state SET value='v1.1' WHERE key LIKE '%version'",
        sql,
    )


def readable_database(_: Outsider, places: Locations) -> None:
    places.database.chmod(0o644)


def writable_config(_: Outsider, places: Locations) -> None:
    places.config.chmod(0o606)


def stale_keys(_: Outsider, places: Locations) -> None:
    places.config.write_text("api: {port: 9000}\ncurrent_height: 7\nnodes: []\n")


def broken_config(_: Outsider, places: Locations) -> None:
    places.config.write_text("api: [\n")


def large_wal(other: Outsider, _: Locations) -> None:
    other.run(
        "PRAGMA wal_autocheckpoint=0",
        LIMIT.format("wal_mb", 1),
        "INSERT INTO chain_state(key,value) VALUES('note', hex(randomblob(1200000)))",
    )


def large_log(other: Outsider, _: Locations) -> None:
    other.commit(
        LIMIT.format("log_rows", 1000),
        *(f"UPDATE chain_state SET value='v{n}' WHERE key LIKE '%version'" for n in range(2, 504)),
    )


def log_of_somebody(*statements: str) -> Statements:
    """Changes of the log itself; a new index makes the deck look at the log at once."""
    return (*statements, "CREATE INDEX theirs ON audit_log(actor)")


OVERWRITTEN = (
    "UPDATE chain_state SET value='v2' WHERE key='current_node_version'",
    "UPDATE audit_log SET actor='me@host' WHERE id=(SELECT max(id) FROM audit_log)",
    "UPDATE chain_state SET value='v1' WHERE key='current_node_version'",
)

SITUATIONS: dict[str, Situation] = {
    "height-warning": Situation(
        (since(40, "path='current_height'"),), "1 warning  The height does not move"),
    "height-critical": Situation(
        (since(90, "path='current_height'"),), "1 critical  The height does not move"),
    "height-missing": Situation(
        ("DELETE FROM chain_state WHERE key='current_height'",),
        "1 critical  The height is missing; it was 1,005."),
    "behind": Situation(
        ("UPDATE chain_state SET value='999' WHERE key='last_processed_height'",),
        "1 warning  Processing is 6 blocks behind"),
    "ahead": Situation(
        ("UPDATE chain_state SET value='1013' WHERE key='last_processed_height'",),
        "1 warning  The height is 8 blocks below the last processed one"),
    "seed-missing": Situation(
        ("UPDATE seed_info SET is_active=0 WHERE type='current'",),
        "1 critical  The current seed is missing."),
    "seeds-missing": Situation(
        ("DELETE FROM seed_info",), "2 critical  The previous seed is missing."),
    "seed-order": Situation(
        ("UPDATE seed_info SET epoch_index=9 WHERE type='current'",),
        "1 critical  The epochs of the seeds do not follow"),
    "seed-signature": Situation(
        ("UPDATE seed_info SET signature='' WHERE type='upcoming'",),
        "1 critical  The upcoming seed of epoch 8 has no signature."),
    "seed-upcoming-late": Situation(
        (LIMIT.format("epoch_blocks", 100), *turn(blocks_ago=92),
         "DELETE FROM seed_info WHERE type='upcoming'"),
        "1 warning  The upcoming seed is missing, and 92%"),
    "seed-upcoming-over": Situation(
        (LIMIT.format("epoch_blocks", 100), *turn(blocks_ago=101),
         "DELETE FROM seed_info WHERE type='upcoming'"),
        "1 critical  The upcoming seed is missing, and the epoch is over"),
    "claim": Situation(
        ("UPDATE seed_info SET claimed=0 WHERE type='previous'",),
        "1 warning  Epoch 6 is unclaimed, it is lost when"),
    "claim-clock": Situation(
        (*turn(blocks_ago=391), "UPDATE seed_info SET claimed=0 WHERE type='previous'"),
        "1 warning  Epoch 6 is unclaimed, lost in 20 h"),
    "claim-soon": Situation(
        (LIMIT.format("epoch_blocks", 500), *turn(blocks_ago=391),
         "UPDATE seed_info SET claimed=0 WHERE type='previous'"),
        "1 critical  Epoch 6 is unclaimed, lost in 9 m"),
    "seed-active": Situation(
        (f"{SEED}('current',9,7,'bb',0)",), "1 warning  2 rows of the current seed are active"),
    "seed-active-older": Situation(
        (f"{SEED}('current',9,7,'bb',0)", "UPDATE seed_info SET is_active=0 WHERE seed=2",
         "UPDATE seed_info SET is_active=1 WHERE seed=2"),
        "1 warning  2 rows of the current seed are active"),
    "upgrade-ahead": Situation(
        (PLAN.format(9000, "linux/amd64"),), "upgrade v2 in 7,995",
        "The upgrade v2 comes in 7,995 blocks, roughly"),
    "upgrade-binary": Situation(
        (PLAN.format(9000, "plan9/mips"),),
        "1 warning  The upgrade v2 has no binary for this platform (linux/amd64)"),
    "upgrade-passed": Situation(
        (PLAN.format(900, "linux/amd64"),), "1 warning  The upgrade v2 was due at 900"),
    "version": Situation(
        ("UPDATE chain_state SET value='v0' WHERE key='last_used_version'",),
        "1 warning  The current node version is v1, last used was v0."),
    "node-disabled": Situation(
        ("UPDATE inference_nodes SET is_enabled=0",), "0/1 nodes on", "Node n1 is disabled"),
    "node-place": Situation(
        (NODE,), "1 warning  Nodes n1 and n2 both stand at 192.0.2.1:5050."),
    "node-models": Situation(
        ("UPDATE inference_nodes SET models='{}'",), "1 warning  Node n1 has no model."),
    "node-unset-port": Situation(
        ("UPDATE inference_nodes SET poc_port=0",), "1 warning  Node n1 has poc_port unset (0)."),
    "node-unset-limit": Situation(
        ("UPDATE inference_nodes SET max_concurrent=0",),
        "1 warning  Node n1 has max_concurrent unset (0)."),
    "undecoded": Situation(
        ("UPDATE chain_state SET value='soon' WHERE key='last_processed_height'",),
        "1 warning  last_processed_height holds 'soon', which does not decode"),
    "undecoded-json": Situation(
        ("UPDATE inference_nodes SET hardware='[{'",),
        "1 warning  nodes.n1.hardware holds '[{', which does not decode"),
    "unparsed": Situation(
        ("INSERT INTO settings(service,key,value_json) VALUES('svc','limit','{\"a\":')",),
        "1 warning  svc.limit holds text that is no JSON."),
    "hidden": Situation(
        ("INSERT INTO settings(service,key,value_json) VALUES('svc','depth','5')",),
        "1 warning  The environment hides the database's value of svc.depth."),
    "overwritten": Situation(OVERWRITTEN, "1 warning  Your change #"),
    "stale-keys": Situation(
        stale_keys, "1 warning  config.yaml still holds current_height, nodes"),
    "config-file": Situation(broken_config, "1 critical  The config file cannot be read"),
    "triggers-missing": Situation(
        (f"DROP TRIGGER {TRIGGER}",),
        "1 critical  Triggers of the audit log are missing or altered"),
    "triggers-altered": Situation(
        (f"DROP TRIGGER {TRIGGER}",
         f"CREATE TRIGGER {TRIGGER} AFTER UPDATE ON chain_state BEGIN SELECT 1; END"),
        "1 critical  Triggers of the audit log are missing or altered"),
    "log-trigger": Situation(
        ("CREATE TRIGGER quiet AFTER INSERT ON audit_log BEGIN"
         " DELETE FROM audit_log WHERE id=NEW.id; END",),
        "1 critical  Somebody put triggers on the audit log: quiet."),
    "foreign-trigger": Situation(
        ("CREATE TRIGGER theirs AFTER INSERT ON inference_nodes BEGIN SELECT 1; END",),
        "1 warning  Triggers that are not nodedeck's stand on its tables: theirs"),
    "indexes": Situation(
        ("DROP INDEX audit_log_path",), "1 warning  Indexes are missing or altered"),
    "views": Situation(
        ("DROP VIEW config_items",), "1 warning  Views for other readers are missing or altered"),
    "tables-missing": Situation(
        ("DROP TABLE audit_displaced",), "1 critical  Tables are missing: audit_displaced."),
    "schema-version": Situation(
        ("UPDATE meta SET value='99' WHERE key='schema_version'",),
        "1 critical  state.db says that its schema is 99"),
    "ids-exhausted": Situation(
        ("UPDATE sqlite_sequence SET seq=9223372036854775807 WHERE name='audit_log'",),
        "1 critical  Table audit_log has given out its last id"),
    "log-differs": Situation(
        written_past_the_log, "1 critical  The audit log does not hold the present value of"),
    "log-chain-altered": Situation(
        log_of_somebody("UPDATE audit_log SET new_json='\"1\"' WHERE id=3"),
        "1 critical  Rows of the audit log were altered or deleted"),
    "log-chain-deleted": Situation(
        log_of_somebody("DELETE FROM audit_log WHERE id=3"),
        "1 critical  Rows of the audit log were altered or deleted"),
    "file-mode-database": Situation(
        readable_database, "state.db can be read by every user of this host (mode 0644)."),
    "file-mode-config": Situation(
        writable_config, "1 critical  config.yaml can be written by every user"),
    "log-size": Situation(large_log, "1 warning  The audit log has 1,0"),
    "wal-size": Situation(large_wal, "1 warning  The write-ahead log has"),
}  # fmt: skip


@pytest.fixture
def clock() -> FixedClock:
    """It stands still at the present, where foreign writes are made."""
    return FixedClock(utc_now())


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    return healthy_state(tmp_path, clock.now)


def console(places: Locations, clock: FixedClock) -> NodedeckApp:
    """The console in whose environment a setting is overridden that is not stored yet."""
    over = documents.overrides({"DAPI_SVC__DEPTH": "9"}, {})
    return NodedeckApp(Session(places, ACTOR, overrides=over), clock=clock, host=HOST)


async def listed(driver: Driver, text: str) -> None:
    """The list of findings says it, too."""
    await driver.press("f")
    await driver.until_shown(text)


async def test_a_healthy_node_needs_nothing(
    places: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans: list[Inspection] = []
    scan = inspecting.scan

    def noted(db: Database, known: Inspection) -> Inspection:
        scans.append(scan(db, known))
        return scans[-1]

    monkeypatch.setattr(inspecting, "scan", noted)
    async with opened(console(places, clock), size=SIZE) as driver:
        await driver.until(lambda: scans, "the scan that follows the first picture")
        with outsider(places.database) as other:
            other.height(1006)
            await driver.until_shown("1,006")
        assert not driver.deck.query_one(FindingsStrip).display
        await listed(driver, "Nothing needs action.")
        assert "Restart: safe now." in driver.screen()


@pytest.mark.parametrize("name", SITUATIONS)
async def test_the_first_screen_and_the_list_say_it(
    places: Locations, clock: FixedClock, name: str
) -> None:
    situation = SITUATIONS[name]
    async with opened(console(places, clock), size=SIZE) as driver:
        assert not driver.deck.query_one(FindingsStrip).display
        with outsider(places.database) as other:
            if callable(situation.does):
                situation.does(other, places)
            else:
                other.commit(*situation.does)
            await driver.until_shown(situation.shown)
        await listed(driver, situation.listed or situation.shown.split("  ", 1)[-1])


async def test_a_database_that_nobody_wrote_to_has_not_started(tmp_path: Path) -> None:
    async with opened(NodedeckApp(Session(empty_state(tmp_path), ACTOR)), size=SIZE) as driver:
        assert not driver.deck.query_one(FindingsStrip).display
        await listed(driver, "not started")
