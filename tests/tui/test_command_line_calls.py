"""The verbs as the deck runs them: over its session, and to its pane; no screen is needed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from store.database import create
from store.errors import ExitCode, UsageError
from store.locations import Locations
from store.manager import ConfigManager
from store.models import Change
from tests.support import foreign
from tests.support.secrets import NODE_KEY, VALUES, with_secrets
from tui.cli import cli
from tui.command_line import refusals
from tui.command_line.completing import Completed, complete
from tui.command_line.running import EXIT_WORDS, MOST_REMEMBERED, Call, Lines, Question
from tui.session import Session
from tui.verbs import common

ACTOR = "deck@host"
NASTY = "[red]\x1b[31m[/]"
VERBS = Path(common.__file__).parent
PATIENCE_SECONDS = 20.0


def filled(locations: Locations) -> Session:
    foreign.write(
        locations.database,
        "INSERT INTO chain_state(key,value) VALUES('current_height','41')",
        foreign.node("node1"),
        foreign.node("node-2.rack4"),
    )
    return Session(locations, ACTOR)


@pytest.fixture
def session(locations: Locations) -> Session:
    return filled(locations)


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One for all that change nothing."""
    folder = tmp_path_factory.mktemp("same")
    create(folder / "state.db", created_by="tests")
    (folder / "config.yaml").touch(0o600)
    (folder / "backups").mkdir()
    (folder / "backups" / "one.db").touch()
    return filled(Locations(folder / "config.yaml", folder / "state.db"))


def unasked(question: Question) -> None:
    raise AssertionError(f"{question.text} was asked")


async def ran(session: Session, line: str, *, past: bool = False) -> Call:
    """A line that was run to its end, in which nothing is asked."""
    return await ended(Lines(unasked), session, line, past=past)


async def ended(lines: Lines, session: Session, line: str, *, past: bool = False) -> Call:
    call = lines.begin(line, session, in_the_past=past)
    await call.run()
    lines.ended(call)
    return call


def told(call: Call) -> str:
    return "\n".join(line.text for line in call.transcript.lines())


def changes(session: Session) -> list[Change]:
    with ConfigManager.open(session.locations, actor="tests") as manager:
        return manager.feed(0)


async def until(condition: object, what: str) -> None:
    """Wait until something is so."""
    assert callable(condition)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)
    assert condition(), what


async def test_a_verb_prints_to_the_pane_and_nowhere_else(
    session: Session, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = Lines(unasked)
    got = await ended(lines, session, "nodedeck get current_height")
    assert (told(got), got.code) == ("41", 0)
    assert '"schema": "nodedeck.get/1"' in told(await ended(lines, session, "get --json nodes"))
    helped = await ended(lines, session, "node set --help")
    assert told(helped).startswith("Usage: nodedeck node set")
    assert told(await ended(lines, session, "--version")).startswith("nodedeck ")
    assert capfd.readouterr() == ("", "")


async def test_a_write_is_signed_as_in_a_shell(session: Session) -> None:
    call = await ran(session, "set nodes.node1.max_concurrent 7 --reason 'swaps above'")
    newest = changes(session)[-1]
    assert f" → 7, change #{newest.id}." in told(call)
    assert (newest.path, newest.new["max_concurrent"]) == ("nodes.node1", 7)
    assert (newest.actor, newest.reason) == (ACTOR, "swaps above")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("get curent_height", ExitCode.USAGE, "Did you mean current_height"),
        ("frobnicate", ExitCode.USAGE, "No such command 'frobnicate'"),
        ("secret", ExitCode.USAGE, "needs one of its verbs: list, log"),
        ("set current_height much", ExitCode.USAGE, "must be a 64-bit integer"),
        ("set nodes.node1.host h --expect-version 0", ExitCode.CONFLICT, "changed"),
        ("set gateway.token hunter2 --create", ExitCode.REFUSED, "is a secret"),
        ("set current_height --stdin", ExitCode.USAGE, "has no stdin; nothing was changed"),
        ("node add --from -", ExitCode.USAGE, "has no stdin"),
        ("demo", ExitCode.USAGE, "The demo is a console of its own. Nothing was done."),
        ("simulate", ExitCode.USAGE, "Run it in a shell."),
        ("secret reveal a.b --reason why", ExitCode.USAGE, "press x"),
        ("secret set gateway.token", ExitCode.USAGE, "--from-file"),
        ("secret rotate gateway.token", ExitCode.USAGE, "--from-file"),
        ("export --every 10m", ExitCode.USAGE, "It would never end here."),
        ("export --with-secrets --yes", ExitCode.USAGE, "Name a FILE"),
        ("--reason why", ExitCode.USAGE, "This is the deck already."),
        ("--db other.db status", ExitCode.USAGE, "--db is settled when a console starts"),
        ("status --config other.yaml", ExitCode.USAGE, "--config is settled"),
        ("set current_height 5 --read-only", ExitCode.USAGE, "--read-only is settled"),
        ("get api.port --override api.port=1", ExitCode.USAGE, "--override is settled"),
        ("get api.port --env-file f", ExitCode.USAGE, "--env-file is settled"),
        ("set current_height 5 --actor me", ExitCode.USAGE, "--actor is settled"),
        ("status --auto-migrate", ExitCode.USAGE, "--auto-migrate is settled"),
    ],
)
async def test_what_fails_or_is_refused_says_so_and_changes_nothing(
    same: Session, line: str, code: ExitCode, said: str
) -> None:
    before = changes(same)
    call = await ran(same, line)
    assert (call.code, changes(same)) == (code, before)
    assert said in told(call)
    assert f"exit {code:d}: {EXIT_WORDS[code]}" in told(call)


def test_the_open_database_is_read_by_no_other_handle(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = session.locations.database.parent
    monkeypatch.chdir(folder)
    (folder / "link").symlink_to("state.db")
    for line in ("diff state.db", "import plan ./link", "x --from-file=state.db"):
        with pytest.raises(UsageError, match="is the database that this console has open"):
            Lines(unasked).begin(line, session)


async def test_a_read_only_deck_and_one_in_the_past_write_nothing(session: Session) -> None:
    before, write = changes(session), "set nodes.node1.max_concurrent 7"
    for line in (write, "node disable node1", "undo 1", "export --with-secrets f.yaml"):
        call = await ran(replace(session, read_only=True), line)
        assert (call.code, "read-only" in told(call)) == (ExitCode.REFUSED, True), told(call)
        call = await ran(session, line, past=True)
        assert call.code == ExitCode.REFUSED
    assert "Nothing is written in the past" in told(await ran(session, write, past=True))
    assert told(await ran(session, "get current_height", past=True)) == "41"
    assert changes(session) == before


async def test_what_a_verb_asks_is_asked_and_waited_for(session: Session) -> None:
    asked: list[Question] = []
    answers = iter([False, True])

    def answer(question: Question) -> None:
        asked.append(question)
        question.answer.set_result(next(answers))

    lines, before = Lines(answer), changes(session)
    cancelled = await ended(lines, session, "node remove node1")
    assert (asked[0].typed, "node1" in asked[0].text) == ("node1", True)
    assert "Cancelled; nothing was changed." in told(cancelled)
    assert changes(session) == before
    assert (await ended(lines, session, "node remove node1")).code == 0
    assert changes(session)[-1].action == "D"
    # --no-input is still an answer
    unasked_for = await ended(lines, session, "node remove node-2.rack4 --no-input")
    assert (unasked_for.code, len(asked)) == (ExitCode.USAGE, 2)


async def test_leaving_answers_with_no_and_ends_what_only_reads(session: Session) -> None:
    asked: list[Question] = []
    lines, before = Lines(asked.append), changes(session)
    call = lines.begin("node remove node1", session)
    running = asyncio.ensure_future(call.run())
    await until(lambda: asked, "the question")
    with pytest.raises(UsageError, match="'node' has not ended yet; nothing was done"):
        lines.begin("get current_height", session)
    call.leave()
    await running
    lines.ended(call)
    assert (call.code, changes(session)) == (ExitCode.FAILED, before)
    assert call.told == ["Cancelled; nothing was changed."]
    gone = lines.begin("list", session)
    gone.leave()
    await gone.run()
    assert (gone.code, gone.told) == (ExitCode.INTERRUPTED, [])


async def test_watch_prints_as_it_comes_and_ends_when_nobody_reads(session: Session) -> None:
    call = Lines(unasked).begin("watch nodes.*.host", session)
    running = asyncio.ensure_future(call.run())
    await until(lambda: "Watching what follows" in told(call), "the first line")
    update = ("UPDATE inference_nodes SET host=?", (NASTY,))
    foreign.write(session.locations.database, update)
    await until(lambda: "external  nodes" in told(call), "the change")
    assert "[red]\\x1b[31m" in told(call)
    assert "\x1b" not in told(call)
    call.leave()
    await running
    assert call.code == 0


async def test_no_secret_is_printed_remembered_or_shown_again(
    session: Session, locations: Locations
) -> None:
    with_secrets(locations, "provider_configs.openai", "svc.api_token")
    lines = Lines(unasked)
    for line in ("list", "get svc.api_token", "export", "history", "secret list"):
        call = await ended(lines, session, line)
        assert call.code == 0
        assert not any(value in told(call) for value in VALUES.values())
        assert call.title == line
    known = list(lines.remembered)
    refused = await ended(lines, session, "set svc.odd hunter2 --create")
    assert refused.code == 0
    for line in (
        "set svc.api_token hunter2",
        "set svc.tokn hunter2hunter2 --reason password=hunter2",
        f"set {NODE_KEY} hunter2",
    ):
        call = await ended(lines, session, line)
        assert call.code != 0
        assert "hunter2" not in call.title
    assert lines.remembered == [*known, "set svc.odd hunter2 --create"]


async def test_lines_are_remembered_once_and_not_without_end(session: Session) -> None:
    lines = Lines(unasked)
    await ended(lines, session, "get current_height")
    await ended(lines, session, "get current_height ")
    assert lines.remembered == ["get current_height"]
    for number in range(MOST_REMEMBERED + 5):
        call = lines.begin(f"frobnicate {number}", session)
        call.code = 2
        lines.ended(call)
    assert len(lines.remembered) == MOST_REMEMBERED


async def test_an_unforeseen_failure_is_a_sentence(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Session) -> None:
        raise ValueError("no such thing")

    monkeypatch.setattr(Session, "read", broken)
    call = await ran(session, "get current_height")
    assert call.code == ExitCode.FAILED
    assert "An unexpected error (ValueError)" in told(call)


# completion


def completed(session: Session, line: str, cursor: int | None = None) -> Completed:
    return complete(line, len(line) if cursor is None else cursor, session)


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("hist", "history "),
        ("nodedeck hist", "nodedeck history "),
        ("node ena", "node enable "),
        ("list --l", "list --long "),
        ("get current_h", "get current_height "),
        ("set nodes.node1.max_c", "set nodes.node1.max_concurrent "),
        ("get nodes.node-2.rack4.ho", "get 'nodes.\"node-2.rack4\".host' "),
        ('get nodes."node-2.rack4".ho', "get 'nodes.\"node-2.rack4\".host' "),
        ("export --format=js", "export --format=json "),
        ("import plan conf", "import plan config.yaml "),
        ("import plan back", "import plan backups/"),
        ("import plan backups/o", "import plan backups/one.db "),
        ("sim", "sim"),
        ("get current_height --d", "get current_height --d"),
        ("frobnicate x", "frobnicate x"),
        ("get 'nothing like ", "get 'nothing like "),
    ],
)
def test_a_line_is_completed_by_what_completes_it_in_a_shell(
    same: Session, monkeypatch: pytest.MonkeyPatch, line: str, becomes: str
) -> None:
    monkeypatch.chdir(same.locations.database.parent)
    done = completed(same, line)
    assert (done.line, done.cursor, done.choices) == (becomes, len(becomes), ())


def test_of_several_it_shows_which(same: Session) -> None:
    assert {"get", "set", "watch"} <= {word for word, _ in completed(same, "").choices}
    assert refusals.NOT_OFFERED.isdisjoint(word for word, _ in completed(same, "").choices)
    done = completed(same, "get nodes.node1.i")
    assert done.line == "get nodes.node1.i"
    assert "nodes.node1.is_enabled" in {word for word, _ in done.choices}
    assert completed(same, "get nodes.node1.inf").line == "get nodes.node1.inference_"
    # in the middle of a line, what stands behind the cursor stays
    done = completed(same, "get cur --json", 7)
    assert (done.line, done.cursor) == ("get current_height --json", 18)


def test_nothing_that_acts_on_a_terminal_is_put_into_the_line(session: Session) -> None:
    foreign.write(
        session.locations.database,
        ("INSERT INTO chain_state(key,value) VALUES(?,'1')", ("zz\x1b[31m",)),
    )
    line = "get zz"
    assert completed(session, line).line.isprintable()


def test_where_it_cannot_complete_nothing_happens(session: Session) -> None:
    session.locations.database.write_bytes(b"no database" * 100)
    assert completed(session, "get cur") == Completed("get cur", 7)


# what holds for every verb there is


def verbs(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for below in command.list_commands(context):
        found = command.get_command(context, below)
        assert found is not None
        yield from verbs(found, f"{name} {below}".strip())


def test_every_verb_passes_the_checks_of_the_deck() -> None:
    found = dict(verbs(cli))
    assert len(found) > 50
    assert all(isinstance(command, common.Verb) for command in found.values())
    assert found.keys() >= refusals._REFUSALS.keys()


def test_no_verb_reads_or_asks_but_through_what_the_deck_can_stand_in_for() -> None:
    direct = re.compile(r"sys\.stdin|click\.(?:prompt|confirm|pause|getchar|edit)\b|\bprint\(")
    own = {"asking.py", "secret_input.py"}  # where a shell's terminal is asked
    found = {path.name for path in VERBS.glob("*.py") if direct.search(path.read_text())}
    assert found == own


def test_every_exit_code_has_words() -> None:
    assert EXIT_WORDS.keys() == set(ExitCode) - {ExitCode.OK}
