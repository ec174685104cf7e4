"""Edits that revert by themselves unless they are confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from store import detached, history, latest, pending
from store.errors import Refused, VersionConflict
from store.file_edits import FileEdit
from store.models import Change
from store.operations.values import ValueOperations
from store.pending import Reversal, State
from store.sealing.vault import Vault
from store.uptime import Uptime, uptime


@dataclass(slots=True)
class Unconfirmed:
    """What an unconfirmed edit changed, and its reversal; None where nothing was changed."""

    changes: tuple[Change, ...] = ()
    reversal: Reversal | None = None


class _Rehearsed(Exception):
    """Leaves the transaction of a dry run, so that it is rolled back."""


class PendingOperations(ValueOperations):
    """Making, listing, confirming and carrying out reversals."""

    _unconfirmed: bool = False

    def uptime(self) -> Uptime:
        """The time since this host's boot, by which deadlines are counted."""
        return uptime()

    @contextmanager
    def unless_confirmed(
        self, within: float, *, reason: str | None = None, dry_run: bool = False
    ) -> Iterator[Unconfirmed]:
        """One transaction of edits that revert after ``within`` seconds unless confirmed.

        A process of its own watches over them from the commit on. What is yielded is filled at
        the block's end. With ``dry_run`` everything is checked and nothing is kept. Raises
        InvalidValue for a time of 0 s or less or of more than a day, VersionConflict where an
        unconfirmed edit of the same entity waits, what an undo raises where an edit could not be
        taken back, and NodedeckError where the process cannot be started.
        """
        pending.check_within(within)
        made = Unconfirmed()
        self._unconfirmed = True
        try:
            with detached.started(self.database.path) as watch_over, self._writing(reason):
                before = latest.newest_id(self.database)
                yield made
                made.changes = tuple(history.feed(self.database, before))
                made.reversal = pending.record(
                    Vault(self.database, self.master_key),
                    since=before,
                    within=within,
                    now=self.clock(),
                    up=self.uptime(),
                    actor=self.actor,
                    reason=reason,
                )
                if dry_run:
                    raise _Rehearsed
                if made.reversal is not None:
                    watch_over(made.reversal.id)
        except _Rehearsed:
            made.reversal = None
        finally:
            self._unconfirmed = False

    def set_static(self, path: str, text: str, **how: Any) -> FileEdit | None:
        """As the store's, but never unconfirmed: nothing takes an edit of a file back."""
        if self._unconfirmed:
            raise Refused(
                f"{path} is homed in {self.config}, and only a value of the database reverts by"
                " itself; nothing was changed.",
                hint="Set it without waiting for a confirmation.",
            )
        return super().set_static(path, text, **how)

    def reversals(self, *, settled: int = 0) -> list[Reversal]:
        """The unconfirmed edits, oldest first; with ``settled`` the newest so many of any state.

        Of those that wait, what somebody changed since stands as cancelled already.
        """
        with self.database.reading():
            if settled:
                found = pending.newest(self.database, settled)
            else:
                found = pending.waiting(self.database)
            return [
                pending.foreseen(self.database, each) if each.state is State.PENDING else each
                for each in found
            ]

    def reversal(self, number: int) -> Reversal:
        """One reversal by its number; raises UsageError where there is none."""
        with self.database.reading():
            return pending.find(self.database, number)

    def reversal_moved_on(self, number: int) -> bool:
        """Whether nothing of an edit is left that could be reverted."""
        with self.database.reading():
            return pending.moved_on(self.database, pending.find(self.database, number))

    def overdue_reversals(self) -> list[Reversal]:
        """The unconfirmed edits whose deadline has passed, oldest first."""
        now, up = self.clock(), self.uptime()
        return [each for each in self.reversals() if each.left(now, up) <= 0]

    def confirm(self, number: int) -> Reversal:
        """Keep an unconfirmed edit; one that is confirmed already stays so.

        Raises UsageError where there is none and VersionConflict where it was taken back.
        """
        with self.database.writing():
            found = pending.find(self.database, number)
            if found.state is State.CONFIRMED:
                return found
            if found.state is not State.PENDING:
                raise VersionConflict(
                    f"The unconfirmed change {number} was {found.state} at"
                    f" {history.stamp(found.settled_at or found.deadline)}; nothing was changed.",
                    hint="Make the change again if you still want it.",
                )
            return pending.confirm(self.database, found, self.clock(), self.actor)

    def settle_reversal(self, number: int, *, late: bool = False) -> Reversal | None:
        """Take an unconfirmed edit back, in the name of who made it; None if somebody was first.

        What anybody changed since keeps its value. ``late`` says in the history that the process
        whose job this was did not do it.
        """
        found = self.reversal(number)
        reason = pending.why(found, late_by=self.actor if late else "")
        with self._writing(reason, actor=found.actor):
            found = pending.find(self.database, number)  # now under the write lock
            if found.state is not State.PENDING:
                return None
            return pending.settle(
                Vault(self.database, self.master_key), found, self.clock(), self.actor
            )

    def settle_overdue(self) -> list[Reversal]:
        """Take back every unconfirmed edit whose deadline has passed, newest first."""
        overdue = reversed(self.overdue_reversals())
        settled = (self.settle_reversal(each.id, late=True) for each in overdue)
        return [each for each in settled if each is not None]
