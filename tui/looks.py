"""Looks at secrets from the deck: a reason, a row of the access log, then the value."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from textual.app import App

from store.errors import NodedeckError, UsageError
from store.manager import ConfigManager
from store.paths import Kind
from store.sealing.places import Secret, State
from tui import clipboard, output
from tui.panes.audit import AuditPane
from tui.screens.access import AccessScreen
from tui.screens.deck import DeckScreen
from tui.screens.secret import ReasonScreen, RevealScreen
from tui.session import Session
from tui.store_thread import StoreThread
from tui.text import clean, grouped

_READ_ONLY = (
    "nodedeck is read-only here, and a look at a secret is put on record first; nothing was shown."
    " Leave out --read-only to look."
)
_WIPE = "\x1b[2J\x1b[H"
_NOWHERE = "There is no secret in this row; x shows one that is masked."


@runtime_checkable
class NamesSecrets(Protocol):
    """A screen that knows what the row under its cursor is about."""

    def secret_here(self) -> str | None:
        """The path of the row, None where there is none; there need be no secret."""


class SecretLooks(App[int]):
    """The actions of an app that can show secrets; the app supplies deck, store and session."""

    _deck: DeckScreen
    _store: StoreThread
    session: Session

    async def action_reveal(self) -> None:
        """Ask why the secret of the row should be seen."""
        screen = self.screen
        path = screen.secret_here() if isinstance(screen, NamesSecrets) else None
        if path is None:
            self._tell(_NOWHERE)
        elif self.session.read_only:
            self._tell(_READ_ONLY)
        else:
            await self._ask_why(path)

    async def _ask_why(self, path: str) -> None:
        try:
            secret = await self._store.call(lambda manager: _secret_at(manager, path))
        except NodedeckError as fault:
            self._tell(str(fault))
            return
        if secret is None:
            self._tell(_NOWHERE)
            return
        where = secret.place.path

        async def look(reason: str) -> str:
            return await self._reveal(where, reason)

        await self.push_screen(ReasonScreen(where, _told(secret), look))

    async def _reveal(self, path: str, reason: str) -> str:
        """Show a secret whose look is on record by then; the sentence that says why not."""

        def look(manager: ConfigManager) -> str:
            return output.bare(manager.reveal_secret(path, reason=reason))

        try:
            value = await self._store.call(look)
        except NodedeckError as fault:
            return str(fault)
        finally:
            # this connection's own writes wake nobody
            self._deck.query_one(AuditPane).look_again()
        # not awaited: whoever asked is the screen that is switched away; and may be gone already
        if isinstance(self.screen, ReasonScreen):
            shown = RevealScreen(path, value, copy=self._copy_secret, wipe=self._wipe)
            self.switch_screen(shown)
        return ""

    def _copy_secret(self, value: str) -> str:
        """Hand a secret to the terminal's clipboard alone; what came of it, in a sentence."""
        size = len(value.encode())
        if size > clipboard.LIMIT_BYTES:
            return f"It was not copied: of {grouped(size)} bytes terminals take a part only."
        self.copy_to_clipboard(value)
        # Textual keeps what was copied, and would paste it into any field
        self._clipboard = ""
        return "Copied; the clipboard keeps it until something else is copied."

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """A picture of the screen, in which a secret that is shown is masked, and stays so."""
        for screen in self.screen_stack:
            if isinstance(screen, RevealScreen):
                screen.cover()
        return super().export_screenshot(title=title, simplify=simplify)

    def exit(
        self, result: int | None = None, return_code: int = 0, message: Any | None = None
    ) -> None:
        """Leave, and no secret on the terminal."""
        self._wipe()
        super().exit(result, return_code, message)

    def _handle_exception(self, error: Exception) -> None:
        """Leave no secret on the terminal of an app that ends in a failure, either."""
        self._wipe()
        super()._handle_exception(error)

    def _wipe(self) -> None:
        """Wipe a terminal that shows a secret: some keep what their other screen showed."""
        shown = [one for one in self._screen_stack if isinstance(one, RevealScreen)]
        if any(not screen.covered for screen in shown) and self._driver is not None:
            self._driver.write(_WIPE)
            for screen in shown:
                screen.cover()

    async def on_deck_screen_access_opened(self, event: DeckScreen.AccessOpened) -> None:
        """Show a row of the access log in full."""
        await self.push_screen(AccessScreen(event.access))

    def _tell(self, sentence: str) -> None:
        self.notify(clean(sentence), markup=False)


def _secret_at(manager: ConfigManager, path: str) -> Secret | None:
    """The secret at a path, None where what stands there is none."""
    try:
        secret = manager.secret(path)
    except UsageError:
        return None
    if secret.state is State.ABSENT:
        return None
    if secret.state is State.CLEAR and secret.place.kind is Kind.SETTING:
        return secret if manager.holds_secret(secret.place.path, secret.stored) else None
    return secret


def _told(secret: Secret) -> str:
    if secret.state is State.CLEAR:
        return "It stands in clear in the database; nodedeck masks it all the same."
    return f"Sealed, version {secret.version}. The look goes into the access log."
