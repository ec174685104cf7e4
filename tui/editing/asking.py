"""Questions before a write, asked again of what is there now where somebody was first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from textual.screen import Screen

from store.errors import NodedeckError
from store.manager import ConfigManager
from tui.editing.rehearsal import Preview, Write
from tui.editing.review import Commit, Outcome, ReviewScreen
from tui.store_thread import StoreThread
from tui.text import clean

READ_ONLY: Final = (
    "This console is read-only; nothing was changed. Start it without --read-only (and"
    " NODEDECK_READONLY) to write."
)
_FIRST: Final = "Somebody was first, and nothing was changed: this is what it would change now."


@dataclass(frozen=True, slots=True)
class Question:
    """A write that was looked at: its title, what it would change, and the word on its button."""

    title: str
    preview: Preview
    write: Write
    verb: str


Look = Callable[[ConfigManager], Question]
"""Reads what a write would change; the write raises VersionConflict if that is not so any more."""


def through(store: StoreThread, write: Write) -> Commit:
    """A write as a review carries it out: in the store's thread, with the reason that is given."""

    async def commit(reason: str | None) -> object:
        return await store.call(lambda manager: write(manager, reason))

    return commit


class AskingScreen(Screen[None]):
    """A screen that asks before it writes; where somebody was first, it looks and asks again."""

    def __init__(self, store: StoreThread, *, read_only: bool) -> None:
        super().__init__()
        self._store = store
        self._read_only = read_only

    def say(self, sentence: str) -> None:
        """Say one sentence, beside whatever is shown."""
        self.app.notify(clean(sentence), markup=False)

    def refused(self) -> bool:
        """Say that nothing is written here, where that is so."""
        if self._read_only:
            self.say(READ_ONLY)
        return self._read_only

    async def ask(
        self, look: Look, done: Callable[[], object], *, beforehand: tuple[str, ...] = ()
    ) -> None:
        """Show what a write would change, and do it where it is wanted; ``done`` comes after it."""
        try:
            question = await self._store.call(look)
        except NodedeckError as fault:
            self.say(str(fault))
            return
        if self.app.screen is not self:
            return

        async def answered(outcome: Outcome | None) -> None:
            if outcome is Outcome.MOVED_ON:
                await self.ask(look, done, beforehand=(_FIRST,))
            elif outcome is Outcome.DONE:
                done()

        commit, shown = through(self._store, question.write), question.preview
        shown = replace(shown, notes=(*beforehand, *shown.notes))
        screen = ReviewScreen(question.title, shown, commit, action=question.verb, merges=True)
        await self.app.push_screen(screen, answered)
