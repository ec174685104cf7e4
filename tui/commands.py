"""The one table of commands: keys, palette, footer, help screen and README come from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """Something the console can do.

    ``keys`` are Textual's names of keys and ``shown`` how people know them. ``scope`` is where the
    keys work: in the app, on the deck, or in a table. What ``writes`` is refused in the past. Before
    what ``takes_keys``, so that keys typed right behind go where they belong, no widget is asked.
    """

    id: str
    keys: str
    shown: str
    action: str
    title: str
    help: str
    scope: str
    footer: bool = False
    writes: bool = False
    takes_keys: bool = False


PANES: Final = ("chain", "seeds", "nodes", "params", "audit")

COMMANDS: Final = (
    Command("help", "question_mark,f1", "?  F1", "app.help", "help", "Show this help.", "app", True),
    Command("palette", "ctrl+p", "ctrl+p", "app.command_palette", "palette", "Find any action.", "app"),
    Command("line", "colon", ":", "app.command_line", "command", "Run a verb, as in the shell.", "app", takes_keys=True),
    Command("quit", "q", "q  ctrl+c", "app.quit", "quit", "Leave nodedeck.", "app", True),
    Command("back", "escape", "esc", "app.back", "back", "Undo the innermost thing: dialog, filter, zoom.", "app"),
    *(
        Command(
            f"focus.{name}", str(number), str(number), f"deck.focus_pane('{name}')",
            f"{name} pane", f"Go to the {name} pane.", "deck",
        )
        for number, name in enumerate(PANES, 1)
    ),
    Command("focus.next", "tab", "tab", "deck.next_pane", "next pane", "Go to the next pane.", "deck", True),
    Command("focus.previous", "shift+tab", "shift+tab", "deck.previous_pane", "previous pane", "Go to the pane before.", "deck"),
    Command("zoom", "z", "z", "deck.zoom", "zoom", "Give the pane the whole screen, or undo that.", "deck", True),
    Command("travel", "t", "t", "app.travel", "time", "Travel the log; there, to a time.", "deck", True),
    Command("travel.earlier", "left_square_bracket", "[", "app.step(-1)", "change before", "In the past: the change before.", "deck"),
    Command("travel.later", "right_square_bracket", "]", "app.step(1)", "change after", "In the past: the change after.", "deck"),
    Command("travel.hour_back", "left_curly_bracket", "{", "app.hour(-1)", "hour before", "In the past: an hour before.", "deck"),
    Command("travel.hour_on", "right_curly_bracket", "}", "app.hour(1)", "hour after", "In the past: an hour after.", "deck"),
    Command("travel.compare", "d", "d", "app.compare", "compare with now", "In the past: what differs from now.", "deck"),
    Command("findings", "f,9", "f  9", "app.findings", "findings", "What needs action, and the next step.", "app", True),
    Command("handover", "H", "H", "app.handover", "handover", "What the shift hands over, as Markdown.", "app"),
    Command("settings", "6", "6", "app.settings", "settings", "Typed settings: look, edit, profiles, flags.", "app", True, True),
    Command("import", "7", "7", "app.import_file", "import", "Import a legacy file, step by step.", "app", True, True),
    Command("backups", "8", "8", "app.backups", "backups", "Backups: make, look into, verify, restore.", "app", True, True),
    Command("reveal", "x", "x", "app.reveal", "reveal", "Show the row's secret; asks a reason.", "app", writes=True),
    Command("pause", "p", "p", "deck.pause", "pause", "Let the deck stand still, or catch up.", "deck", True),
    Command("edit", "e", "e", "app.edit", "edit", "Edit what the cursor is on, in a form.", "app", True, True),
    Command("node.add", "a", "a", "app.add_node", "new node", "Add a node.", "app", False, True),
    Command("node.copy", "c", "c", "app.copy_node", "copy of node", "Add a node with the values of this one.", "app", False, True),
    Command("node.switch", "o", "o", "app.switch_node", "node on or off", "Enable or disable the node, after a look at it.", "app", False, True),
    Command("node.remove", "D", "D", "app.remove_node", "remove node", "Remove the node; its id has to be typed.", "app", False, True),
    Command("staged.save", "ctrl+s,f2", "ctrl+s  F2", "app.save_staged", "save staged", "Save all staged edits as one, after a look.", "app", False, True),
    Command("staged.try", "ctrl+o", "ctrl+o", "app.try_staged", "try staged", "The same, taken back after 60 s unless kept.", "app", False, True),
    Command("staged.drop", "r", "r", "app.drop_staged", "drop staged", "Drop all staged edits, after a question.", "app"),
    Command("keep", "K", "K", "app.keep", "keep", "Keep the edit that would revert by itself.", "app", False, True),
    Command("mark", "space", "space", "app.mark", "mark", "Mark a change, to undo several as one.", "app"),
    Command("undo", "u", "u", "app.undo", "undo", "Undo a change or the marked ones, after a look.", "app", True, True),
    Command("table.up", "up,k", "up  k", "step(-1)", "row up", "One row up.", "table"),
    Command("table.down", "down,j", "down  j", "step(1)", "row down", "One row down.", "table"),
    Command("table.left", "left,h", "left  h", "column(-1)", "column left", "One column to the left.", "table"),
    Command("table.right", "right,l", "right  l", "column(1)", "column right", "One column to the right.", "table"),
    Command("table.open", "enter", "enter", "select", "open", "Open the row: all its fields, or what changed.", "table", True),
    Command("table.page_up", "pageup", "page up", "page(-1)", "page up", "One page up.", "table"),
    Command("table.page_down", "pagedown", "page down", "page(1)", "page down", "One page down.", "table"),
    Command("table.half_up", "ctrl+u", "ctrl+u", "page(-0.5)", "half page up", "Half a page up.", "table"),
    Command("table.half_down", "ctrl+d", "ctrl+d", "page(0.5)", "half page down", "Half a page down.", "table"),
    Command("table.first", "home,g", "home  g", "first", "first row", "To the first row.", "table"),
    Command("table.last", "end,G", "end  G", "last", "last row", "To the last row.", "table"),
    Command("table.filter", "slash", "/", "filter", "filter", "Rows that hold words; audit: also is:access.", "table", True),
    Command("table.next", "n", "n", "match(1)", "next match", "To the next row that matches.", "table"),
    Command("table.previous", "N", "N", "match(-1)", "previous match", "To the matching row before.", "table"),
    Command("table.sort", "s", "s", "sort", "sort", "Sort by this column; again: down; again: not.", "table"),
    Command("table.copy", "y", "y", "copy_cell", "copy cell", "Copy the cell (tmux: set-clipboard on).", "table"),
    Command("table.copy_row", "Y", "Y", "copy_row", "copy row", "Copy the row, a tab between cells.", "table"),
)  # fmt: skip

PROGRAM_QUIT: Final = Binding("ctrl+c", "app.interrupt", show=False, priority=True, id="quit.now")


def of(scope: str) -> Iterator[Command]:
    """The commands whose keys work in a scope."""
    return (command for command in COMMANDS if command.scope == scope)


def bindings(scope: str) -> list[BindingType]:
    """The key bindings of a scope, each with the command's id, so that it can be remapped."""
    return [
        Binding(
            command.keys,
            command.action.removeprefix(f"{scope}."),
            command.title,
            show=command.footer,
            key_display="enter" if command.keys == "enter" else None,
            priority=command.takes_keys,
            id=command.id,
        )
        for command in of(scope)
    ]
