"""Any SQLite client keeps working and is in the log, whatever it is written in."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from store.manager import ConfigManager
from tests.support import foreign
from tests.support.audit_state import assert_sound

STATEMENTS = (
    "INSERT INTO chain_state(key,value) VALUES('current_height','7')",
    "REPLACE INTO chain_state(key,value) VALUES('current_height','8')",
    "INSERT INTO seed_info(type,seed,epoch_index,signature) VALUES('current',-5,3,'ab')",
    "UPDATE seed_info SET claimed=1",
    "DELETE FROM chain_state",
)
LOGGED = [
    ("current_height", "I", None, 7),
    ("current_height", "U", 7, 8),
    (
        "current_seed",
        "I",
        None,
        {"seed": -5, "epoch_index": 3, "signature": "ab", "claimed": False},
    ),
    (
        "current_seed",
        "U",
        {"seed": -5, "epoch_index": 3, "signature": "ab", "claimed": False},
        {"seed": -5, "epoch_index": 3, "signature": "ab", "claimed": True},
    ),
    ("current_height", "D", 8, None),
]
PERL = """
use DBI;
my ($path, @statements) = @ARGV;
my $db = DBI->connect("dbi:SQLite:dbname=$path", "", "", {RaiseError => 1, PrintError => 0});
$db->do($_) for @statements;
"""
TCL = """
package require sqlite3
sqlite3 db [lindex $argv 0]
foreach statement [lrange $argv 1 end] { db eval $statement }
db close
"""


def shell(database: Path) -> None:
    run("sqlite3", str(database), ";\n".join(STATEMENTS))


def python(database: Path) -> None:
    db = sqlite3.connect(database)
    for statement in STATEMENTS:
        with db:
            db.execute(statement)
    db.close()


def perl(database: Path) -> None:
    run("perl", "-e", PERL, str(database), *STATEMENTS)


def tcl(database: Path) -> None:
    script = database.with_name("write.tcl")
    script.write_text(TCL)
    run("tclsh", str(script), str(database), *STATEMENTS)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)


def works(*command: str, stdin: str = "") -> bool:
    """Whether a program is there and can do what it is asked for."""
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode == 0 and not done.stderr


def needs(package: str, there: bool) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not there, reason=f"Debian's {package} is not installed")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(shell, marks=needs("sqlite3", works("sqlite3", "--version"))),
        python,
        pytest.param(
            perl, marks=needs("libdbd-sqlite3-perl", works("perl", "-MDBD::SQLite", "-e", "1"))
        ),
        pytest.param(
            tcl,
            marks=needs(
                "tcl and libsqlite3-tcl", works("tclsh", stdin="package require sqlite3\n")
            ),
        ),
    ],
)
def test_a_client_of_any_language_is_in_the_log(
    manager: ConfigManager, database: Path, write: Callable[[Path], None]
) -> None:
    write(database)
    changes = manager.feed(0)
    assert [(each.path, each.action, each.old, each.new) for each in changes] == LOGGED
    assert {(each.actor, each.reason) for each in changes} == {(None, None)}
    with foreign.connect(database) as db:
        assert_sound(db)
