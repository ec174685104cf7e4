"""Profiles of the settings against their present values, and the feature flags of the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from store import paths
from store.errors import NodedeckError
from store.manager import ConfigManager
from store.masks import masked
from store.settings_flags import Flag
from store.settings_profiles import Difference, Profile
from tui.editing.asking import AskingScreen, Look
from tui.editing.form import FormScreen
from tui.editing.staging import Source
from tui.panes.base import READING
from tui.settings_edit.flags import FlagForm, removing
from tui.settings_edit.profiles import NewProfile, applying, deleting, taking
from tui.settings_edit.rows import DIFFERENCE_COLUMNS, profile_rows
from tui.store_thread import StoreThread
from tui.text import clean, grouped
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

_PROFILE_COLUMNS: Final = (
    Column("service", "service", grow=1, min_width=8, max_width=30),
    Column("name", "profile", grow=1, min_width=8, max_width=40),
    Column("values", "values", align="right", min_width=6),
)
_FLAG_COLUMNS: Final = (
    Column("name", "flag", grow=1, min_width=8, max_width=40),
    Column("rule", "rule", grow=1, min_width=6, max_width=60),
    Column("here", "here", min_width=4),
    Column("description", "description", grow=2, min_width=16, max_width=200, priority=1),
)
_NO_PROFILE: Final = "No profile is here; a keeps the present values as one."
_SAME: Final = "Every value is as the profile has it; there is nothing to apply."
_NO_FLAG: Final = "No flag is here; a makes one."
_KEYS: Final = (
    "profiles: enter applies, a keeps the present values as one, e takes them into it, D deletes"
    "   flags: enter or e edits, a adds, D removes"
)


class ProfilesScreen(AskingScreen):
    """The profiles, what the one under the cursor would change, and the flags."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "new", id="profiles.add"),
        Binding("e", "edit", "edit", id="profiles.edit"),
        Binding("D", "remove", "delete", id="profiles.remove"),
        Binding("tab", "app.focus_next", "next list", id="profiles.next"),
        Binding("shift+tab", "app.focus_previous", "list before", show=False, id="profiles.before"),
        Binding("escape,P", "app.back", "back", id="profiles.back"),
    ]

    def __init__(
        self,
        store: StoreThread,
        service: str,
        services: tuple[str, ...],
        *,
        host: str,
        read_only: bool,
    ) -> None:
        """Make the screen of a service's profiles, or of all ``services`` where it is empty."""
        super().__init__(store, read_only=read_only)
        self._service = service
        self._services = (service,) if service else services
        self._host = host
        self._profiles: dict[str, Profile] = {}
        self._flags: dict[str, Flag] = {}

    def compose(self) -> ComposeResult:
        """The profiles, their differences beside them, the flags below."""
        yield Static(_KEYS, classes="subheading", markup=False)
        yield Static(id="fault", markup=False)
        with Horizontal(id="compared"):
            with Vertical(id="profiles", classes="pane") as box:
                box.border_title = "Profiles"
                yield Table(_PROFILE_COLUMNS, empty=READING)
            with Vertical(id="differences", classes="pane") as box:
                box.border_title = "Would change"
                yield Table(DIFFERENCE_COLUMNS, empty=_NO_PROFILE)
        with Vertical(id="flags", classes="pane") as box:
            box.border_title = "Flags of the host"
            yield Table(_FLAG_COLUMNS, empty=_NO_FLAG)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read, and read again whenever something was committed."""
        self._fault("")
        self._table("profiles").focus()
        await self._read()
        self.watch(self.app.screen_stack[0], "live", self._look_again, init=False)

    def _table(self, part: str) -> Table:
        return self.query_one(f"#{part} Table", Table)

    def _look_again(self, _: object = None) -> None:
        self._read_again()

    @work(name="profiles", group="profiles", exclusive=True)
    async def _read_again(self) -> None:
        await self._read()

    async def _read(self) -> None:
        """Read profiles and flags, then what the profile under the cursor would change."""
        service = self._service or None

        def read(manager: ConfigManager) -> tuple[Sequence[Profile], Sequence[Flag]]:
            return manager.profiles(service), manager.flags()

        try:
            profiles, flags = await self._store.call(read)
        except NodedeckError as fault:
            self._fault(str(fault))
            return
        self._profiles = {one.path: one for one in profiles}
        self._flags = {one.name: one for one in flags}
        table = self._table("profiles")
        table.set_empty(_NO_PROFILE)
        table.set_rows([_profile_row(one) for one in profiles], flash=False)
        self._table("flags").set_rows([_flag_row(one, self._host) for one in flags], flash=False)
        await self._compare(table.cursor_key)

    async def _compare(self, key: str | None) -> None:
        """Show what a profile would change."""
        profile, table = self._profiles.get(key or ""), self._table("differences")
        if profile is None:
            table.set_rows([], flash=False)
            return

        def compare(manager: ConfigManager) -> list[Difference]:
            return manager.compare_profile(profile.service, profile.name)

        try:
            found = await self._store.call(compare)
        except NodedeckError as fault:
            self._fault(str(fault))
            return
        table.set_empty(_SAME)
        table.set_rows(profile_rows(map(_masked, found)), flash=False)
        title = f"Would change {grouped(len(found))}  {profile.name}"
        self.query_one("#differences").border_title = Content(clean(title, limit=60))

    def on_table_highlighted(self, event: Table.Highlighted) -> None:
        """Compare the profile under the cursor."""
        if event.table is self._table("profiles"):
            self._compare_alone(event.key)

    @work(name="compare", group="compare", exclusive=True)
    async def _compare_alone(self, key: str) -> None:
        await self._compare(key)

    # writing

    @property
    def _on_flags(self) -> bool:
        return self._table("flags").has_focus

    @property
    def _profile(self) -> Profile | None:
        return self._profiles.get(self._table("profiles").cursor_key or "")

    @property
    def _flag(self) -> Flag | None:
        return self._flags.get(self._table("flags").cursor_key or "")

    async def on_table_selected(self, event: Table.Selected) -> None:
        """Apply the profile after a look at what that changes, or edit the flag."""
        if event.table is self._table("flags"):
            await self.action_edit()
        elif event.table is self._table("profiles") and not self.refused():
            await self._ask(None if self._profile is None else applying(self._profile), _NO_PROFILE)

    async def action_edit(self) -> None:
        """Edit the flag, or take the present values into the profile."""
        if self.refused():
            return
        if not self._on_flags:
            await self._ask(None if self._profile is None else taking(self._profile), _NO_PROFILE)
        elif self._flag is None:
            self.say(_NO_FLAG)
        else:
            await self._fill(FlagForm(self._host, self._flag.name))

    async def action_add(self) -> None:
        """Make a profile of the present values, or a flag."""
        if not self.refused():
            new = FlagForm(self._host) if self._on_flags else NewProfile(self._services)
            await self._fill(new)

    async def action_remove(self) -> None:
        """Delete the profile, or remove the flag, after a look at it."""
        if self.refused():
            return
        if self._on_flags:
            await self._ask(None if self._flag is None else removing(self._flag), _NO_FLAG)
        else:
            await self._ask(None if self._profile is None else deleting(self._profile), _NO_PROFILE)

    async def _ask(self, look: Look | None, otherwise: str) -> None:
        if look is None:
            self.say(otherwise)
        else:
            await self.ask(look, self._look_again)

    async def _fill(self, source: Source) -> None:
        try:
            subject = await self._store.call(source.read)
        except NodedeckError as fault:
            self.say(str(fault))
            return
        if self.app.screen is self:
            await self.app.push_screen(FormScreen(subject, self._store), self._look_again)

    def _fault(self, text: str) -> None:
        said = self.query_one("#fault", Static)
        said.display = bool(text)
        said.update(clean(text))


def _masked(one: Difference) -> Difference:
    """The difference as it may be shown."""
    parts = paths.split(one.path)
    return replace(one, present=masked(parts, one.present), wanted=masked(parts, one.wanted))


def _profile_row(profile: Profile) -> Row:
    cells = (Cell(profile.service, "muted"), profile.name, Cell(grouped(len(profile.values))))
    return Row(profile.path, cells)


def _flag_row(flag: Flag, host: str) -> Row:
    on = flag.is_on(host)
    here = Cell("on" if on else "off", "good" if on else "muted")
    rule = Cell(flag.words, "critical" if flag.rule is None else "")
    return Row(flag.name, (flag.name, rule, here, Cell(flag.description, "muted")))
