"""The settings: services, typed values with their sources, and edits staged and written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from store.errors import NodedeckError
from store.manager import ConfigManager
from store.paths import Home
from store.settings_board import Board, SettingLine
from tui.editing import staging
from tui.panes.base import READING
from tui.screens.settings_saving import SavingScreen
from tui.settings_edit.about import about, beside
from tui.settings_edit.rows import (
    ALL,
    SERVICE_COLUMNS,
    SETTING_COLUMNS,
    service_of,
    service_rows,
    setting_rows,
)
from tui.store_thread import StoreThread
from tui.text import clean, grouped
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table

if TYPE_CHECKING:
    from tui.settings_edit.field import SettingField

_PANEL_BESIDE: Final = 110
"""Columns from which the panel stands beside the table and not under it."""
_OUTSIDE: Final = frozenset({"edit", "unset", "unstage", "detail", "profiles"})
"""What the keys that are also text must not do while a field has them."""
_NOTHING_STAGED: Final = "Nothing is staged; e edits the setting under the cursor."
_NOT_STAGED: Final = "Nothing is staged for this setting."
_NO_OWN: Final = "This setting has no value of its own that could go; nothing was changed."
_IN_FILE: Final = (
    "It stands in the config file, and no default comes after it; nothing was changed."
    " e edits it there."
)


class SettingsScreen(SavingScreen):
    """Services on the left, their settings beside them, and the one under the cursor in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "edit", id="settings.edit"),
        Binding("ctrl+s,f2", "save", "save", id="settings.save"),
        Binding("D", "unset", "unset", id="settings.unset"),
        Binding("v", "detail", "all", id="settings.detail"),
        Binding("P", "profiles", "profiles", id="settings.profiles"),
        Binding("r", "unstage", "unstage", id="settings.unstage"),
        Binding("tab", "app.focus_next", "next list", show=False, id="settings.next"),
        Binding("shift+tab", "app.focus_previous", "list before", show=False, id="settings.before"),
        Binding("escape", "leave", "back", id="settings.leave"),
    ]

    def __init__(self, store: StoreThread, *, host: str, read_only: bool) -> None:
        super().__init__(store, read_only=read_only)
        self._host = host
        self._lines: dict[str, SettingLine] = {}
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
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read, and read again whenever something was committed."""
        self._fault("")
        self._settings.focus()
        await self.read()
        self.watch(self.app.screen_stack[0], "live", self._look_again, init=False)

    def on_resize(self, event: events.Resize) -> None:
        """Put the panel under the table where there is no room beside it."""
        self.set_class(event.size.width < _PANEL_BESIDE, "-narrow")

    @property
    def _services(self) -> Table:
        return self.query_one("#services Table", Table)

    @property
    def _settings(self) -> Table:
        return self.query_one("#settings Table", Table)

    @property
    def _service(self) -> str:
        return service_of(self._services.cursor_key)

    @property
    def _field(self) -> SettingField | None:
        found = self.query("SettingField")
        return cast("SettingField", found.first()) if found else None

    def _under_cursor(self) -> SettingLine | None:
        return self._lines.get(self._settings.cursor_key or "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer nothing but saving and leaving from inside a field."""
        return action not in _OUTSIDE or not self._field

    # what is shown

    def _look_again(self, _: object = None) -> None:
        self._read_again()

    @work(name="settings", group="settings", exclusive=True)
    async def _read_again(self) -> None:
        await self.read()

    async def read(self) -> None:
        """Read everything at once where something was written; a fault leaves what was shown."""
        known = None if self._board is None else self._board.mark

        def read(manager: ConfigManager) -> Board | None:
            return manager.settings_board(known)

        try:
            board = await self._store.call(read)
        except NodedeckError as fault:
            self._fault(str(fault))
            return
        if board is not None and self.is_attached:
            self._board = board
            self._lines = {line.path: line for line in board.lines}
            self._fault(board.fault)
            self.show(flash=known is not None)

    def show(self, *, flash: bool = False) -> None:
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

    def _fault(self, text: str) -> None:
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
        """Open the field of the setting under the cursor, or the form of a key of the file."""
        if self._services.has_focus:
            self._settings.focus()
            return
        line = self._under_cursor()
        if line is None or self._field or self.refused():
            return
        if line.home is Home.FILE:
            await self._edit_in_file(line.path)
            return
        from tui.settings_edit.field import SettingField  # it costs much of a start

        await self.mount(SettingField(line, self._draft.get(line.path)), after="#lists")

    async def _edit_in_file(self, path: str) -> None:
        try:
            subject = await self._store.call(lambda manager: staging.read(manager, path))
        except NodedeckError as fault:
            self.say(str(fault))
            return
        from tui.editing.form import FormScreen

        if self.app.screen is self:
            await self.app.push_screen(FormScreen(subject, self._store), self._look_again)

    async def on_setting_field_entered(self, event: SettingField.Entered) -> None:
        """Stage what was typed."""
        await self._take(event)

    async def on_setting_field_cancelled(self) -> None:
        """Leave the field."""
        await self._close_field()

    async def _take(self, event: SettingField.Entered) -> None:
        await self._close_field()
        if self._board is not None:
            line = self._lines.get(event.line.path, event.line)
            self._draft.stage(line, event.value, self._board)
            self.show()

    async def _close_field(self) -> None:
        self._settings.focus()
        await self.query("SettingField").remove()

    def action_unset(self) -> None:
        """Stage that the setting under the cursor loses its own value."""
        if self._services.has_focus:
            self._settings.focus()
            return
        line = self._under_cursor()
        if line is None or self._board is None or self.refused():
            return
        if line.home is Home.FILE:
            self.say(_IN_FILE)
        elif not self._draft.unset(line, self._board):
            self.say(_NO_OWN)
        self.show()

    def action_unstage(self) -> None:
        """Take the staged edit under the cursor back."""
        line = self._under_cursor()
        if line is not None and self._draft.drop(line.path):
            self.show()
        else:
            self.say(_NOT_STAGED)

    def action_detail(self) -> None:
        """Show the advanced settings too, or only the simple ones."""
        self._advanced = not self._advanced
        self.show()

    # writing

    async def action_save(self) -> None:
        """Show what would be written of one service, and ask; what is being typed is staged."""
        if self._board is None or self.app.screen is not self or self.refused():
            return
        if self._field is not None:
            entered = self._field.entered()
            if entered is None:
                return
            await self._take(entered)
        if service := self._to_save():
            await self.save(service)
        else:
            self.say(_NOTHING_STAGED)

    def _to_save(self) -> str:
        """The service whose edits are next: that under the cursor, else the first with some."""
        staged, line = self._draft.services, self._under_cursor()
        for service in (self._service, line.rule.service if line else ALL):
            if service in staged:
                return service
        return staged[0] if staged else ALL

    # profiles, and leaving

    def action_profiles(self) -> None:
        """Show the profiles of the service and the flags of the host."""
        from tui.screens.settings_profiles import ProfilesScreen  # its forms cost much of a start

        if self._board is not None:
            lines = [line for line in self._board.lines if line.home is Home.DATABASE]
            every = tuple(dict.fromkeys(line.rule.service for line in lines))
            self.app.push_screen(
                ProfilesScreen(
                    self._store,
                    self._service,
                    every,
                    host=self._host,
                    read_only=self._read_only,
                )
            )

    async def action_leave(self) -> None:
        """Leave the field, or go back to the deck; staged edits ask."""
        if self._field:
            await self._close_field()
        else:
            self.ask_to_leave(self.app.pop_screen)
