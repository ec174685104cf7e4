"""A node in which nothing needs action, made by plain SQL as a daemon would have left it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from store.locations import Locations
from tests.support import foreign
from tests.support.once import new_database

SEED = "INSERT INTO seed_info(type,seed,epoch_index,signature,claimed) VALUES"
NODE = (
    "INSERT INTO inference_nodes(id,host,inference_segment,inference_port,poc_segment,poc_port,"
    "models,max_concurrent,hardware,version) VALUES"
)
PUT_HEIGHT = (
    "INSERT INTO chain_state(key,value) VALUES('current_height','{height}')"
    " ON CONFLICT(key) DO UPDATE SET value=excluded.value"
)
HEALTHY = (
    *(
        f"INSERT INTO chain_state(key,value) VALUES('{key}','{value}')"
        for key, value in {
            "last_processed_height": "1005",
            "current_node_version": "v1",
            "last_used_version": "v1",
            "merged_node_config": "true",
        }.items()
    ),
    f"{SEED}('previous',-1,6,'aa',1),('current',2,7,'bb',0),('upcoming',3,8,'cc',0)",
    f"{NODE}('n1','192.0.2.1','',5050,'',8080,'{{\"m\":{{\"args\":[]}}}}',10,'[]','')",
)


def blocks(
    db: Path, now: datetime, *, heights: range = range(1000, 1006), beat: float = 5.0
) -> None:
    """Heights at a steady beat in seconds, the last one just now."""
    statements = []
    for height in heights:
        at = now - timedelta(seconds=beat * (heights[-1] - height))
        statements += [
            PUT_HEIGHT.format(height=height),
            f"UPDATE audit_log SET at='{at:%Y-%m-%dT%H:%M:%S}.000Z'"
            " WHERE path='current_height' AND id=(SELECT max(id) FROM audit_log)",
        ]
    foreign.write(db, *statements)


def healthy_state(folder: Path, now: datetime) -> Locations:
    """A database and a config file, private both, of a node that is well."""
    places = Locations(folder / "config.yaml", folder / "state.db")
    new_database(places.database)
    blocks(places.database, now)
    foreign.write(places.database, *HEALTHY)
    places.config.write_text("api:\n  port: 9000\n")
    places.config.chmod(0o600)
    return places
