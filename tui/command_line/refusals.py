"""Which calls only a shell can do: those that own the terminal, never end, or are told a secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from store.database import side_files
from store.errors import UsageError
from store.locations import Locations
from tui.verbs import common

_Params = Mapping[str, Any]


class _Refusal(NamedTuple):
    """When a verb is refused, and the sentence that says what to do instead."""

    when: Callable[[_Params], object]
    why: str
    instead: str


def _always(_: _Params) -> bool:
    return True


def _not_in_a_file(params: _Params) -> bool:
    return params["file"] is None


def _shows_secrets(params: _Params) -> bool:
    return bool(params["with_secrets"]) and params["file"] in (None, "-")


_SHELL: Final = "Run it in a shell."
_TYPED: Final = _Refusal(
    _not_in_a_file,
    "A secret is not typed where it can be read.",
    "Name a file with --from-file, or run it in a shell.",
)
# by the words of the verb, as in the shell
_REFUSALS: Final[Mapping[str, tuple[_Refusal, ...]]] = {
    "demo": (_Refusal(_always, "The demo is a console of its own.", _SHELL),),
    "simulate": (_Refusal(_always, "It would write made-up state over this host's.", _SHELL),),
    "secret reveal": (
        _Refusal(
            _always,
            "No secret is shown in this pane.",
            "Go to its row and press x; it is masked again by itself.",
        ),
    ),
    "secret set": (_TYPED,),
    "secret rotate": (_TYPED,),
    "export": (
        _Refusal(lambda params: params["every"] is not None, "It would never end here.", _SHELL),
        _Refusal(
            _shows_secrets,
            "No secret is shown in this pane.",
            "Name a FILE, which only you can read.",
        ),
    ),
}

NOT_OFFERED: Final = frozenset(
    verb for verb, refusals in _REFUSALS.items() if refusals[0].when is _always
)
"""The verbs that are refused whatever their arguments."""
SETTLED: Final = frozenset(
    name for option in common.global_options() for name in option.opts if name != "--reason"
)
"""The options that belong to the start of a console."""


def check(context: click.Context) -> None:
    """Raise UsageError for a call that this pane is no place for."""
    root = context.find_root().command_path
    verb = context.command_path.removeprefix(root).strip()
    for refusal in _REFUSALS.get(verb, ()):
        if refusal.when(context.params):
            raise UsageError(f"{refusal.why} Nothing was done.", hint=refusal.instead)


def check_files(words: Sequence[str], locations: Locations) -> None:
    """Raise UsageError where a word names the database that this process has open.

    A second handle on it, as of whatever reads a file, would give up SQLite's locks once it is
    closed, and another program could then take the log away from under the deck.
    """
    own = (locations.database, *side_files(locations.database))
    for word in words:
        for name in (word, word.partition("=")[2]):
            if name and any(_same(Path.cwd() / name, path) for path in own):
                raise UsageError(
                    f"{name} is the database that this console has open; nothing was done.",
                    hint=_SHELL,
                )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there, or is no path at all
        return False
