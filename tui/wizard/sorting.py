"""The second step: every leaf of every file, where it goes, and what stands there now."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from store.collecting import held_back
from store.importing.choices import Choices, Strategy
from tui.store_thread import in_thread
from tui.text import clean
from tui.widgets.table import Table
from tui.wizard import leaf_dialog
from tui.wizard.bench import Bench
from tui.wizard.draft import decide, decided_of
from tui.wizard.rows import about, totals
from tui.wizard.step import Step, said
from tui.wizard.tree import MANY, TREE_COLUMNS, Sorted, Tree, by_destination, roots_of, tree

_TURNS: Final = (None, Strategy.REPLACE, Strategy.KEEP, Strategy.MERGE)


class Sorting(Step):
    """The plan as a tree, in which rows and whole groups are decided about."""

    TITLE = "What goes where"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "turn", "who wins", id="import.wins"),
        Binding("e", "decide", "decide", id="import.decide"),
        Binding("r", "forget", "take back", id="import.forget"),
        Binding("v", "changes", "only changes", id="import.changes"),
    ]

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._sorted = Sorted()
        self._tree = tree(self._sorted)
        self._showing = 0

    def parts(self) -> Iterable[Widget]:
        """The totals and the tree."""
        yield said("", id="summary", classes="said -apart")
        yield Table(TREE_COLUMNS, empty="There is nothing to show; v shows all.", id="plan")
        yield said("", id="about", classes="about")

    def start(self) -> Widget:
        """The tree."""
        return self.table

    @property
    def table(self) -> Table:
        """The tree's table."""
        return self.query_one("#plan", Table)

    def on_mount(self) -> None:
        """Show the plan, the cursor where it was left."""
        self.run_worker(self._begin(), name="show", group="import", exclusive=False)

    def on_unmount(self) -> None:
        """Let go of the plan; see ``collecting.set_aside``."""
        self._sorted = Sorted()
        self._tree = tree(self._sorted)

    async def _begin(self) -> None:
        at = self.draft.place
        await self.show()
        if at is not None:
            self.table.move_to(at)

    async def show(self) -> None:
        """Show the plan there is; of several askings at once the last one counts."""
        self._showing += 1
        asked, draft, plan = self._showing, self.draft, self.draft.made
        only, folded, unfolded = draft.only_changes, draft.folded, draft.unfolded
        before = self._sorted

        @held_back()
        def work() -> tuple[Sorted, Tree, str]:
            same = before.plan is plan and before.only_changes == only
            found = before if same else by_destination(plan, only_changes=only)
            return found, tree(found, folded=folded, unfolded=unfolded), totals(plan)

        found, made, counted = await in_thread(work, name="tree")
        if asked != self._showing or not self.is_there:
            return
        self._sorted, self._tree = found, made
        read_as = ", ".join(f"{each.path.name} ({each.role})" for each in plan.sources)
        shown = "; only what changes is shown" if only else ""
        self.query_one("#summary", Static).update(clean(f"{read_as}: {counted}{shown}."))
        self.table.set_rows(made.rows, flash=False)
        self._tell()

    def on_table_highlighted(self, event: Table.Highlighted) -> None:
        """Remember the place for when the step is come back to."""
        self.draft.place = event.key
        self._tell()

    def _tell(self) -> None:
        """Say all there is to the leaf under the cursor."""
        leaf = self._tree.leaves.get(self.table.cursor_key or "")
        self.query_one("#about", Static).update(clean(about(leaf) if leaf is not None else ""))

    @on(Table.Selected, "#plan")
    def _opened(self, event: Table.Selected) -> None:
        if event.key in self._tree.groups:
            self._fold(event.key)
        else:
            self.action_decide()

    def _fold(self, key: str) -> None:
        draft, (_, members) = self.draft, self._tree.groups[key]
        is_folded = key in draft.folded or (len(members) > MANY and key not in draft.unfolded)
        one = frozenset((key,))
        draft.folded = draft.folded - one if is_folded else draft.folded | one
        draft.unfolded = draft.unfolded | one if is_folded else draft.unfolded - one
        self._again()

    def action_changes(self) -> None:
        """Show only what changes, or all again."""
        self.draft.only_changes = not self.draft.only_changes
        self._again()

    def _again(self) -> None:
        self.run_worker(self.show(), name="show", group="import", exclusive=False)

    def action_decide(self) -> None:
        """Ask about the leaf under the cursor."""
        leaf = self._tree.leaves.get(self.table.cursor_key or "")
        if leaf is not None:
            self.app.push_screen(leaf_dialog.dialog(self.bench, leaf), self._decided)

    def _decided(self, decided: bool | None) -> None:
        if decided:
            self._again()

    def action_turn(self) -> None:
        """Let somebody else win at the leaf under the cursor, or in its whole group."""
        choices, targets = self.draft.choices, self._targets()
        if not targets:
            return
        now = decided_of(choices, *targets[0]).strategy
        to = _TURNS[(_TURNS.index(now) + 1) % len(_TURNS)]
        for path, file in targets:
            choices = decide(choices, path, file, strategy=to)
        self._plan(choices)

    def action_forget(self) -> None:
        """Take back what was decided about the leaf under the cursor, or its group."""
        choices = self.draft.choices
        for path, file in self._targets():
            choices = decide(choices, path, file, strategy=None, reading=None, fix=None)
        if choices != self.draft.choices:
            self._plan(choices)

    def _targets(self) -> list[tuple[str, Path]]:
        key = self.table.cursor_key or ""
        if key in self._tree.groups:
            group, members = self._tree.groups[key]
            return [(root, group.file) for root in roots_of(members)]
        leaf = self._tree.leaves.get(key)
        return [(leaf.path, leaf.file)] if leaf is not None else []

    def _plan(self, choices: Choices) -> None:
        self.draft.choices = choices  # at once: the next press turns on from here
        self.run_worker(self._planning(), name="plan again", group="import", exclusive=False)

    async def _planning(self) -> None:
        self.say("Planning again.", working=True)
        self.say(await self.bench.replan())
        await self.show()
