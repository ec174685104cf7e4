"""``nodedeck watch``: a line per change, as it is committed."""

from __future__ import annotations

import asyncio
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from store.errors import Busy, NodedeckError
from store.history import Position, concerns
from store.manager import ConfigManager
from store.models import Change
from store.paths import Pattern
from tui import output, streams
from tui.session import Session
from tui.text import clean
from tui.verbs import common
from tui.verbs.changes import differences
from tui.verbs.history import item


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck watch",
        "nodedeck watch 'nodes.*.is_enabled'",
        "nodedeck watch current_height --json | jq .new",
        "nodedeck watch --after 812",
    ),
)
@click.argument("pattern", required=False)
@click.option(
    "--after",
    type=click.IntRange(0),
    metavar="ID",
    help="Begin with what followed this change, not with what is yet to come.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def command(
    context: click.Context, *, pattern: str | None, after: int | None, as_json: bool
) -> None:
    """Print every change, or those of what PATTERN names, until it is interrupted.

    It goes on when the database is replaced or restored, and waits for one that is gone.
    """
    wanted = Pattern.parse(pattern) if pattern else None
    feed = Feed(common.session(context), after)
    show = _json_line if as_json else _line
    gone: set[str] = set()

    def put(change: Change) -> None:
        if _is_news(change, wanted, gone):
            output.put(show(change))

    asyncio.run(_follow(feed, put))


async def _follow(feed: Feed, put: Callable[[Change], None]) -> None:
    # imported here, since what only asks for a verb's help need not load the file watcher
    from store.watcher import wakeups, watched

    stop = asyncio.Event()
    if streams.console() is None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        async for _ in wakeups(watched(feed.session.locations), stop=stop):
            for change in feed.news():
                put(change)
            if stop.is_set() or _nobody_reads():
                return
    finally:
        feed.close()


class Feed:
    """The changes of a database that may be replaced, restored, or gone for a while."""

    def __init__(self, session: Session, after: int | None) -> None:
        """Open the database; raises what ``ConfigManager.open`` raises."""
        self.session = session
        self._identity = _identity(session.locations.database)
        self._manager: ConfigManager | None = session.look()
        self._position = self._manager.position(after)
        self._told = ""
        output.say(f"Watching what follows change #{self._position.change_id}.")

    def news(self) -> Iterator[Change]:
        """The changes since the last call, oldest first; what fails is tried again next time."""
        try:
            manager = self._present()
            more = True
            while more:
                followed = manager.follow(self._position)
                if followed.rewound:
                    self._start_over(followed.position)
                self._position = followed.position
                yield from followed.changes
                more = followed.rewound or bool(followed.changes)
            self._told = ""
        except Busy:
            return  # another program keeps it for a moment
        except NodedeckError as error:
            self._tell(f"{error.message} Waiting for it.")
            self.close()

    def close(self) -> None:
        """Close the database."""
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def _present(self) -> ConfigManager:
        """The database that is there now, opened anew where it is another file."""
        path = self.session.locations.database
        # looked at before it is opened: one replaced in between is opened again the next time
        identity = _identity(path)
        if self._manager is not None and identity == self._identity:
            return self._manager
        self.close()
        self._manager = self.session.look()
        same = identity == self._identity
        self._tell(f"{path} is {'back' if same else 'another file now'}.")
        self._identity = identity
        return self._manager

    def _start_over(self, position: Position) -> None:
        self._tell(
            f"The history was restored or remade: watching what follows its change"
            f" #{position.change_id}."
        )

    def _tell(self, sentence: str) -> None:
        """Say something, and not the same again at every wake-up."""
        if sentence != self._told:
            output.say(sentence)
        self._told = sentence


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file, None where it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _is_news(change: Change, wanted: Pattern | None, gone: set[str]) -> bool:
    """Whether a change is to be shown; a rewrite is only where its deletion was.

    ``gone`` holds the paths whose deletion was shown, and is kept up here.
    """
    returned = change.path in gone
    gone.discard(change.path)
    if change.action == "R" and change.actor is None:
        return returned
    news = wanted is None or concerns(change, wanted)
    if news and change.action == "D":
        gone.add(change.path)
    return news


def _line(change: Change) -> str:
    reason = f'  "{change.reason}"' if change.reason else ""
    told = "; ".join(differences(change))
    who = change.actor or "external"
    line = clean(f"{output.stamp(change.at)}  #{change.id}  {who}  {told}{reason}")
    return output.in_signs(line)


def _json_line(change: Change) -> str:
    # text escapes its own line ends, so every line end is the printer's
    printed = output.bare({"schema": "nodedeck.watch/1", **item(change)})
    return " ".join(line.strip() for line in printed.split("\n"))


def _nobody_reads() -> bool:
    """Whether stdout is a pipe that its reader has closed, or a terminal that hung up."""
    console = streams.console()
    if console is not None:
        return console.gone
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):  # a stand-in without a file behind it
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
