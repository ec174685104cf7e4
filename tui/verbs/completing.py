"""What a shell is told when it completes an argument."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import Final

import click

VARIABLE: Final = "_NODEDECK_COMPLETE"
_MOST: Final = 1_000


def complete_paths(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The document's paths that begin with what was typed, quoted where the shell wants it."""
    from tui.verbs import common

    # a line on stderr would stand in the middle of what is being typed
    with replace(common.session(context, offer=False), say=None).look() as manager:
        known = [entry.path for entry in manager.effective().leaves()]
    # the shell has taken off the quotes of a part by the time it asks
    found = [path for path in known if _begins(path, incomplete)]
    # bash inserts the text as it is, the other shells quote it themselves
    in_bash = os.environ.get(VARIABLE, "").startswith("bash")
    return [shlex.quote(path) if in_bash else path for path in found[:_MOST]]


def _begins(path: str, typed: str) -> bool:
    return path.startswith(typed) or path.replace('"', "").startswith(typed)
