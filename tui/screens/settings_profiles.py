"""Profiles of the settings against their present values, and the feature flags of the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from store import paths
from store.errors import NodedeckError, VersionConflict
from store.manager import ConfigManager
from store.masks import masked
from store.settings_flags import Flag
from store.settings_profiles import Difference, Profile
from tui.panes.base import READING
from tui.screens.settings_asking import READ_ONLY, PreviewScreen
from tui.settings_edit.rows import DIFFERENCE_COLUMNS, profile_rows
from tui.store_thread import StoreThread
from tui.text import clean, grouped
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
_NO_PROFILE: Final = "No profile is here to apply; 'nodedeck profile save SERVICE NAME' makes one."
_SAME: Final = "Every value is as the profile has it; there is nothing to apply."
_AGAIN: Final = " The list now shows what is there; enter asks again."


@dataclass(frozen=True, slots=True)
class _Compared:
    """What applying a profile would change, and the service's version of before that was read."""

    profile: Profile
    version: int
    differences: tuple[Difference, ...]


class ProfilesScreen(Screen[None]):
    """The profiles, what the one under the cursor would change, and the flags."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next list", id="profiles.next"),
        Binding("shift+tab", "app.focus_previous", "list before", show=False, id="profiles.before"),
        Binding("escape,P", "app.back", "back", id="profiles.back"),
    ]

    def __init__(self, store: StoreThread, service: str, *, host: str, read_only: bool) -> None:
        """Make the screen of a service's profiles, or of all where the service is empty."""
        super().__init__()
        self._store = store
        self._service = service
        self._host = host
        self._read_only = read_only
        self._profiles: dict[str, Profile] = {}
        self._compared: _Compared | None = None

    def compose(self) -> ComposeResult:
        """The profiles, their differences beside them, the flags below."""
        yield Static("enter applies the profile, after a question", classes="subheading")
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
            yield Table(_FLAG_COLUMNS, empty="No flag. 'nodedeck flag set NAME on' makes one.")
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Read, and read again whenever something was committed."""
        self._say("")
        self._table("profiles").focus()
        await self._read()
        self.watch(self.app.screen_stack[0], "live", self._look_again, init=False)

    def _table(self, part: str) -> Table:
        return self.query_one(f"#{part} Table", Table)

    def _look_again(self) -> None:
        self.run_worker(self._read(), name="profiles", group="profiles", exclusive=True)

    async def _read(self) -> None:
        """Read profiles and flags, then what the profile under the cursor would change."""
        service = self._service or None

        def read(manager: ConfigManager) -> tuple[Sequence[Profile], Sequence[Flag]]:
            return manager.profiles(service), manager.flags()

        try:
            profiles, flags = await self._store.call(read)
        except NodedeckError as fault:
            self._say(str(fault))
            return
        self._profiles = {one.path: one for one in profiles}
        table = self._table("profiles")
        table.set_empty(_NO_PROFILE)
        table.set_rows([_profile_row(one) for one in profiles], flash=False)
        self._table("flags").set_rows([_flag_row(one, self._host) for one in flags], flash=False)
        await self._compare(table.cursor_key)

    async def _compare(self, key: str | None) -> None:
        """Show what a profile would change."""
        profile, table = self._profiles.get(key or ""), self._table("differences")
        if profile is None:
            self._compared = None
            table.set_rows([], flash=False)
            return

        def compare(manager: ConfigManager) -> _Compared:
            # the version first: what is written between the two is a conflict, and not lost
            version = manager.version_of(paths.setting_path(profile.service, "any")) or 0
            found = manager.compare_profile(profile.service, profile.name)
            return _Compared(profile, version, tuple(map(_masked, found)))

        try:
            self._compared = await self._store.call(compare)
        except NodedeckError as fault:
            self._say(str(fault))
            return
        table.set_empty(_SAME)
        table.set_rows(profile_rows(self._compared.differences), flash=False)
        title = f"Would change {grouped(len(self._compared.differences))}  {profile.name}"
        self.query_one("#differences").border_title = Content(clean(title, limit=60))

    def on_table_highlighted(self, event: Table.Highlighted) -> None:
        """Compare the profile under the cursor."""
        if event.table is self._table("profiles"):
            self.run_worker(
                self._compare(event.key), name="compare", group="compare", exclusive=True
            )

    def on_table_selected(self, event: Table.Selected) -> None:
        """Ask whether the profile shall be applied, showing what that changes."""
        compared = self._compared
        if event.table is self._table("flags"):
            return
        if self._read_only:
            self._note(READ_ONLY)
        elif compared is None:
            self._note(_NO_PROFILE)
        elif not compared.differences:
            self._note(_SAME)
        else:
            self._ask(compared)

    def _ask(self, compared: _Compared) -> None:
        profile = compared.profile

        def apply(manager: ConfigManager, reason: str) -> int:
            return manager.apply_profile(
                profile.service,
                profile.name,
                expect_version=compared.version,
                reason=reason or None,
            )

        async def commit(reason: str) -> str:
            try:
                await self._store.call(lambda manager: apply(manager, reason))
            except VersionConflict as conflict:
                return conflict.message + _AGAIN
            except NodedeckError as fault:
                return str(fault)
            return ""

        title = f"Apply profile {profile.name} to {profile.service}"
        rows = profile_rows(compared.differences)
        self.app.push_screen(
            PreviewScreen(title, rows, commit, verb="Apply"), lambda _: self._look_again()
        )

    def _say(self, text: str) -> None:
        said = self.query_one("#fault", Static)
        said.display = bool(text)
        said.update(clean(text))

    def _note(self, sentence: str) -> None:
        self.app.notify(clean(sentence), markup=False)


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
