"""What no module may do: load a screen under the store, or speak of one machine."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import store

ROOT = Path(__file__).parents[1]
FOREIGN = ("textual", "click", "rich", "tui")
MODULES = sorted(info.name for info in pkgutil.walk_packages(store.__path__, prefix="store."))

_LOAD = """
import importlib, sys
importlib.import_module("store")
for name in sys.argv[2:]:
    importlib.import_module(name)
print(" ".join(name for name in sys.argv[1].split(",") if name in sys.modules))
"""

_IDLE = """
import importlib, os, sys, threading
before = (dict(os.environ), os.getcwd(), sorted(os.listdir(".")), threading.active_count())
def refuse(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise AssertionError(arguments)
    if event in ("os.mkdir", "socket.connect", "sqlite3.connect", "subprocess.Popen"):
        raise AssertionError(event)
sys.dont_write_bytecode = True
sys.addaudithook(refuse)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert before == (
    dict(os.environ), os.getcwd(), sorted(os.listdir(".")), threading.active_count()
)
"""


def run(program: str, *argv: str, cwd: Path = ROOT) -> str:
    """What a Python process of its own prints; the project is importable in it."""
    done = subprocess.run(
        (sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}", *argv),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_store_knows_no_screen_and_no_command_line() -> None:
    assert len(MODULES) > 20
    assert run(_LOAD, ",".join(FOREIGN), *MODULES) == ""


def test_importing_has_no_side_effects(tmp_path: Path) -> None:
    tui = ("tui.cli", "tui.app", "tui.demo", "tui.screens.wizard", "tui.verbs.import_")
    assert run(_IDLE, *MODULES, *tui, cwd=tmp_path) == ""


def _texts() -> list[Path]:
    found = [ROOT / name for name in ("README.md", "CHANGELOG.md", "pyproject.toml")]
    for folder in ("store", "tui", "tests", "bench", "demo_data", ".ci"):
        found += [
            path
            for path in sorted((ROOT / folder).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        ]
    return found


# put together, so that this file does not name them itself
_OF_A_MACHINE = re.compile(
    "|".join(map(re.escape, ("/" + "work/", "../" + "shared", "/" + "tmp/venv", "/" + "root/.py")))
)


@pytest.mark.parametrize("path", _texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_names_a_path_of_one_machine(path: Path) -> None:
    found = _OF_A_MACHINE.search(path.read_text(errors="replace"))
    assert found is None
