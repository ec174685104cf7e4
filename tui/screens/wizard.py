"""The import wizard: choose a file, see what goes where, confirm, and read the result.

It runs the same engine as ``nodedeck import``; the screen shows a plan that was really made and a
result that was really committed.
"""

from __future__ import annotations

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
from textual.widgets import Button, Checkbox, Footer, Input, Static

from store.codec import shown
from store.errors import NodedeckError
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.plan import Action, Plan
from tui.session import Session
from tui.store_thread import in_thread
from tui.text import UNICODE, clean, grouped
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row, Tone

STEPS: Final = ("choose a file", "what goes where", "confirm", "result")
LIKELY: Final = (".yaml", ".yml", ".toml", ".json")
_MOST_FILES: Final = 50
_TONES: Final[dict[Action, Tone]] = {
    Action.ADD: "good",
    Action.CHANGE: "warning",
    Action.CONFLICT: "critical",
    Action.EQUAL: "muted",
    Action.STAY: "accent",
}
_MEANINGS: Final = {
    Action.ADD: "added",
    Action.CHANGE: "changed",
    Action.EQUAL: "already so",
    Action.CONFLICT: "differ and stay as the database has them",
    Action.STAY: "stay in the file",
}


class WizardScreen(Screen[None]):
    """Four steps; esc goes one back and keeps what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="import.back"),
        Binding("ctrl+s", "next", "next", id="import.next"),
    ]

    def __init__(self, session: Session, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._session = session
        self._clock = clock
        self._step = 0
        self._file = str(session.locations.config) if session.locations.config.exists() else ""
        self._rewrite = False
        self._plan: Plan | None = None
        self._backup: Path | None = None
        self._busy = False
        self._result: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """The steps' line, the step itself, its fault, its buttons."""
        yield Static(classes="step", markup=False)
        with Vertical(id="body") as body:
            body.border_title = "Import"
        yield Static(id="fault", markup=False)
        yield Horizontal(id="buttons")
        yield Footer(show_command_palette=False)

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
        await body.remove_children()
        await buttons.remove_children()
        build = (self._choose, self._sort_out, self._confirm, self._done)[self._step]
        widgets, row, focused = build()
        await body.mount(*widgets)
        await buttons.mount(*row)
        focused.focus()

    def _choose(self) -> tuple[list[Widget], list[Widget], Widget]:
        entry = Input(self._file, placeholder="path of a YAML, TOML or JSON file", id="file")
        entry.cursor_blink = False
        table = Table(
            (
                Column("name", "files here", grow=1, min_width=20),
                Column("size", "bytes", align="right", min_width=8),
            ),
            empty="No YAML, TOML or JSON file stands beside the config file.",
            id="files",
        )
        folder = self._session.locations.config.parent
        table.set_rows([_file_row(path) for path in likely_files(folder)], flash=False)
        told = _text("Which legacy file shall go into the database? Nothing is changed yet.")
        return [told, entry, table], [Button("Next", id="next", variant="primary")], entry

    def _sort_out(self) -> tuple[list[Widget], list[Widget], Widget]:
        plan = self._made_plan()
        table = Table(
            (
                Column("action", "", width=8),
                Column("path", "path", min_width=16, max_width=44),
                Column("value", "value", grow=1, min_width=10),
                Column("present", "database now", min_width=5, max_width=20, priority=2),
                Column("line", "line", align="right", min_width=4, priority=1),
                Column("reason", "why", grow=1, min_width=10, max_width=80, priority=3),
            ),
            empty="The file holds nothing to import.",
            id="plan",
        )
        table.set_rows([_plan_row(row) for row in in_order(plan)], flash=False)
        told = _text(f"{plan.source.path} is a {plan.source.role}: {totals(plan)}.")
        return [told, table], [_back(), Button("Next", id="next", variant="primary")], table

    def _confirm(self) -> tuple[list[Widget], list[Widget], Widget]:
        plan = self._made_plan()
        self._backup = engine.backup_path(plan.source.path, self._clock())
        places = self._session.locations
        new = "" if places.database.exists() else " (it will be made)"
        lines = [
            f"File       {plan.source.path}",
            f"Backup     {self._backup}",
            f"Database   {places.database}{new}",
            f"Leaves     {totals(plan)}",
        ]
        rewrite = Checkbox(
            "Also cut what went into the database out of the file", self._rewrite, id="rewrite"
        )
        cancel = Button("Cancel", id="cancel")
        told = [_text("The backup is made first; the database is written in one transaction.")]
        shown_lines = [Static(clean(line), markup=False) for line in lines]
        return (
            [*told, *shown_lines, rewrite],
            [cancel, Button("Import", id="apply", variant="warning")],
            cancel,
        )

    def _done(self) -> tuple[list[Widget], list[Widget], Widget]:
        close = Button("Close", id="close", variant="primary")
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
            self.query_one("#file", Input).value = self._file = event.key
            self.action_next()

    @on(Checkbox.Changed, "#rewrite")
    def _rewrite_switched(self, event: Checkbox.Changed) -> None:
        self._rewrite = event.value

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
        """Read the file and plan, in a thread; a fault is shown and nothing else happens."""
        if self._busy:
            return
        path = Path(self._file).expanduser()
        if not path.is_absolute():
            path = self._session.locations.config.parent / path

        def plan() -> Plan:
            return engine.preview(planning.load(path), self._session.locations)

        if await self._tried(plan, "plan"):
            await self._go(1)

    async def _tried(self, work: Callable[[], Plan], name: str) -> bool:
        self._busy = True
        try:
            self._plan = await in_thread(work, name=name)
        except NodedeckError as fault:
            self._say_fault(str(fault))
            return False
        finally:
            self._busy = False
        return True

    async def _apply(self) -> None:
        """Carry the plan out, in a thread that is never broken off."""
        if self._busy:
            return
        if self._session.read_only:
            self._say_fault("This console is read-only; nothing was changed.")
            return
        plan, session = self._made_plan(), self._session
        self._busy = True
        try:
            result = await in_thread(
                lambda: engine.apply(
                    plan,
                    session.locations,
                    actor=session.actor,
                    clock=self._clock,
                    rewrite=self._rewrite,
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
        self.query_one("#fault", Static).update(clean(text))


def likely_files(folder: Path) -> list[Path]:
    """Files that may be legacy files, by their ending, in order of name."""
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in LIKELY]
    except OSError:
        return []
    return sorted(path for path in found if path.is_file())[:_MOST_FILES]


def _file_row(path: Path) -> Row:
    return Row(str(path), (path.name, grouped(path.stat().st_size)))


def _plan_row(row: planning.Row) -> Row:
    present = "" if row.present is None else shown(row.present)
    why = "; ".join((row.reason, *row.readings)) if row.readings else row.reason
    return Row(
        f"{row.line}:{row.path}",
        (
            Cell(str(row.action), _TONES[row.action]),
            row.path,
            shown(row.value),
            Cell(present, "muted"),
            Cell(str(row.line) if row.line else "", "muted"),
            Cell(why, "muted"),
        ),
    )


def in_order(plan: Plan) -> list[planning.Row]:
    """What changes first, then what stays, then what is equal."""
    order = (Action.CONFLICT, Action.CHANGE, Action.ADD, Action.STAY, Action.EQUAL)
    return sorted(plan.rows, key=lambda row: order.index(row.action))


def totals(plan: Plan) -> str:
    """The plan's totals as a sentence's part."""
    told = [
        f"{grouped(count)} {_MEANINGS[Action(action)]}"
        for action, count in plan.totals.items()
        if count
    ]
    return ", ".join(told) or "nothing in it"


def told(result: engine.Result) -> tuple[str, ...]:
    """What an import did, a sentence each."""
    if result.nothing_to_do:
        return ("Nothing to do: the database and the file already are as this import leaves them.",)
    lines = [
        f"Imported: {totals(result.plan)}." if result.receipt else "The database already was so.",
        f"The file's copy is {result.backup}.",
        "What went into the database was cut out of the file."
        if result.rewritten
        else "The file is as it was.",
    ]
    if result.receipt:
        lines.append(f"Receipt {result.receipt} is in the database.")
    return tuple(lines)


def _text(text: str) -> Static:
    return Static(clean(text), markup=False, classes="said")


def _back() -> Button:
    return Button("Back", id="back")
