"""The third step: what does not fit, what differs, and which secrets are sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from store.collecting import held_back
from store.importing.plan import Action, Plan
from store.importing.plan import Row as Leaf
from store.schema_checks import some
from tui.store_thread import in_thread
from tui.text import clean, grouped
from tui.widgets.table import Table
from tui.widgets.table_lazy import LazyRows
from tui.wizard import leaf_dialog
from tui.wizard.bench import Bench
from tui.wizard.draft import decide
from tui.wizard.rows import PROBLEM_COLUMNS, about, problems
from tui.wizard.step import Step, Switch, said

_NOTHING = "Every value fits, none differs from the database's, and all YAML readers agree."


class Checking(Step):
    """Problems with their places; what is not fixed stays in the file."""

    TITLE = "What to look at"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "decide", "fix", id="import.fix"),
        Binding("r", "forget", "take back", id="import.forget"),
    ]

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._leaves: Mapping[str, Leaf] = {}

    def parts(self) -> Iterable[Widget]:
        """What is wrong in a sentence, each of it, and the secrets."""
        yield said("", id="summary", classes="said -apart")
        yield Table(PROBLEM_COLUMNS, empty="Looking for what to look at.", id="problems")
        yield said("", id="about", classes="about")
        secrets = sorted(self.draft.proposed)
        if secrets:
            many = f"{len(secrets)} secrets" if len(secrets) > 1 else "1 secret"
            told = f"Seal {many}, which otherwise stay in the file"
            yield Switch(told, self.draft.seal, id="seal", compact=True)
            yield said(some(secrets), id="secrets", classes="note")

    def start(self) -> Widget:
        """The problems."""
        return self.query_one("#problems", Table)

    def on_mount(self) -> None:
        """Show what there is."""
        self._again()

    def on_unmount(self) -> None:
        """Let go of the plan; see ``collecting.set_aside``."""
        self._leaves = {}

    def _again(self) -> None:
        self.run_worker(self._show(), name="show", group="import", exclusive=False)

    async def _show(self) -> None:
        plan = self.draft.made

        @held_back()
        def work() -> tuple[LazyRows, Mapping[str, Leaf], str]:
            rows, leaves = problems(plan)
            return rows, leaves, " ".join(sentences(plan, leaves.values()))

        rows, leaves, told = await in_thread(work, name="problems")
        if plan is not self.draft.plan or not self.is_there:
            return
        self._leaves = leaves
        table = self.query_one("#problems", Table)
        table.set_empty(_NOTHING)
        table.set_rows(rows, flash=False)
        self._tell()
        summary = self.query_one("#summary", Static)
        summary.update(clean(told))
        summary.display = bool(told)

    @on(Table.Selected, "#problems")
    def action_decide(self) -> None:
        """Ask about the value under the cursor."""
        if (leaf := self._under_cursor()) is not None:
            self.app.push_screen(leaf_dialog.dialog(self.bench, leaf), self._decided)

    def on_table_highlighted(self) -> None:
        """Follow the cursor."""
        self._tell()

    def _tell(self) -> None:
        """Say all there is to the value under the cursor."""
        leaf = self._under_cursor()
        self.query_one("#about", Static).update(clean(about(leaf) if leaf is not None else ""))

    def _decided(self, decided: bool | None) -> None:
        if decided:
            self._again()

    def action_forget(self) -> None:
        """Take back what was decided about the value under the cursor."""
        if (leaf := self._under_cursor()) is not None:
            before = self.draft.choices
            after = decide(before, leaf.path, leaf.file, strategy=None, reading=None, fix=None)
            if after != before:
                self.draft.choices = after
                self.run_worker(self._plan(), name="plan again", group="import", exclusive=False)

    async def _plan(self) -> None:
        self.say("Planning again.", working=True)
        self.say(await self.bench.replan())
        await self._show()

    def _under_cursor(self) -> Leaf | None:
        return self._leaves.get(self.query_one("#problems", Table).cursor_key or "")

    @on(Switch.Changed, "#seal")
    def _sealed(self, event: Switch.Changed) -> None:
        self.draft.confirmed = self.draft.proposed if event.value else frozenset()


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{grouped(count)} values"


def sentences(plan: Plan, shown: Iterable[Leaf]) -> list[str]:
    """What there is to look at in a plan, of which some leaves are ``shown``, a sentence each."""
    conflicting = [row for row in plan.rows if row.action is Action.CONFLICT]
    between = sum(row.contested for row in conflicting)
    refused, conflicts = len(plan.refused), len(conflicting) - between
    told = []
    if refused:
        told.append(f"{_values(refused)} not fitting: left in the file unless fixed here.")
    if between:
        told.append(f"{_values(between)} on which files differ: leave one out, or none goes.")
    if conflicts:
        told.append(f"{_values(conflicts)} unlike the database's, which keeps its own.")
    readings = sum(bool(leaf.readings) for leaf in shown)
    if readings:
        told.append(f"{_values(readings)} that YAML readers read differently.")
    kept = [
        row.path
        for row in plan.rows
        if row.action is Action.STAY and "not a key of the database" in row.reason
    ]
    if kept:
        told.append(f"Not known here, so kept in the file: {some(kept)}.")
    return told
