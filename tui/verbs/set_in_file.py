"""``nodedeck set`` of a key that is homed in the config file."""

from __future__ import annotations

from store import masks, paths
from store.documents import Source
from store.errors import NodedeckError, Refused
from store.file_edits import FileEdit
from store.manager import ConfigManager
from tui import output
from tui.verbs.changes import shown


def set_in_file(
    manager: ConfigManager,
    path: str,
    text: str,
    *,
    from_stdin: bool,
    create: bool,
    dry_run: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Change the file's text, or try it, and say what it means for the daemon.

    Raises Refused for a secret that is not from stdin: arguments are seen by every user of a host
    and kept by shells.
    """
    if not from_stdin and _is_secret(manager, path, text):
        raise Refused(
            f"{path} is a secret, which must not stand in an argument; nothing was changed.",
            hint="Give it with --stdin.",
        )
    edit = manager.set_static(path, text, create=create, dry_run=dry_run, reason=reason)
    _tell(manager, path, edit, dry_run=dry_run)
    if as_json:
        output.put_json(
            "set",
            path=path,
            change=None,
            file_edit=edit.id if edit is not None and not dry_run else None,
            dry_run=dry_run,
            fields=[{"path": edit.path, "old": edit.old, "new": edit.new}] if edit else [],
        )


def _is_secret(manager: ConfigManager, path: str, text: str) -> bool:
    parts = paths.split(path)
    try:
        present = manager.raw().get(path).value
    except NodedeckError:  # nothing there, or a file that the write itself will complain of
        present = None
    return any(masks.is_secret(parts, each) for each in (text, present))


def _tell(manager: ConfigManager, path: str, edit: FileEdit | None, *, dry_run: bool) -> None:
    if edit is None:
        output.say(f"{path} has this value already; nothing was changed.")
        return
    difference = f"{edit.path}: {shown(edit.path, edit.old)} → {shown(edit.path, edit.new)}"
    if dry_run:
        output.say(f"{difference}, would change in {manager.config}; nothing was.")
    else:
        output.say(f"{difference}, in {manager.config}.")
        output.say("The daemon reads this file when it starts: restart it for this to count.")
    source = manager.source_of(path) if not dry_run else Source.FILE
    if source in (Source.FLAG, Source.ENV):
        layer = "--override" if source is Source.FLAG else "the environment"
        output.say(
            f"{path} is overridden by {layer}: the stored value has no effect while that lasts."
        )
