"""What the wizard's steps work with: the draft, and the engine, which runs in threads.

Everything that reads or writes goes through here, and nothing here shows anything. A fault comes
back as its sentence; nothing was changed then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from store import files
from store.collecting import held_back, set_aside
from store.errors import NodedeckError, VersionConflict
from store.importing import apply as engine
from store.importing import cutting, past, rollback, stillness
from store.importing import plan as planning
from store.importing.apply import Result
from store.importing.choices import Choices
from store.importing.past import Import
from store.importing.plan import Plan, Source
from store.importing.progress import Cancel, Progress
from store.importing.rollback import Rollback, State
from store.importing.stillness import Writing
from store.manager import ConfigManager
from store.sealing import keyfile
from tui.session import Session
from tui.store_thread import in_thread
from tui.wizard import likely, wording
from tui.wizard.draft import Draft
from tui.wizard.likely import Offer
from tui.wizard.wording import NO_HINTS, Hints

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Cut:
    """What cutting the files would do: the bytes that go, the comments along.

    ``why`` is the reason for which files cannot be cut, or, where there are no ``files``, for which
    there is nothing to cut.
    """

    files: tuple[Path, ...]
    saved: int = 0
    comments: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An import that was taken back: which, what was brought back, and by which receipt.

    ``copies`` are of the files as they were until then, ``left`` what can be brought back still.
    """

    number: int
    state: State
    receipt: int
    copies: tuple[str, ...]
    left: tuple[State, ...]


class Bench:
    """A draft on its way to a receipt."""

    def __init__(self, session: Session, clock: Callable[[], datetime], draft: Draft) -> None:
        self.session = session
        self.clock = clock
        self.draft = draft
        self.cancel = Cancel()
        self.running = False
        self.result: Result | None = None
        self._lock = asyncio.Lock()

    # choose

    async def offers(self) -> list[Offer]:
        """The files that can be chosen; the config file comes first."""
        places, typed = self.session.locations, self.draft.typed

        def work() -> list[Offer]:
            found = likely.likely_files(likely.folders(places.config, places.database, Path.cwd()))
            first = [places.config] if places.config.is_file() else []
            rest = [path for path in found if not first or not _same(path, places.config)]
            return likely.offers([*first, *rest], typed)

        return await in_thread(work, name="offers")

    async def add(self, text: str) -> tuple[Path | None, str]:
        """Mark a file that was named by hand: its path, or the fault for which it cannot be."""
        path = path_of(text)
        fault, source = await self._tried(lambda: self._load(path), "read")
        if source is None:
            return None, fault
        known = next((each for each in self.draft.marked if _same(each, path)), None)
        if known is None:
            self.draft.typed = tuple(dict.fromkeys((*self.draft.typed, path)))
            self.draft.marked = (*self.draft.marked, path)
        return known or path, ""

    async def plan(self) -> str:
        """Read the marked files and plan; the fault, empty where there is a plan now."""
        draft = self.draft
        if not draft.marked:
            return "Mark a file with space, or type its path; nothing was changed."
        fault, sources = await self._tried(self._read, "read", wording.PLANNING)
        if sources is None:
            return fault
        known = {each.path: each.digest for each in draft.sources}
        for each in sources:
            if known.get(each.path, each.digest) != each.digest:
                draft.forget_values(each.path)
        return await self._planned(sources)

    def _read(self) -> tuple[Source, ...]:
        return tuple(map(self._load, self.draft.marked))

    def _load(self, path: Path) -> Source:
        places = self.session.locations
        role = self.draft.choices.of(path).role
        return planning.load(path, role=role, key=places.master_key or keyfile.place(os.environ))

    # sort out and check

    async def decide(self, choices: Choices) -> str:
        """Plan with other decisions; where that fails the former ones count, and the fault is told.

        Decisions that come while one is planned are planned together.
        """
        self.draft.choices = choices
        return await self.replan()

    async def replan(self) -> str:
        """As ``decide``, with the decisions that the draft has."""
        return await self._planned()

    async def _planned(self, read: tuple[Source, ...] | None = None) -> str:
        """Plan with what was ``read`` just now, else with what was planned of before."""
        async with self._lock:
            draft, wanted, choices = self.draft, self.draft.wanted, self.draft.choices
            if read is None and draft.plan is not None and draft.plan.choices == wanted:
                return ""
            places, sources = self.session.locations, read or draft.sources
            work: Callable[[], Plan] = lambda: engine.preview(sources, places, wanted)  # noqa: E731
            fault, made = await self._tried(work, "plan", wording.PLANNING)
            if made is not None:
                draft.sources, draft.plan, draft.settled = sources, made, choices
            elif draft.plan is not None:
                draft.choices = draft.settled
            return fault

    # review

    async def cut(self) -> Cut:
        """What cutting the files of the plan would do."""
        plan, seal = self.draft.made, self.draft.seal
        work = held_back()(lambda: cut_of(plan.decided(seal=seal)))
        return await in_thread(work, name="cut")

    @property
    def daemons(self) -> tuple[Path, ...]:
        """The marked files that a daemon may be rewriting."""
        return tuple(each.path for each in self.draft.sources if stillness.is_daemons(each))

    async def glance(self, path: Path) -> Writing | None:
        """What a file's time tells of whoever writes it; None where the file is gone."""
        return (await self._tried(lambda: stillness.glance(path), "stillness"))[1]

    async def watch(self, path: Path, cancel: Cancel, *, patience: float = 0.0) -> Writing | None:
        """Whether a file is still written; with ``patience``, in seconds, wait until it is not.

        None where it cannot be told: the file is gone, or ``cancel`` was asked.
        """

        def work() -> Writing:
            if patience:
                return stillness.wait(path, patience=patience, cancel=cancel)
            return stillness.watch(path, cancel=cancel)

        return (await self._tried(work, "stillness"))[1]

    # run

    async def run(self, progress: Progress) -> str:
        """Carry the plan out, in a thread that is never broken off; the fault, empty when done."""
        session, draft = self.session, self.draft
        plan, seal, rewrite, or_keep = draft.made, draft.seal, draft.rewrite, draft.or_keep
        cancel = self.cancel = Cancel()

        def work() -> Result:
            return engine.apply(
                plan,
                session.locations,
                actor=session.actor,
                clock=self.clock,
                rewrite=rewrite,
                or_keep=or_keep,
                seal=seal,
                reason=session.reason,
                progress=progress,
                cancel=cancel,
            )

        self.running = True
        try:
            fault, self.result = await self._tried(work, "apply", wording.RUNNING)
        finally:
            self.running = False
        return fault

    # taking back

    async def rollback(self, number: int | None, state: State) -> Rollback:
        """What a rollback would do; raises what ``rollback.plan`` raises."""
        places = self.session.locations
        work = held_back()(lambda: rollback.plan(places, number, state))
        return await in_thread(work, name="rollback")

    async def take_back(self, planned: Rollback, reason: str | None) -> TakenBack:
        """Take an import back; raises what ``rollback.apply`` does."""
        session = self.session

        @held_back()
        def work() -> TakenBack:
            receipt = rollback.apply(
                planned,
                session.locations,
                actor=session.actor,
                clock=self.clock,
                reason=reason or session.reason,
            )
            if receipt is None:
                raise VersionConflict("There is nothing to take back by now; nothing was changed.")
            with ConfigManager.open(session.locations, actor="", read_only=True) as manager:
                copies = past.copies_of_rollback(manager, receipt)
                left = next(e.left for e in past.imports(manager) if e.number == planned.receipt)
            return TakenBack(planned.receipt, planned.state, receipt, copies, left)

        return await in_thread(work, name="take back")

    async def imports(self) -> tuple[str, list[Import]]:
        """A fault's sentence, or the imports done so far, newest first."""
        places = self.session.locations

        def work() -> list[Import]:
            if not files.exists(places.database):
                return []
            with ConfigManager.open(places, actor="", read_only=True) as manager:
                return past.imports(manager)

        fault, found = await self._tried(work, "imports")
        return fault, found or []

    async def _tried(
        self, work: Callable[[], Made], name: str, hints: Hints = NO_HINTS
    ) -> tuple[str, Made | None]:
        """The fault's sentence, or what came of some work in a thread."""
        try:
            return "", await in_thread(lambda: aside(work), name=name)
        except NodedeckError as fault:
            return wording.told(fault, hints), None


@held_back()
def aside(work: Callable[[], Made]) -> Made:
    """What comes of some work, which no collection of cycles walks over until the draft goes."""
    made = work()
    set_aside()
    return made


def path_of(text: str) -> Path:
    """The path that a text means here, as a shell would take it."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # ~somebody, whom this host does not know
        path = path.expanduser()
    return Path.cwd() / path


def _same(one: Path, other: Path) -> bool:
    return one == other or one.resolve() == other.resolve()


def cut_of(plan: Plan) -> Cut:
    """What cutting the files of a plan would do, each as far as it can be proven."""
    if not any(each.is_file for each in plan.sources):
        return Cut((), why="A database is only read; nothing is cut out of it.")
    pieces = cutting.pieces(plan, or_keep=True)
    if not pieces:
        return Cut((), why="Nothing in it can be cut out of a file.")
    return Cut(
        tuple(each.source.path for each in pieces),
        sum(len(each.source.data) - len(each.text) for each in pieces if each.text is not None),
        tuple(comment for each in pieces for comment in each.comments),
        cutting.told(plan, [(each.source.path, each.why) for each in pieces if each.why]),
    )
