"""``nodedeck get`` as a process against ``sqlite-utils rows``: ``python -m bench.startup``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.measure import Result, medians, report
from store.database import create
from store.locations import Locations
from store.manager import ConfigManager

_NODEDECK = (sys.executable, "-c", "from tui.cli import main; main()")
_PEER = "sqlite-utils"
_ROOT = Path(__file__).parents[1]


def main() -> int:
    """Measure, print, and answer 1 where the target was missed."""
    peer = shutil.which(_PEER, path=str(Path(sys.executable).parent)) or shutil.which(_PEER)
    if peer is None:
        print(f"{_PEER} is not installed, so there is nothing to compare with: skipped.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "state.db"
        create(database, created_by="bench")
        locations = Locations(database.with_name("config.yaml"), database)
        locations.config.write_text("api:\n  port: 9000\n")
        with ConfigManager.open(locations, actor="bench") as manager:
            manager.set_height(1_934_882)
        seconds = medians(
            {
                "nodedeck get current_height": _runs(
                    (*_NODEDECK, "get", "current_height", "--db", str(database))
                ),
                "sqlite-utils rows state.db chain_state": _runs(
                    (peer, "rows", str(database), "chain_state")
                ),
                "python -c pass": _runs((sys.executable, "-c", "pass")),
            },
            rounds=25,
            repeats=1,
        )
    ours, theirs, _ = seconds.values()
    met = report(
        "One question as a process",
        seconds,
        [Result("nodedeck / sqlite-utils", f"{ours / theirs:.2f}×", "at most 1×", ours <= theirs)],
    )
    return 0 if met else 1


def _runs(argv: tuple[str, ...]) -> Callable[[], object]:
    def run() -> object:
        return subprocess.run(argv, cwd=_ROOT, check=True, capture_output=True)

    return run


if __name__ == "__main__":
    sys.exit(main())
