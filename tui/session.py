"""What one call of nodedeck works on: files, actor, overrides, out of flags and environment."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from store import documents, files, locations, paths
from store.database import BUSY_MS
from store.documents import Overrides
from store.door import utc_now
from store.errors import UsageError
from store.locations import Locations, journal_of

if TYPE_CHECKING:
    from store.manager import ConfigManager
    from store.operations.reading import DocumentReader


@dataclass(slots=True)
class Given:
    """The global options as given, before or after the verb; the later one wins."""

    db: str | None = None
    config: str | None = None
    read_only: bool = False
    override: list[str] = field(default_factory=list)
    env_file: str | None = None
    actor: str | None = None
    reason: str | None = None
    auto_migrate: bool = False


def _nowhere(_: Locations) -> None:
    """Hear of what stands half done where no exit code could tell."""


@dataclass(frozen=True, slots=True)
class Session:
    """The files, the signature and the overrides of one call.

    ``say`` hears of unconfirmed changes that are overdue and of imports that were stopped, and is
    None once a screen is drawn. A call that is ``importing`` sees to the latter itself. One that a
    deck makes ``in_the_past`` is read-only for that reason. ``half_done`` hears of an import that
    was stopped and stands while this call reads.
    """

    locations: Locations
    actor: str
    read_only: bool = False
    overrides: Overrides = field(default_factory=Overrides)
    reason: str | None = None
    auto_migrate: bool = False
    file_mode: bool = False
    say: Callable[[str], None] | None = None
    importing: bool = False
    in_the_past: bool = False
    half_done: Callable[[Locations], None] = _nowhere

    def open(
        self, *, busy_ms: int = BUSY_MS, clock: Callable[[], datetime] = utc_now
    ) -> ConfigManager:
        """Open the database to read and, unless read-only, to write; raises as ``Database``."""
        return self._open(self.read_only, busy_ms, clock)

    def look(self) -> ConfigManager:
        """Open the database to read only, as every verb that never writes does."""
        return self._open(True, BUSY_MS, utc_now)

    def read(self) -> DocumentReader:
        """Open the database to read the document only; a fifth of what ``look`` has to import."""
        if self.file_mode or journal_of(self.locations.database).exists():
            return self.look()
        from store.operations.reading import DocumentReader

        reader = DocumentReader.open(
            self.locations, actor=self.actor, read_only=True, overrides=self.overrides
        )
        if not reader.waits_for_confirmation():
            return reader
        reader.close()
        return self.look()

    def warn_half_done(self) -> None:
        """Say what an import left half done, where this call only reads."""
        from tui import halfdone

        if halfdone.warned(self.locations, self.say or _nobody):
            self.half_done(self.locations)

    def _open(self, read_only: bool, busy_ms: int, clock: Callable[[], datetime]) -> ConfigManager:
        if self.file_mode:
            from store.migration import FileModeManager

            config, over = self.locations.config, self.overrides
            return FileModeManager.of(config, actor=self.actor, overrides=over)
        from store.manager import ConfigManager
        from tui import halfdone, overdue

        if read_only:
            self.warn_half_done()
        elif not self.importing:
            halfdone.finished(self.locations, self.say or _nobody)
        manager = ConfigManager.open(
            self.locations,
            actor=self.actor,
            read_only=read_only,
            busy_ms=busy_ms,
            clock=clock,
            overrides=self.overrides,
        )
        if self.say is not None:
            try:
                (overdue.warned if read_only else overdue.settled)(manager, self.say)
            except BaseException:
                manager.close()
                raise
        return manager


def _nobody(_: str) -> None:
    """Hear a sentence for which there is no room while a screen is drawn."""


def begin(given: Given, environ: Mapping[str, str], cwd: Path) -> Session:
    """The session that options and environment ask for.

    Raises UsageError for an override that is none and NodedeckError for an unreadable
    ``--env-file``. Overrides come from that file alone where it is given: it is the daemon's
    environment, and this shell's is not.
    """
    daemon = environ if given.env_file is None else read_env_file(cwd / given.env_file)
    return Session(
        locations=locations.resolve(db=given.db, config=given.config, environ=environ, cwd=cwd),
        actor=locations.actor_of(environ, user_name(), os.uname().nodename, given.actor),
        read_only=given.read_only or locations.read_only_wanted(environ),
        overrides=documents.overrides(daemon, parse_overrides(given.override)),
        reason=given.reason,
        auto_migrate=given.auto_migrate,
    )


def program_version() -> str:
    """The installed version, for ``--version`` and a database's ``created_by``."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nodedeck")
    except PackageNotFoundError:  # run from a source tree
        return "unreleased"


def user_name() -> str:
    """The user's name, or the number of one whom this host does not know."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


def parse_overrides(texts: Sequence[str]) -> dict[str, str]:
    """``PATH=VALUE`` texts as values by path; raises UsageError where one is none."""
    return dict(map(_override, texts))


def _override(text: str) -> tuple[str, str]:
    # a quoted part may hold an equals sign, so the path is the shortest text that is one
    at = text.find("=")
    while at > 0:
        try:
            paths.split(text[:at])
        except UsageError:
            at = text.find("=", at + 1)
        else:
            return text[:at], text[at + 1 :]
    raise UsageError("An --override is not PATH=VALUE.", hint="Write it like api.port=9000.")


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of an environment file as docker and systemd read it.

    Blank lines and ``#`` comments are skipped, ``export`` before a name is allowed, and quotes
    around a value are taken off. Raises NodedeckError where it cannot be read and UsageError,
    with the line, where a line is no assignment.
    """
    try:
        text = files.read(path).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", hint="Name an environment file.") from error
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"{path}:{number}: not NAME=VALUE.", hint="Nothing was done.")
        found[name.strip()] = _unquoted(value.strip(), path, number)
    return found


def _unquoted(value: str, path: Path, number: int) -> str:
    if value[:1] not in ("'", '"'):
        return value
    try:
        (word,) = shlex.split(value, comments=True)
    except ValueError:
        raise UsageError(
            f"{path}:{number}: the quotes of this value do not match.", hint="Nothing was done."
        ) from None
    return word
