"""The actions that change something: what they are about, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from store.errors import NodedeckError
from store.manager import ConfigManager
from store.models import Change
from tui.editing import registry
from tui.editing.asking import READ_ONLY, through
from tui.editing.confirming import preview_of_keeping
from tui.editing.rehearsal import Preview, Write, preview_of_undo, undo
from tui.editing.review import Outcome, ReviewScreen
from tui.editing.staged_actions import StagedActions
from tui.editing.staging import read
from tui.panes.audit import AuditPane
from tui.screens.change import ChangeScreen
from tui.screens.detail import DetailScreen
from tui.session import Session

_WRITING: Final = frozenset(
    {
        "undo", "keep", "edit", "add_node", "copy_node", "switch_node", "remove_node",
        "save_staged", "try_staged",
    }
)  # fmt: skip
_HERE: Final = frozenset({*_WRITING, "mark", "drop_staged"})


Found = TypeVar("Found")


class Hands(StagedActions):
    """The actions of an app that writes; the app supplies deck, store and session."""

    session: Session

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what changes something where there is something to change."""
        if action in _HERE:
            return self._in_place
        return super().check_action(action, parameters)

    def refusal(self, name: str) -> str:
        """Why an action is not done here and now: the past, or a console that only reads."""
        refused = self.session.read_only and name in _WRITING
        if refused and self.visit is None and self._in_place:
            return READ_ONLY
        return super().refusal(name)

    @property
    def _in_place(self) -> bool:
        """Whether the screen on top is one whose rows can be changed."""
        return self.screen is self._deck or isinstance(self.screen, DetailScreen | ChangeScreen)

    # edit

    async def action_edit(self) -> None:
        """Open a form on what the cursor is on."""
        path = self._pointed_path()
        if path is None:
            return
        subject = await self._found(lambda manager: read(manager, path))
        if subject is not None:
            await self._open_form(subject)

    async def _found(self, look: Callable[[ConfigManager], Found]) -> Found | None:
        """What the store answers; None where it refuses, which is said."""
        try:
            return await self._store.call(look)
        except NodedeckError as fault:
            self._say(str(fault))
            return None

    def _pointed_path(self) -> str | None:
        """The path that the cursor is on, None where it is on none."""
        if not self._in_place:
            return None
        screen = self.screen
        if isinstance(screen, DetailScreen):
            return screen.pointed_path()
        change = self._pointed_change()
        if change is not None:
            return change.path
        pane = self._deck.pane(self._deck.active)
        key = pane.table.cursor_key
        return None if key is None else pane.target(key)

    # nodes

    async def action_add_node(self) -> None:
        """Open the form of a new node."""
        if self._in_place:
            await self._draft(None)

    async def action_copy_node(self) -> None:
        """Open the form of a new node with the values of the one pointed at."""
        if (node := self._pointed_node()) is not None:
            await self._draft(node)

    async def _draft(self, like: str | None) -> None:
        if like is not None and self.has_staged(registry.NEW):
            self._say("A new node is staged already: a opens it; save or drop it first.")
            return
        subject = await self._found(lambda manager: registry.draft(manager, like))
        if subject is not None:
            await self._open_form(subject)

    async def action_switch_node(self) -> None:
        """Turn the node pointed at on or off, after a look at it."""
        if (node := self._pointed_node()) is None:
            return
        found = await self._found(lambda manager: registry.preview_of_switch(manager, node))
        if found is None:
            return
        enabled, preview = found
        verb = "Enable" if enabled else "Disable"
        await self._ask(f"{verb} {node}", preview, registry.switch(node, enabled), verb)

    async def action_remove_node(self) -> None:
        """Remove the node pointed at, once its id was typed."""
        if (node := self._pointed_node()) is None:
            return
        found = await self._found(lambda manager: registry.preview_of_removal(manager, node))
        if found is None:
            return
        version, preview = found
        write = registry.removal(node, version)
        await self._ask(f"Remove {node}", preview, write, "Remove", typed=node)

    async def _ask(
        self, title: str, preview: Preview, write: Write, action: str, *, typed: str = ""
    ) -> None:
        """Show what a write would do, and do it where it is wanted."""
        commit = through(self._store, write)
        await self.push_screen(ReviewScreen(title, preview, commit, action=action, typed=typed))

    def _pointed_node(self) -> str | None:
        """The id of the node that the cursor is on; says what to do where it is on none."""
        path = self._pointed_path()
        node = registry.node_id(path) if path is not None else None
        if node is None and self._in_place:
            self._say("This is for nodes: point at one; 3 goes to the nodes pane.")
        return node

    # keeping

    async def action_keep(self) -> None:
        """Keep the edit that would revert next, after a look at it."""
        if not self._in_place:
            return
        if not self._deck.countdown.waiting:
            self._say("No edit waits to be kept.")
            return
        first = self._deck.countdown.waiting[0]

        def keep(manager: ConfigManager, _: str | None) -> object:
            return manager.confirm(first.id)

        await self._ask("Keep this change", preview_of_keeping(first), keep, "Keep")

    # undo

    def action_mark(self) -> None:
        """Mark the change under the cursor, or take its mark back."""
        marking = self._marking()
        if marking is None or not marking.mark():
            self._say("Marks are for changes; 5 goes to the audit pane.")

    async def action_undo(self) -> None:
        """Show what an undo of the marked changes, or of the one pointed at, would do."""
        if not self._in_place:
            return
        marking, pointed = self._marking(), self._pointed_change()
        ids = sorted(marking.marked) if marking is not None else []
        if not ids and pointed is not None:
            ids = [pointed.id]
        if not ids:
            self._say("u undoes a change: point at one in the audit pane or in a history.")
            return
        preview = await self._found(lambda manager: preview_of_undo(manager, ids))
        if preview is None:
            return
        count = f"change #{ids[0]}" if len(ids) == 1 else f"{len(ids)} changes, all or none"

        def done(outcome: Outcome | None) -> None:
            if outcome is Outcome.DONE:
                if marking is not None:
                    marking.unmark()
                self._say(f"Undone: {count}.")

        commit = through(self._store, undo(ids))
        screen = ReviewScreen(f"Undo {count}", preview, commit, action="Undo")
        await self.push_screen(screen, done)

    def _marking(self) -> AuditPane | DetailScreen | None:
        """What has changes to mark, where it is what the keys are about."""
        return self.screen if isinstance(self.screen, DetailScreen) else self._audit()

    def _audit(self) -> AuditPane | None:
        """The audit pane where it is what the keys are about."""
        on_it = self.screen is self._deck and self._deck.active == "audit"
        return self._deck.audit if on_it else None

    def _pointed_change(self) -> Change | None:
        screen = self.screen
        if isinstance(screen, ChangeScreen):
            return screen.change
        if isinstance(screen, DetailScreen):
            return screen.pointed_change()
        pane = self._audit()
        return pane.pointed_change() if pane is not None else None
