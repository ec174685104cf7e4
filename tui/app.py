"""The console: start-up, following commits, and the actions that work everywhere."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from rich.console import RenderableType
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.filter import LineFilter, Monochrome
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.worker import WorkerFailed

from store.collecting import held_back
from store.database import INTERACTIVE_BUSY_MS
from store.errors import Busy, NodedeckError
from store.judging import judge, verdict
from store.manager import ConfigManager, utc_now
from store.watcher import wakeups, watched
from tui import charset, clipboard, preferences
from tui.backups.desk import Desk
from tui.command_line.mixin import CommandLine
from tui.commands import COMMANDS, PROGRAM_QUIT, Command, bindings
from tui.handover import Place
from tui.hangup import TerminalDriver
from tui.looks import SecretLooks
from tui.panes.base import Pane
from tui.picture import Picture, Reader, Replaced
from tui.preferences import Preferences
from tui.repaint import Shown
from tui.screens.backups import BackupsScreen
from tui.screens.change import ChangeScreen
from tui.screens.deck import DeckScreen
from tui.screens.detail import DetailScreen
from tui.screens.findings import FindingsScreen
from tui.screens.handover import HandoverScreen
from tui.screens.help import HelpScreen
from tui.screens.settings import SettingsScreen
from tui.screens.wizard import WizardScreen
from tui.session import Session
from tui.signals import leaving
from tui.store_thread import StoreThread
from tui.terminal import GLYPH_CHOICES, NO_COLOURS, PlainGlyphs, plain_glyphs
from tui.text import literal
from tui.theme import FEW_COLOURS, THEMES
from tui.widgets.table import Table
from tui.wizard.draft import Draft

FOLLOW: Final = "follow"
"""The worker that follows commits; it ends with the app."""
_FRAME_SECONDS: Final = 1 / 30
_STYLES: Final = Path(__file__).parent / "styles" / "app.tcss"


class NodedeckApp(SecretLooks, CommandLine):
    """The console over one database."""

    TITLE = "nodedeck"
    CSS_PATH = _STYLES
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app"), PROGRAM_QUIT]

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime] = utc_now,
        host: str | None = None,
        chosen: Preferences | None = None,
        in_tmux: bool = False,
        glyphs: PlainGlyphs | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.clock = clock
        self.failure: Exception | None = None
        host = host or socket.gethostname()
        self._place = Place(host, str(session.locations.database))
        self._where = f"{host} · {session.locations.database.name}"
        self._glyphs = [] if glyphs is None else [glyphs]
        self._troubled = False
        self._import = Draft()
        self._backups = Desk(session, clock, host=host)
        self._in_tmux = in_tmux
        self._shown = Shown()
        self._store = StoreThread(lambda: session.open(busy_ms=INTERACTIVE_BUSY_MS, clock=clock))
        chosen = chosen or Preferences()
        self.animation_level = "basic" if chosen.animations else "none"
        self._deck = DeckScreen(
            self._where, clock, self._store, read_only=session.read_only, warnings=chosen.faults
        )
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = chosen.theme or THEMES[0].name
        self.set_keymap(chosen.keys)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every painted line goes through, so that the terminal can show it."""
        colours = super().get_line_filters()
        if self.no_color:
            colours = [one for one in colours if not isinstance(one, Monochrome)] + [NO_COLOURS]
        return [*colours, *self._glyphs]

    def get_default_screen(self) -> Screen[None]:
        """The deck is there before the database has answered."""
        return self._deck

    def on_deck_screen_opened(self) -> None:
        """Follow the database from now on."""
        self.run_worker(self._follow(), name=FOLLOW, group=FOLLOW, exclusive=True)

    def on_unmount(self) -> None:
        """Let the store's thread go."""
        self._store.close()

    async def _follow(self) -> None:
        """Wake-up, one read, one picture; never more often than thirty times a second."""
        # ten thousand nodes are many objects, and no picture has a circle
        reader, loop = held_back()(Reader()), asyncio.get_running_loop()
        async for _ in wakeups(watched(self.session.locations)):
            began = loop.time()
            if await self._look(reader):
                await asyncio.sleep(max(0.0, _FRAME_SECONDS - (loop.time() - began)))

    async def _look(self, reader: Callable[[ConfigManager], Picture | None]) -> bool:
        """Read once and show what is new; whether anything was."""
        try:
            picture = await self._store.call(reader)
            waiting = await self._waiting() if picture is not None else 0
        except Replaced:
            self._store.reopen()
            return await self._look(reader)
        except NodedeckError as trouble:
            # a lock that is gone at the next wake-up is not worth a line
            if self._troubled or not isinstance(trouble, Busy):
                self._show(None, trouble)
            self._troubled = True
            return False
        self._troubled = False
        self._show(picture, None, waiting)
        return picture is not None

    async def _waiting(self) -> int:
        """How many changes a paused deck does not show."""
        shown = self._deck.picture
        if self._deck.waiting is None or shown is None:
            return 0
        return await self._store.call(lambda manager: manager.count_after(shown.snapshot.change_id))

    def _show(
        self, picture: Picture | None, trouble: NodedeckError | None, waiting: int = 0
    ) -> None:
        """Hand the deck what was read, if anything; one being taken down has no use for it."""
        try:
            self._deck.trouble = trouble
            self._deck.receive(picture, waiting)
        except NoMatches:
            if self._deck.query(Pane):
                raise

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the command table, for the palette."""
        for command in COMMANDS:
            if command.id not in ("palette", "back"):
                yield SystemCommand(
                    literal(command.title.capitalize()),
                    literal(f"{command.help} ({command.shown})"),
                    self._runner(command, screen),
                )
        yield SystemCommand("Theme", "Choose colours.", self.action_change_theme)

    def _runner(self, command: Command, screen: Screen[object]) -> Callable[[], None]:
        name = command.action.removeprefix(f"{command.scope}.")
        focused = screen.focused
        table = focused if isinstance(focused, Table) else self._deck.pane(self._deck.active).table
        namespace = {"app": self, "deck": self._deck, "table": table}[command.scope]

        def run() -> None:
            self.call_later(self.run_action, name, namespace)

        return run

    def copy_to_clipboard(self, text: str) -> None:
        """Hand text to the operator's terminal, through tmux where that is in between."""
        super().copy_to_clipboard(text)
        if self._in_tmux and self._driver is not None:
            self._driver.write(clipboard.through_tmux(text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer findings and settings where their keys do something."""
        if action == "findings":
            return len(self.screen_stack) < 2
        if action == "settings":
            return self._settings is None
        if action == "backups":
            return not any(isinstance(one, BackupsScreen) for one in self.screen_stack)
        if action == "import_file":
            return self._wizard is None
        return super().check_action(action, parameters)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(HelpScreen(self.screen))

    async def action_back(self) -> None:
        """Undo the innermost thing."""
        if self.screen is self._deck:
            if not (self._deck.audit.unmark() or self._deck.unvisit()):
                self._deck.unzoom()
        elif not (isinstance(self.screen, DetailScreen) and self.screen.unmark()):
            self.pop_screen()

    async def on_deck_screen_entity_opened(self, event: DeckScreen.EntityOpened) -> None:
        """Show all there is to a path, or what there was."""
        if self.visit is not None:
            await self.open_past(event.path, self.visit)
        else:
            self.push_screen(DetailScreen(event.path, self._store, self.clock))

    async def on_deck_screen_change_opened(self, event: DeckScreen.ChangeOpened) -> None:
        """Show what a change did."""
        await self.open_over(ChangeScreen(event.change))

    async def action_findings(self) -> None:
        """Show what needs action."""
        picture = self._deck.latest
        if picture is None or self.screen is not self._deck:
            return
        now = self.visit.at if self.visit else self.clock()
        found, restart = judge(picture.evidence, now), verdict(picture.evidence, now)
        await self.open_over(FindingsScreen(found, restart))

    def action_handover(self) -> None:
        """Show what the shift hands over."""
        if self.screen is self._deck:
            self.push_screen(HandoverScreen(self._place, self._store, self.clock))

    def action_settings(self) -> None:
        """Open the settings; they are there once."""
        if self._settings is None:
            host, read_only = self._place.host, self.session.read_only
            self.push_screen(SettingsScreen(self._store, host=host, read_only=read_only))

    @property
    def _settings(self) -> SettingsScreen | None:
        return next((one for one in self.screen_stack if isinstance(one, SettingsScreen)), None)

    def action_backups(self) -> None:
        """Open the backups; they are there once."""
        if self.check_action("backups", ()):
            self.push_screen(BackupsScreen(self._backups, self._store))

    async def action_quit(self) -> None:
        """Leave nodedeck as ``interrupt`` does, but never break off an import with one letter."""
        if self._wizard is None or not self._wizard.tell_it_runs():
            await self.action_interrupt()

    async def action_interrupt(self) -> None:
        """Leave nodedeck; staged edits ask first; a verb or an import that runs is ended."""
        if self.interrupt_verb() or self._stopping_an_import():
            return
        if why := self._backups.stay():
            self.notify(why, markup=False)
            return
        if self._settings is None:
            self.ask_to_leave(self.exit)
        else:
            self._settings.ask_to_leave(lambda: self.ask_to_leave(self.exit))

    def _stopping_an_import(self) -> bool:
        """Wish that an import that runs stops; whether nodedeck stays to show what comes of it."""
        return self._wizard is not None and self._wizard.ask_to_stop()

    @property
    def _wizard(self) -> WizardScreen | None:
        return next((one for one in self.screen_stack if isinstance(one, WizardScreen)), None)

    def action_import_file(self) -> None:
        """Open the import wizard."""
        if self._wizard is None:
            self.push_screen(WizardScreen(self.session, self.clock, self._import))

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send the terminal only the cells that differ from what it shows."""
        if isinstance(renderable, CompositorUpdate) and not self.is_headless:
            renderable = self._shown.told_apart(renderable)
        super()._display(screen, renderable)

    def on_resize(self, _: events.Resize) -> None:
        """Trust nothing that the terminal showed: many rewrap or cut it."""
        self._shown.forget()

    def _handle_exception(self, error: Exception) -> None:
        """Keep a failure for the log: Textual would print it with its variables' values."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        self.failure = self.failure or (cause if isinstance(cause, Exception) else error)
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Print nothing; the command line says one sentence, the log file has the rest."""


def run(session: Session) -> int:
    """Run the deck until it is left; raises what ended it unforeseen."""
    chosen = preferences.load(
        preferences.place(),
        commands=[command.id for command in COMMANDS],
        themes=[theme.name for theme in THEMES] + list(BUILTIN_THEMES),
        glyphs=GLYPH_CHOICES,
    )
    # the deck is drawn on stderr
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    glyphs = plain_glyphs(chosen.glyphs, charset.environment(os.environ), encoding)
    app = NodedeckApp(session, chosen=chosen, in_tmux=bool(os.environ.get("TMUX")), glyphs=glyphs)
    if chosen.theme is None and app.console.color_system == "standard":
        app.theme = FEW_COLOURS
    app.driver_class = TerminalDriver
    with leaving(lambda code: app.exit(return_code=code)):
        app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
