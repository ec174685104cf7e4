"""The import wizard: choose a file, see what goes where, confirm, and read the result.

It runs the same engine as ``nodedeck import``; the screen shows a plan that was really made and a
result that was really committed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, Static

from store.errors import CannotCut, NodedeckError
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.plan import Choices, Plan, Strategy
from store.schema_checks import some
from tui.glyphs import UNICODE
from tui.screens.wizard_parts import (
    FILE_COLUMNS,
    PLAN_COLUMNS,
    file_row,
    likely_files,
    plan_rows,
    told,
    totals,
)
from tui.session import Session
from tui.store_thread import in_thread
from tui.text import clean
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table

STEPS: Final = ("choose a file", "what goes where", "confirm", "result")


class Switch(Checkbox):
    """A checkbox that can be read without colour: empty where it is off."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Put the cross in, or take it out."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class WizardScreen(Screen[None]):
    """Four steps; esc goes one back and keeps what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="import.back"),
        Binding("ctrl+s", "next", "next", key_display="ctrl+s", id="import.next"),
    ]

    def __init__(self, session: Session, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._session = session
        self._clock = clock
        self._step = 0
        config = session.locations.config
        self._picked = str(config) if config.exists() else ""
        self._file = clean(self._picked)
        self._strategy = Strategy.MERGE
        self._rewrite = False
        self._seal = False
        self._plan: Plan | None = None
        self._uncut = ""
        self._busy = False
        self._result: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """The steps' line, the step itself, its fault, its buttons."""
        yield Static(classes="step", markup=False)
        with Vertical(id="body") as body:
            body.border_title = "Import"
        yield Static(id="fault", markup=False)
        yield Horizontal(id="buttons")
        yield KeyLine()

    async def on_mount(self) -> None:
        """Begin with the file."""
        await self._show()

    async def _show(self) -> None:
        """Build the step that it is now."""
        parts: list[tuple[str, str]] = []
        for number, title in enumerate(STEPS):
            style = "bold $primary" if number == self._step else "$text-muted"
            parts += [(f"{number + 1} {title}", style), (f"  {UNICODE.arrow}  ", "$text-muted")]
        self.query_one(".step", Static).update(Content.assemble(*parts[:-1]))
        self._say_fault("")
        body, buttons = self.query_one("#body"), self.query_one("#buttons")
        # a key pressed while the step changes must not land on whatever is focused meanwhile
        self.set_focus(None)
        await body.remove_children()
        await buttons.remove_children()
        build = (self._choose, self._sort_out, self._confirm, self._done)[self._step]
        widgets, row, focused = build()
        await body.mount(*widgets)
        await buttons.mount(*row)
        focused.focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next step by key where there is one that a key may take."""
        return self._step < 2 if action == "next" else super().check_action(action, parameters)

    def _choose(self) -> tuple[list[Widget], list[Widget], Widget]:
        entry = Input(self._file, placeholder="path of a YAML, TOML or JSON file", id="file")
        entry.cursor_blink = False
        table = Table(
            FILE_COLUMNS,
            empty="No YAML, TOML or JSON file stands beside the config file or in this directory.",
            id="files",
        )
        folders = (self._session.locations.config.parent, Path.cwd())
        table.set_rows([file_row(path) for path in likely_files(folders)], flash=False)
        asked = _text("Which legacy file shall go into the database? Nothing is changed yet.")
        return [asked, entry, table], [_next()], entry

    def _sort_out(self) -> tuple[list[Widget], list[Widget], Widget]:
        table = Table(PLAN_COLUMNS, empty="The file holds nothing to import.", id="plan")
        replace = Switch(
            "Where both have a value, let the file's replace the database's",
            self._strategy is Strategy.REPLACE,
            id="replace",
            compact=True,
        )
        summary = _text("", id="summary")
        self._fill(summary, table)
        return [summary, replace, table], [_back(), _next()], table

    def _fill(self, summary: Static, table: Table) -> None:
        """Show the plan there is."""
        plan = self._made_plan()
        summary.update(clean(f"{plan.source.path} is read as {plan.source.role}: {totals(plan)}."))
        table.set_rows(plan_rows(plan), flash=False)

    def _confirm(self) -> tuple[list[Widget], list[Widget], Widget]:
        plan, places = self._made_plan(), self._session.locations
        new = "" if places.database.exists() else " (it will be made)"
        facts = (
            ("File", str(plan.source.path)),
            ("Backup", f"{plan.source.path.name}.pre-migration.<time in UTC>, beside it"),
            ("Database", f"{places.database}{new}"),
            ("Leaves", totals(plan)),
            ("Conflicts", f"the {_WINNERS[plan.strategy]}'s value counts"),
        )
        rewrite = Switch(
            "Also cut what went into the database out of the file",
            self._rewrite and not self._uncut,
            id="rewrite",
            disabled=bool(self._uncut),
            compact=True,
        )
        cancel = Button("Cancel", id="cancel", compact=True)
        apply = Button("Import", id="apply", variant="warning", compact=True)
        widgets: list[Widget] = [
            _text("The backup is made first; the database is written in one transaction."),
            *(Static(clean(f"{name:<11}{fact}"), markup=False) for name, fact in facts),
            rewrite,
        ]
        if plan.seals:
            widgets += self._proposed(plan)
        if self._uncut:
            widgets.append(_text(self._uncut, id="uncut"))
        return widgets, [cancel, apply], cancel

    def _proposed(self, plan: Plan) -> list[Widget]:
        """The switch that seals what looks like a secret, and what that is."""
        many = f"{len(plan.seals)} secrets" if len(plan.seals) > 1 else "1 secret"
        switch = Switch(
            f"Seal {many}, which otherwise stay in the file", self._seal, id="seal", compact=True
        )
        return [switch, _text(some([each.path for each in plan.seals]), id="secrets")]

    def _done(self) -> tuple[list[Widget], list[Widget], Widget]:
        close = Button("Close", id="close", variant="primary", compact=True)
        return [_text(line) for line in self._result], [close], close

    def _made_plan(self) -> Plan:
        if self._plan is None:
            raise NodedeckError("There is no plan yet; choose a file first.")
        return self._plan

    async def _go(self, step: int) -> None:
        self._step = step
        await self._show()

    def action_back(self) -> None:
        """One step back; from the first and the last out of the wizard."""
        if self._busy:
            return
        if self._step in (0, len(STEPS) - 1):
            self.app.pop_screen()
        else:
            self.call_later(self._go, self._step - 1)

    def action_next(self) -> None:
        """One step on; the import itself is only ever started by its button."""
        if self._busy:
            return
        if self._step == 0:
            self.run_worker(self._make_plan(), name="plan", group="import", exclusive=False)
        elif self._step == 1:
            self.call_later(self._go, 2)

    @on(Input.Submitted, "#file")
    def _file_entered(self) -> None:
        self.action_next()

    @on(Input.Changed, "#file")
    def _file_typed(self, event: Input.Changed) -> None:
        self._file = event.value

    @on(Table.Selected)
    def _file_picked(self, event: Table.Selected) -> None:
        if event.table.id == "files":
            self._picked = event.key
            self.query_one("#file", Input).value = self._file = clean(event.key)
            self.action_next()

    @on(Switch.Changed, "#replace")
    def _winner_switched(self, event: Switch.Changed) -> None:
        self._strategy = Strategy.REPLACE if event.value else Strategy.MERGE
        self.run_worker(self._make_again(), name="plan again", group="import", exclusive=False)

    @on(Switch.Changed, "#rewrite")
    def _rewrite_switched(self, event: Switch.Changed) -> None:
        self._rewrite = event.value

    @on(Switch.Changed, "#seal")
    def _seal_switched(self, event: Switch.Changed) -> None:
        self._seal = event.value

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "next":
            self.action_next()
        elif event.button.id == "apply":
            self.run_worker(self._apply(), name="apply", group="import", exclusive=False)
        elif event.button.id == "close":
            self.app.pop_screen()
        else:
            self.action_back()

    async def _make_plan(self) -> None:
        """Read the file and plan; a fault is shown and nothing else happens."""
        if fault := await self._planned():
            self._say_fault(fault)
        else:
            await self._go(1)

    async def _make_again(self) -> None:
        """Plan anew until the plan is the one asked for; where that fails, ask for the file."""
        while not self._busy and self._made_plan().strategy is not self._strategy:
            if fault := await self._planned():
                await self._go(0)
                self._say_fault(fault)
                return
            self._fill(self.query_one("#summary", Static), self.query_one("#plan", Table))

    async def _planned(self) -> str:
        """Read, plan and rehearse the cut in a thread; the fault, or nothing where it went well."""
        if self._busy:
            return ""
        # a name that cannot be shown as it is can be picked, and stands in the entry cleaned
        text = self._picked if self._file == clean(self._picked) else clean(self._file.strip())
        if not text:
            return "Name a file first; nothing was changed."
        path, strategy = _path_of(text), self._strategy

        def work() -> tuple[Plan, str]:
            plan = engine.preview(
                [planning.load(path)], self._session.locations, Choices(strategy=strategy)
            )
            return plan, _why_uncut(plan)

        self._busy = True
        self._seal = False  # another file's secrets are another question
        try:
            self._plan, self._uncut = await in_thread(work, name="plan")
        except NodedeckError as fault:
            return str(fault)
        finally:
            self._busy = False
        return ""

    async def _apply(self) -> None:
        """Carry the plan out, in a thread that is never broken off."""
        if self._busy:
            return
        if self._session.read_only:
            self._say_fault("This console is read-only; nothing was changed.")
            return
        plan, session = self._made_plan(), self._session
        rewrite, seal = self._rewrite and not self._uncut, self._seal
        self._busy = True
        try:
            result = await in_thread(
                lambda: engine.apply(
                    plan,
                    session.locations,
                    actor=session.actor,
                    clock=self._clock,
                    rewrite=rewrite,
                    seal=seal,
                    reason=session.reason,
                ),
                name="apply",
            )
        except NodedeckError as fault:
            self._say_fault(str(fault))
            return
        finally:
            self._busy = False
        self._result = told(result)
        await self._go(len(STEPS) - 1)

    def _say_fault(self, text: str) -> None:
        fault = self.query_one("#fault", Static)
        fault.update(clean(text))
        fault.display = bool(text)


_WINNERS: Final = {Strategy.MERGE: "database", Strategy.REPLACE: "file"}


def _path_of(text: str) -> Path:
    """The path that a text means here, as a shell would take it."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # ~somebody, whom this host does not know
        path = path.expanduser()
    return Path.cwd() / path


def _why_uncut(plan: Plan) -> str:
    """Why the file cannot be cut, or nothing where it can."""
    if plan.source.format == "toml":
        return "A TOML file cannot be cut; it stays as it is."
    try:
        kept, _ = engine.cut_text(plan.decided(seal=True))
    except CannotCut as reason:
        return str(reason)
    return "Nothing in this file can be cut out of it." if kept == plan.source.data else ""


def _text(text: str, *, id: str | None = None) -> Static:
    return Static(clean(text), markup=False, classes="said", id=id)


def _back() -> Button:
    return Button("Back", id="back", compact=True)


def _next() -> Button:
    return Button("Next", id="next", variant="primary", compact=True)
