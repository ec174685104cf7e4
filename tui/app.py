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

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.filter import LineFilter, Monochrome
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.worker import WorkerFailed

from store.database import INTERACTIVE_BUSY_MS
from store.errors import Busy, NodedeckError
from store.judging import judge, verdict
from store.manager import utc_now
from store.watcher import wakeups, watched
from tui import preferences
from tui.commands import COMMANDS, PROGRAM_QUIT, bindings
from tui.panes.base import Pane
from tui.picture import Picture, Reader, Replaced
from tui.preferences import Preferences
from tui.screens.change import ChangeScreen
from tui.screens.deck import DeckScreen
from tui.screens.detail import DetailScreen
from tui.screens.findings import FindingsScreen
from tui.screens.help import HelpScreen
from tui.screens.wizard import WizardScreen
from tui.session import Session
from tui.signals import leaving
from tui.store_thread import StoreThread
from tui.terminal import GLYPH_CHOICES, NO_COLOURS, PlainGlyphs, plain_glyphs
from tui.text import literal
from tui.theme import FEW_COLOURS, THEMES

FOLLOW: Final = "follow"
"""The worker that follows commits; it ends with the app."""
_FRAME_SECONDS: Final = 1 / 30
_STYLES: Final = Path(__file__).parent / "styles" / "app.tcss"


class NodedeckApp(App[int]):
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
        glyphs: PlainGlyphs | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.clock = clock
        self.animation_level = "none"
        self.failure: Exception | None = None
        self._glyphs = [] if glyphs is None else [glyphs]
        self._where = f"{host or socket.gethostname()} · {session.locations.database.name}"
        self._troubled = False
        self._store = StoreThread(lambda: session.open(busy_ms=INTERACTIVE_BUSY_MS, clock=clock))
        chosen = chosen or Preferences()
        self._deck = DeckScreen(
            self._where, clock, read_only=session.read_only, warnings=chosen.faults
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
        reader, loop = Reader(), asyncio.get_running_loop()
        async for _ in wakeups(watched(self.session.locations)):
            began = loop.time()
            if await self._look(reader):
                await asyncio.sleep(max(0.0, _FRAME_SECONDS - (loop.time() - began)))

    async def _look(self, reader: Reader) -> bool:
        """Read once and show what is new; whether anything was."""
        try:
            picture = await self._store.call(reader)
        except Replaced:
            self._store.reopen()
            return await self._look(reader)
        except NodedeckError as trouble:
            # a lock that is gone at the next wake-up is not worth a line
            if self._troubled or not isinstance(trouble, Busy):
                self._show(self._deck.picture, trouble)
            self._troubled = True
            return False
        self._troubled = False
        self._show(picture or self._deck.picture, None)
        return picture is not None

    def _show(self, picture: Picture | None, trouble: NodedeckError | None) -> None:
        """Hand the deck what was read; a deck that is being taken down has no use for it."""
        try:
            self._deck.trouble = trouble
            self._deck.picture = picture
        except NoMatches:
            if self._deck.query(Pane):
                raise

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the command table, for the palette."""
        for command in COMMANDS:
            if command.scope != "table" and command.id not in ("palette", "back"):
                yield SystemCommand(
                    literal(command.title.capitalize()),
                    literal(f"{command.help} ({command.shown})"),
                    self._runner(command.action),
                )
        yield SystemCommand("Theme", "Choose colours.", self.action_change_theme)

    def _runner(self, action: str) -> Callable[[], None]:
        scope, _, name = action.partition(".")
        namespace = self._deck if scope == "deck" else self

        def run() -> None:
            self.call_later(self.run_action, name, namespace)

        return run

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the findings where their key does something: on the deck."""
        if action == "findings":
            return len(self.screen_stack) < 2
        return super().check_action(action, parameters)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(HelpScreen())

    async def action_back(self) -> None:
        """Undo the innermost thing."""
        if self.screen is self._deck:
            self._deck.unzoom()
        else:
            self.pop_screen()

    def on_deck_screen_entity_opened(self, event: DeckScreen.EntityOpened) -> None:
        """Show all there is to a path."""
        self.push_screen(DetailScreen(event.path, self._store, self.clock))

    def on_deck_screen_change_opened(self, event: DeckScreen.ChangeOpened) -> None:
        """Show what a change did."""
        self.push_screen(ChangeScreen(event.change))

    def action_findings(self) -> None:
        """Show what needs action."""
        picture = self._deck.picture
        if picture is None or self.screen is not self._deck:
            return
        now = self.clock()
        found, restart = judge(picture.evidence, now), verdict(picture.evidence, now)
        self.push_screen(FindingsScreen(found, restart))

    def action_import_file(self) -> None:
        """Open the import wizard."""
        if not isinstance(self.screen, WizardScreen):
            self.push_screen(WizardScreen(self.session, self.clock))

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
    glyphs = plain_glyphs(chosen.glyphs, os.environ, encoding)
    app = NodedeckApp(session, chosen=chosen, glyphs=glyphs)
    if chosen.theme is None and app.console.color_system == "standard":
        app.theme = FEW_COLOURS
    with leaving(lambda code: app.exit(return_code=code)):
        app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
