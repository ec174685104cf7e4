"""Time travel: the deck at another moment of the log, where nothing is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from textual import actions
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

from store.errors import NodedeckError, UsageError
from store.manager import ConfigManager
from store.timeline import Point
from store.travel import Comparison, Visit
from tui.commands import COMMANDS
from tui.picture import AUDIT_ROWS
from tui.screens.deck import DeckScreen
from tui.screens.jump import JumpScreen
from tui.screens.past import CompareScreen, PastEntityScreen
from tui.store_thread import StoreThread
from tui.text import clean
from tui.when import when
from tui.widgets.travel_banner import TravelBanner

_CHANGE: Final = re.compile(r"#?(\d{1,18})")
_HOUR: Final = timedelta(hours=1)
_WRITING: Final = {actions.parse(command.action)[1] for command in COMMANDS if command.writes}
_NO_WRITING: Final = "Nothing is written in the past; esc goes back to now."
_NOT_THERE: Final = "This works in the past; t goes there."
_EMPTY: Final = "Nothing is in the log yet, so there is no past to look at."
_FIRST: Final = (
    "No earlier change but heights is in the log, and what was before it begins is unknown;"
    " { goes back by an hour."
)
_LAST: Final = "No later change but heights is in the log; esc goes back to now."
_AHEAD: Final = "That is yet to come; esc goes back to now."


class TimeTravel(App[int]):
    """The actions of an app that can show another moment; the app supplies deck and store."""

    _deck: DeckScreen
    _store: StoreThread
    clock: Callable[[], datetime]

    @property
    def visit(self) -> Visit | None:
        """The moment that the deck shows, None where that is now."""
        return self._deck.visit

    async def run_action(
        self,
        action: str | actions.ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Refuse what may not be done here and now, whatever key or list it comes from."""
        name = (actions.parse(action) if isinstance(action, str) else action)[1]
        if refusal := self.refusal(name):
            self._say(refusal)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def refusal(self, name: str) -> str:
        """Why an action is not done here and now, empty where it is."""
        return _NO_WRITING if self.visit is not None and name in _WRITING else ""

    async def action_travel(self) -> None:
        """Go to the newest change; there already, ask for a moment."""
        live = self._deck.live
        if self.screen is not self._deck or live is None:
            return
        if self.visit is not None:
            await self.push_screen(JumpScreen(self._jump))
        elif live.snapshot.change_id == 0:
            self._say(_EMPTY)
        else:
            self._say(await self._go(live.snapshot.change_id))

    async def action_step(self, way: int) -> None:
        """Go to the change before or after."""
        if (visit := self._here()) is None:
            return
        from_id = visit.evidence.snapshot.change_id

        def step(manager: ConfigManager) -> int | None:
            return manager.step(from_id, back=way < 0)

        try:
            found = await self._store.call(step)
        except NodedeckError as fault:
            self._say(str(fault))
            return
        if found is None:
            self._say(_FIRST if way < 0 else _LAST)
        else:
            self._say(await self._go(found))

    async def action_hour(self, way: int) -> None:
        """Go to the same minute an hour before or after."""
        if (visit := self._here()) is None:
            return
        moment = visit.at + way * _HOUR
        self._say(_AHEAD if moment > self.clock() else await self._go(moment))

    async def action_compare(self) -> None:
        """Show what differs between the moment and now."""
        if (visit := self._here()) is None:
            return
        change_id = visit.evidence.snapshot.change_id

        def compare(manager: ConfigManager) -> Comparison:
            return manager.compare(change_id)

        try:
            compared = await self._store.call(compare)
        except NodedeckError as fault:
            self._say(str(fault))
            return
        await self.open_over(CompareScreen(compared))

    async def open_over(self, screen: Screen[None]) -> None:
        """Open a screen, under the same band as the deck where that shows another moment."""
        await self.push_screen(screen)
        if self.visit is not None:
            banner = TravelBanner(self.clock, keys=False)
            banner.picture, banner.live = self._deck.picture, self._deck.live
            await screen.mount(banner, before=0)

    async def open_past(self, path: str, visit: Visit) -> None:
        """Show an entity as it was."""
        await self.open_over(PastEntityScreen(path, visit, self._store))

    def _here(self) -> Visit | None:
        if self.screen is not self._deck:
            return None
        if self.visit is None:
            self._say(_NOT_THERE)
        return self.visit

    async def _jump(self, text: str) -> str:
        change = _CHANGE.fullmatch(text.strip())
        try:
            point: Point = int(change[1]) if change else when(text, self.clock())
        except UsageError as fault:
            return str(fault)
        return await self._go(point)

    async def _go(self, point: Point) -> str:
        """Show a moment; the sentence that says why not, empty where it is shown."""

        def look(manager: ConfigManager) -> Visit:
            return manager.visit(point, AUDIT_ROWS)

        try:
            self._deck.look(await self._store.call(look))
        except NodedeckError as fault:
            return str(fault)
        return ""

    def _say(self, sentence: str) -> None:
        if sentence:
            self.notify(clean(sentence), markup=False)
