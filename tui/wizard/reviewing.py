"""The fourth step: what would be written, the file's cut, and whether a daemon is still at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from textual import on
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from store.collecting import held_back
from store.importing.journal import names
from store.importing.progress import Cancel
from store.importing.stillness import STOP_HINT
from tui.store_thread import in_thread
from tui.text import age, clean, grouped
from tui.widgets.table import Row, Table
from tui.wizard.bench import Bench, Cut
from tui.wizard.rows import DIFF_COLUMNS, changes, totals
from tui.wizard.step import READ_ONLY, Step, Switch, button, said

PATIENCE_SECONDS: Final = 600.0
MOST: Final = 2_000
"""Differences that are listed; who wants to see every leaf goes back to the tree."""


class Reviewing(Step):
    """The last look; only the button at its end imports."""

    TITLE = "What would be written"
    DEFAULT_CSS = """
    Reviewing #diff { min-height: 4; }
    Reviewing #still { height: auto; }
    Reviewing #still Static { width: 1fr; height: auto; max-height: 3; color: $text-warning; }
    Reviewing #cut { padding-left: 4; color: $text-muted; max-height: 5; }
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._looking = Cancel()
        self._cut: Cut | None = None
        self._writing: Path | None = None

    def parts(self) -> Iterable[Widget]:
        """Totals, what is kept where, the differences, the cut."""
        yield said("", id="totals")
        copies = ", ".join(each.path.name for each in self.draft.made.sources if each.is_file)
        if copies:
            yield said(f"Copies first, as NAME.pre-migration.TIME beside the file: {copies}.")
        with Horizontal(id="still"):
            yield Static(id="writing", markup=False)
            yield button("Wait for it", "wait")
        yield Table(DIFF_COLUMNS, empty="Nothing would be written: all is so already.", id="diff")
        yield Switch("Also cut it out of the file", self.draft.rewrite, id="rewrite", compact=True)
        yield Switch(
            "If the cut cannot be proven: import all the same, and leave the file as it is",
            self.draft.or_keep,
            id="or-keep",
            compact=True,
        )
        yield said("", id="cut")

    def buttons(self) -> Iterator[Button]:
        """Back, which is where the keys are, and the import."""
        yield button("Back", "back", "primary")
        yield button("Plan again", "again")
        yield button("Import", "apply", "warning")

    def start(self) -> Widget:
        """The way back: a key that is held down must not import."""
        return self.query_one("#back")

    def on_mount(self) -> None:
        """Show what would change, then what the cut would do and whether a daemon writes."""
        self.query_one("#still").display = False
        self._tell_cut()
        self.run_worker(self._fill(), name="diff", group="import", exclusive=False)
        for path in self.bench.daemons:
            self.run_worker(self._look(path), name="stillness", group="import", exclusive=False)

    def on_unmount(self) -> None:
        """Stop watching the file."""
        self._looking.ask()

    async def _fill(self) -> None:
        """Work out what would change, and what the cut would do."""
        made, seal, database = (
            self.draft.made,
            self.draft.seal,
            self.bench.session.locations.database,
        )

        @held_back()
        def work() -> tuple[tuple[Row, ...], int, str, bool]:
            plan = made.decided(seal=seal)
            return *changes(plan, MOST), totals(plan), database.exists()

        rows, count, counted, there = await in_thread(work, name="diff")
        cut = await self.bench.cut()
        if self.is_there:
            self._cut = cut
            new = "" if there else ", which will be made"
            told = f"{counted}. Into {database}{new}."
            if count > len(rows):
                told += f" Listed are the first {grouped(len(rows))}; step 2 has all."
            self.query_one("#totals", Static).update(clean(told))
            self.query_one("#diff", Table).set_rows(rows, flash=False)
            self._tell_cut()

    def _tell_cut(self) -> None:
        """What the two switches mean with this plan."""
        cut, rewrite = self._cut, self.query_one("#rewrite", Switch)
        told = self.query_one("#cut", Static)
        keep = self.query_one("#or-keep", Switch)
        possible = cut is None or bool(cut.files)
        rewrite.disabled = not possible
        if not possible and rewrite.value:
            rewrite.value = False
        if cut is not None and cut.files:
            named = names([each.name for each in cut.files])
            rewrite.label = Content(clean(f"Also cut what goes in out of {named}"))
        keep.display = rewrite.value
        told.update(clean(self._cut_sentence(cut)))

    def _cut_sentence(self, cut: Cut | None) -> str:
        if cut is None:
            return "Working out what can be cut."
        if not cut.files:
            return cut.why
        if cut.why:
            if not self.draft.rewrite:
                return f"It cannot be cut with proof: {cut.why}"
            stays = "the database is written and the file stays"
            stays += ", the others are cut" if cut.saved else ""
            what = stays if self.draft.or_keep else "nothing would be imported"
            return f"It cannot be cut with proof, so {what}. {cut.why}"
        lines = sum("#" in line for text in cut.comments for line in text.splitlines())
        gone = f", {grouped(lines)} lines with comments among them" if lines else ""
        verb = "go" if self.draft.rewrite else "would go"
        them = "it" if len(cut.files) == 1 else "them"
        return f"{grouped(cut.saved)} bytes {verb} out of {them}{gone}; every other byte stays."

    @on(Switch.Changed, "#rewrite")
    def _rewrite_switched(self, event: Switch.Changed) -> None:
        self.draft.rewrite = event.value
        self._chosen(event)

    @on(Switch.Changed, "#or-keep")
    def _keep_switched(self, event: Switch.Changed) -> None:
        self.draft.or_keep = event.value
        self._chosen(event)

    def _chosen(self, event: Switch.Changed) -> None:
        """Follow a choice; what was told of the last import was about another one."""
        if event.control.has_focus:
            self.say("")
        self._tell_cut()

    # the daemon

    async def _look(self, path: Path) -> None:
        """Say whether a file is still written; one just written is watched for a while."""
        seen = await self.bench.glance(path)
        if seen is not None and not seen.still:
            told = f"{path.name} was written {age(seen.age)} ago; looking whether it is again."
            self._tell_writing(told)
            seen = await self.bench.watch(path, self._looking)
        if seen is not None and self.is_there:
            self._writing = None if seen.still else path
            self._tell_writing("" if seen.still else f"{path.name}: {seen.told}", may_wait=True)

    def _tell_writing(self, text: str, *, may_wait: bool = False) -> None:
        if self.is_there:
            self.query_one("#still").display = bool(text)
            self.query_one("#wait").display = may_wait
            self.query_one("#writing", Static).update(clean(text))

    @on(Button.Pressed, "#wait")
    def _wait(self) -> None:
        if self._writing is not None:
            self.query_one("#back").focus()
            self.run_worker(
                self._waiting(self._writing), name="wait", group="import", exclusive=False
            )

    async def _waiting(self, path: Path) -> None:
        """Wait until a file is left alone, and plan it as it is then."""
        self._tell_writing(f"Waiting until {path.name} is left alone. {STOP_HINT}")
        seen = await self.bench.watch(path, self._looking, patience=PATIENCE_SECONDS)
        if seen is None or not self.is_there:
            return
        if not seen.still:
            self._tell_writing(f"{path.name}: {seen.told}", may_wait=True)
            return
        self._writing = None
        self._tell_writing(f"{path.name} is left alone now, and planned as it is.")
        await self._plan()

    @on(Button.Pressed, "#again")
    def _again(self) -> None:
        self.run_worker(self._plan(), name="plan", group="import", exclusive=False)

    async def _plan(self) -> None:
        """Read and plan anew; a fault is said, and the plan stays the one of before."""
        self.say("Reading and planning.", working=True)
        fault = await self.bench.plan()
        self.say(fault)
        if not fault:
            await self._fill()

    @on(Button.Pressed, "#apply")
    def _apply(self) -> None:
        if self.bench.session.read_only:
            self.say(READ_ONLY)
        else:
            self.post_message(self.Moved(1))
