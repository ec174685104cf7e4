"""Legacy files in the shapes that hosts have, and what tests ask of an import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from store.export import exported
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.plan import Choices, Role, Strategy
from store.locations import Locations
from store.manager import ConfigManager
from tests.support.clock import FixedClock

ACTOR = "tester@host"
SECRET = "hunter2-and-more"

FRESH = """\
api:
  port: 8080
  public_url: http://localhost:8080
nodes:
  - id: node1
    host:  192.0.2.235 # the first one
    inference_port: 2020
    max_concurrent: 1
    models:
      - Qwen/Qwen2.5-7B-Instruct
chain_node:
  url: http://localhost:26657
  keyring_dir: "~/.inference" # a tilde
"""

RUNNING = """\
# written by the daemon, edited where marked
api:
    port: 9000            # by hand
bandwidth_params:
    estimated_limits_per_block_kb: 10752
    kb_per_input_token: 0.0023
    kb_per_output_token: 0.64
current_height: 1934882
current_node_version: v3.0.8
current_seed:
    claimed: false
    epoch_index: 125
    seed: 8713906120561900192
    signature: 815794b7
last_processed_height: 1934881
merged_node_config: true
ml_node_key_config:
    worker_private: ""
node_versions:
    versions:
        - height: 1950000
          version: v3.0.9
        - height: 1900000
          version: v3.0.8
nodes:
    - hardware:
        - count: 8
          type: NVIDIA H100 80GB HBM3 | 79GB
      host: 192.0.2.21
      id: node1
      inference_port: 5050
      inference_segment: ""
      max_concurrent: 500
      models:
        Qwen/Qwen3-235B:
            args:
                - --tensor-parallel-size
                - "4"
      poc_port: 8080
      poc_segment: ""
      version: 1.10
    - {id: node-2.rack4, host: 192.0.2.22, hardware: []}
previous_seed:
    claimed: true
    epoch_index: 124
    seed: -9223372036854775808
    signature: 1d1f9fc6
upgrade_plan:
    binaries:
        linux/amd64: https://example.org/a.zip?checksum=sha256:8fd1
    height: 1951200
    name: v0.2.5
    node_version: v3.0.9
validation_params:
    expiration_blocks: 150
    timestamp_advance: 30
# contact: kept by hand
rack_label: "r4-u17"
"""

NODES = """\
[
  {
    "id": "node1",
    "host": "inference",
    "inference_port": 5000,
    "models": {"Qwen/Qwen2.5-7B-Instruct": {"args": ["--quantization", "fp8"]}}
  }
]"""

SETTINGS = """\
top = "belongs to the file's own service"

[physics]
force_epsilon = 1e-8
radius = 100.0          # below this it explodes

[cuda]
max_nodes = 1_000_000
frame = 0x10000

[rendering.colors]
"code reviewer" = "#00FF00"
default = "#CCCCCC"

[debug]
on = false
started = 2025-10-22T09:30:00Z
levels = ["info", "warn"]
"""

KEYS = f"""\
{{
  "openai": {{"api_key": "{SECRET}-1", "base_url": "https://api.example", "model": "gpt-x"}},
  "local": {{"api_key": "", "models": ["a", "b"], "users": [{{"n": 1, "password": "{SECRET}-2"}}]}}
}}
"""

SAMPLES: Mapping[str, str] = {
    "config-fresh.yaml": FRESH,
    "config-running.yaml": RUNNING,
    "node-config.json": NODES,
    "dev_config.toml": SETTINGS,
    "services.json": KEYS,
}


def places(folder: Path) -> Locations:
    """A host's files in a folder; neither needs to exist."""
    return Locations(folder / "config.yaml", folder / "state.db")


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """A file with this text, byte by byte."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def plan(
    file: Path,
    at: Locations,
    *,
    strategy: Strategy = Strategy.MERGE,
    role: Role | None = None,
    prefix: str = "",
) -> planning.Plan:
    return engine.preview(
        [planning.load(file, role=role, prefix=prefix)], at, Choices(strategy=strategy)
    )


def run(
    file: Path,
    at: Locations,
    *,
    strategy: Strategy = Strategy.MERGE,
    rewrite: bool = False,
    prefix: str = "",
) -> engine.Result:
    made = plan(file, at, strategy=strategy, prefix=prefix)
    return engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=rewrite)


def document(at: Locations) -> dict[str, Any]:
    """The effective document as an export has it."""
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        return exported(manager.raw())


def database_leaves(at: Locations) -> dict[str, Any]:
    """Every leaf that the database supplies, by path."""
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        return {
            entry.path: entry.value
            for entry in manager.raw().leaves()
            if entry.source == "database"
        }


def on_disk(folder: Path) -> dict[str, bytes | str]:
    """Everything in a folder, by name: the bytes of files, the targets of links.

    Without what SQLite keeps beside a database that somebody only reads.
    """
    return {
        path.name: str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }
