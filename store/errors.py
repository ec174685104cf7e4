"""Every failure an operator can meet: a type, a sentence, a hint, an exit code."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a verb's exit status means; the README lists the same table."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BUSY = 3
    HALF_DONE = 4
    CONFLICT = 5
    REFUSED = 6
    CRITICAL = 7
    DIFFERENT = 10
    INTERRUPTED = 130


class NodedeckError(Exception):
    """A failure with a sentence for the operator and, where one exists, the next step."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class UsageError(NodedeckError):
    """The call or the configuration is wrong; nothing was tried."""

    exit_code = ExitCode.USAGE


class MissingDatabase(UsageError):
    """There is no database where one was asked for."""


class ForeignDatabase(UsageError):
    """The file is a database of some other program and is never written to."""


class DamagedSchema(NodedeckError):
    """A part of nodedeck's own database that every read needs is gone or unreadable."""

    exit_code = ExitCode.CRITICAL


class SchemaTooNew(UsageError):
    """A later nodedeck wrote this database; this one may only read it."""


class UnknownPath(UsageError):
    """No value lives at this path."""


class InvalidValue(UsageError):
    """A value does not fit the path it was meant for."""


class Busy(NodedeckError):
    """The database is locked by another writer; trying again may work."""

    exit_code = ExitCode.BUSY


class Cancelled(NodedeckError):
    """Whoever started it broke it off, and all of it was taken back.

    ``left`` is a sentence on what could not be removed, empty where nothing was left.
    """

    exit_code = ExitCode.INTERRUPTED

    def __init__(self, left: str = "") -> None:
        nothing = "" if left else " and nothing is left of it"
        super().__init__(f"Cancelled; nothing was changed{nothing}.", hint=left)


class HalfDone(NodedeckError):
    """One of two files was changed; the message says how to finish or go back."""

    exit_code = ExitCode.HALF_DONE


class VersionConflict(NodedeckError):
    """Somebody else changed the value first."""

    exit_code = ExitCode.CONFLICT


class Damaged(NodedeckError):
    """A backup that cannot be trusted: what verifying it finds is critical."""

    exit_code = ExitCode.CRITICAL


class Refused(NodedeckError):
    """Read-only or degraded: the write was not tried."""

    exit_code = ExitCode.REFUSED


class SecretError(NodedeckError):
    """A secret cannot be opened or sealed: its key is lost or another, or somebody altered it."""


class BadDocument(NodedeckError):
    """A legacy file that cannot be read, with the place of the fault.

    ``line`` and ``column`` count from 1 and are 0 where the fault has no place.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        self.file, self.line, self.column = file, line, column
        place = f":{line}:{column}" if line else ""
        super().__init__(f"{file}{place}: {message}" if file else message, hint=hint)


class CannotCut(NodedeckError):
    """The dynamic keys cannot be cut out of a file's text with proof that the rest stays.

    ``why`` is what to say where all else was done: the reason, and the lines to remove by hand.
    """

    def __init__(self, message: str, *, hint: str = "", why: str = "") -> None:
        super().__init__(message, hint=hint)
        self.why = why or message
