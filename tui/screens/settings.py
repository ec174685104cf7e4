"""The settings: services, typed values with their sources, and edits staged and written at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from store.errors import NodedeckError, VersionConflict
from store.manager import ConfigManager
from store.settings_board import Board, SettingLine
from tui.panes.base import READING
from tui.screens.settings_asking import READ_ONLY, LeaveScreen, PreviewScreen
from tui.screens.settings_profiles import ProfilesScreen
from tui.settings_edit.about import about, beside
from tui.settings_edit.checking import why_not
from tui.settings_edit.edit_line import EditLine
from tui.settings_edit.rows import (
    ALL,
    SERVICE_COLUMNS,
    SETTING_COLUMNS,
    difference_rows,
    service_of,
    service_rows,
    setting_rows,
)
from tui.settings_edit.staging import Draft
from tui.store_thread import StoreThread
from tui.text import clean, grouped
from tui.widgets.table import Table

_PANEL_BESIDE: Final = 110
"""Columns from which the panel stands beside the table and not under it."""
_NOTHING_STAGED: Final = "Nothing is staged; e edits the setting under the cursor."
_NOT_STAGED: Final = "Nothing is staged for this setting."
_SEE_AGAIN: Final = (
    " Your edits are still staged, those that moved on are marked with !;"
    " ctrl+s shows them against what is there now."
)


class SettingsScreen(Screen[None]):
    """Services on the left, their settings beside them, and the one under the cursor in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "edit", id="settings.edit"),
        Binding("ctrl+s,f2", "save", "save", id="settings.save"),
        Binding("r", "unstage", "unstage", id="settings.unstage"),
        Binding("v", "detail", "all", id="settings.detail"),
        Binding("P", "profiles", "profiles", id="settings.profiles"),
        Binding("tab", "app.focus_next", "next list", show=False, id="settings.next"),
        Binding("shift+tab", "app.focus_previous", "list before", show=False, id="settings.before"),
        Binding("escape", "leave", "back", id="settings.leave"),
    ]

    def __init__(self, store: StoreThread, *, host: str, read_only: bool) -> None:
        super().__init__()
        self._store = store
        self._host = host
        self._read_only = read_only
        self._board: Board | None = None
        self._lines: dict[str, SettingLine] = {}
        self._draft = Draft()
        self._advanced = False

    def compose(self) -> ComposeResult:
        """Heading, notice, the two tables, the panel, and the footer."""
        yield Static(classes="heading", markup=False)
        yield Static(classes="subheading", markup=False)
        yield Static(id="fault", markup=False)
        with Horizontal(id="lists"):
            with Vertical(id="services", classes="pane") as box:
                box.border_title = "Services"
                yield Table(SERVICE_COLUMNS, empty=READING, show_header=False)
            with Vertical(id="settings", classes="pane") as box:
                box.border_title = "Settings"
                yield Table(SETTING_COLUMNS, empty=READING)
            with VerticalScroll(id="about", classes="pane") as box:
                box.border_title = "About"
                yield Static(markup=False)
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Read, and read again whenever something was committed."""
        self._say("")
        self._settings.focus()
        await self._read()
        self.watch(self.app.screen_stack[0], "live", self._look_again, init=False)

    def on_resize(self, event: events.Resize) -> None:
        """Put the panel under the table where there is no room beside it."""
        self.set_class(event.size.width < _PANEL_BESIDE, "-narrow")

    @property
    def staged(self) -> int:
        """How many edits are staged and not written."""
        return len(self._draft)

    @property
    def _services(self) -> Table:
        return self.query_one("#services Table", Table)

    @property
    def _settings(self) -> Table:
        return self.query_one("#settings Table", Table)

    @property
    def _service(self) -> str:
        return service_of(self._services.cursor_key)

    def _under_cursor(self) -> SettingLine | None:
        return self._lines.get(self._settings.cursor_key or "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer no writing from inside a field, which is not staged yet."""
        return action != "save" or not self.query(EditLine)

    # what is shown

    def _look_again(self) -> None:
        self.run_worker(self._read(), name="settings", group="settings", exclusive=True)

    async def _read(self) -> None:
        """Read everything at once where something was written; a fault leaves what was shown."""
        known = None if self._board is None else self._board.mark

        def read(manager: ConfigManager) -> Board | None:
            return manager.settings_board(known)

        try:
            board = await self._store.call(read)
        except NodedeckError as fault:
            self._say(str(fault))
            return
        if board is not None and self.is_attached:
            self._board = board
            self._lines = {line.path: line for line in board.lines}
            self._say(board.fault)
            self._show(flash=known is not None)

    def _show(self, *, flash: bool = False) -> None:
        """Bring tables, heading and panel in line with the board and what is staged."""
        if self._board is None:
            return
        self._services.set_rows(
            service_rows(self._board, self._draft, advanced=self._advanced), flash=False
        )
        self._fill(flash=flash)

    def _fill(self, *, flash: bool = False) -> None:
        """Show the settings of the service under the cursor."""
        if self._board is None:
            return
        service, table = self._service, self._settings
        rows = setting_rows(self._board, self._draft, service, advanced=self._advanced)
        table.set_empty("No setting here." if self._advanced else "No simple setting here; v: all.")
        table.set_rows(rows, flash=flash)
        staged = f"  {self.staged} staged" if self.staged else ""
        level = "all" if self._advanced else "simple ones"
        heading = f"Settings  {grouped(len(rows))} shown, {level}{staged}"
        self.query_one(".heading", Static).update(heading)
        self.query_one(".subheading", Static).update(beside(self._board, service))
        title = clean(service or "all services", limit=60)
        self.query_one("#settings").border_title = Content(f"Settings  {title}")
        self._tell()

    def _tell(self) -> None:
        """Show all there is to the setting under the cursor."""
        line = self._under_cursor()
        parts = [] if line is None else about(line, self._draft)
        self.query_one("#about Static", Static).update(Content.assemble(*parts))

    def _say(self, text: str) -> None:
        said = self.query_one("#fault", Static)
        said.display = bool(text)
        said.update(clean(text))

    def on_table_highlighted(self, event: Table.Highlighted) -> None:
        """Follow the cursor: another service's settings, another setting's panel."""
        if event.table is self._services:
            self._fill()
        else:
            self._tell()

    async def on_table_selected(self, event: Table.Selected) -> None:
        """Go from a service to its settings, and from a setting to its field."""
        if event.table is self._services:
            self._settings.focus()
        else:
            await self.action_edit()

    # editing

    async def action_edit(self) -> None:
        """Open the field of the setting under the cursor."""
        if self._services.has_focus:
            self._settings.focus()
            return
        line = self._under_cursor()
        if line is None or self.query(EditLine) or self._refused():
            return
        if reason := why_not(line):
            self._note(reason)
            return
        staged = self._draft.get(line.path)
        value, known = (line.own, line.known) if staged is None else (staged.value, True)
        await self.mount(EditLine(line, value, known=known), after="#lists")

    async def on_edit_line_entered(self, event: EditLine.Entered) -> None:
        """Stage what was typed."""
        await self._close_field()
        if self._board is not None:
            line = self._lines.get(event.line.path, event.line)
            self._draft.stage(line, event.value, self._board)
            self._show()

    async def on_edit_line_cancelled(self) -> None:
        """Leave the field."""
        await self._close_field()

    async def _close_field(self) -> None:
        self._settings.focus()
        await self.query(EditLine).remove()

    def action_unstage(self) -> None:
        """Take the staged edit under the cursor back."""
        line = self._under_cursor()
        if line is not None and self._draft.drop(line.path):
            self._show()
        else:
            self._note(_NOT_STAGED)

    def action_detail(self) -> None:
        """Show the advanced settings too, or only the simple ones."""
        self._advanced = not self._advanced
        self._show()

    # writing

    def action_save(self) -> None:
        """Show what would be written of one service, and ask."""
        if self._board is None or self._refused():
            return
        service = self._to_save()
        if not service:
            self._note(_NOTHING_STAGED)
            return
        columns, rows = difference_rows(self._draft.differences(service, self._board))
        noun = "edit" if len(rows) == 1 else "edits"
        title = f"Save {len(rows)} {noun} of {service}"

        async def commit(reason: str) -> str:
            return await self._commit(service, reason)

        preview = PreviewScreen(title, rows, commit, verb="Save", columns=columns)
        self.app.push_screen(preview, self._saved)

    def _to_save(self) -> str:
        """The service whose edits are next: that under the cursor, else the first with some."""
        staged, line = self._draft.services, self._under_cursor()
        for service in (self._service, line.rule.service if line else ALL):
            if service in staged:
                return service
        return staged[0] if staged else ALL

    async def _commit(self, service: str, reason: str) -> str:
        """Write a service's edits as one transaction, or say why nothing was written."""
        values, expected = self._draft.values(service), self._draft.expected(service)
        paths = self._draft.paths(service)

        def write(manager: ConfigManager) -> int:
            return manager.set_settings(
                service, values, expect_version=expected, create=True, reason=reason or None
            )

        try:
            await self._store.call(write)
        except VersionConflict as conflict:
            await self._read()
            if self._board is not None:
                self._draft.rebase(service, self._board)
            self._show()
            return conflict.message + _SEE_AGAIN
        except NodedeckError as fault:
            return str(fault)
        self._draft.clear(paths)
        return ""

    async def _saved(self, written: bool | None) -> None:
        await self._read()
        self._show()
        if written and self._draft.services:
            rest = ", ".join(self._draft.services)
            self._note(f"Saved. Still staged: {rest}; ctrl+s is next.")

    def _refused(self) -> bool:
        """Say that nothing is written here, where that is so."""
        if self._read_only:
            self._note(READ_ONLY)
        return self._read_only

    def _note(self, sentence: str) -> None:
        self.app.notify(clean(sentence), markup=False)

    # profiles, and leaving

    def action_profiles(self) -> None:
        """Show the profiles of the service and the flags of the host."""
        if self._board is not None:
            self.app.push_screen(
                ProfilesScreen(
                    self._store, self._service, host=self._host, read_only=self._read_only
                )
            )

    async def action_leave(self) -> None:
        """Leave the field, or go back to the deck; staged edits ask."""
        if self.query(EditLine):
            await self._close_field()
        else:
            self.ask_to_leave(self.app.pop_screen)

    def ask_to_leave(self, leave: Callable[[], object]) -> None:
        """Leave, after a question where edits are staged."""

        def answered(gone: bool | None) -> None:
            if gone:
                leave()

        if not self._draft:
            leave()
        elif not isinstance(self.app.screen, LeaveScreen):
            self.app.push_screen(LeaveScreen(self.staged), answered)
