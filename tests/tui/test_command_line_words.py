"""A line of the deck's command line: its words, the one under the cursor, what is remembered."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import UsageError
from tui.command_line.transcript import LONGEST, MOST_LINES, Transcript
from tui.command_line.words import common_prefix, holds_secret, last_word, split
from tui.output import ReaderGone


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("get current_height", ["get", "current_height"]),
        ("  nodedeck  get x ", ["get", "x"]),
        ("nodedeck", []),
        ("set a.b 'two words' --reason \"it's\"", ["set", "a.b", "two words", "--reason", "it's"]),
        ("get 'nodes.\"node-2.rack4\".host'", ["get", 'nodes."node-2.rack4".host']),
        ("set a.b '|' --reason 'a; b > c'", ["set", "a.b", "|", "--reason", "a; b > c"]),
        ("set a.b x|y", ["set", "a.b", "x|y"]),
        ("set a.b \\|", ["set", "a.b", "|"]),
    ],
)
def test_a_line_is_split_as_a_shell_does(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("get 'x", "quotes of this line do not match"),
        ("list | grep x", "'|' means nothing here"),
        ("export - > file", "'>' means nothing here"),
        ("list 2> file", "'2>' means nothing here"),
        ("get a && get b", "'&&' means nothing here"),
    ],
)
def test_what_only_a_shell_understands_is_refused(line: str, told: str) -> None:
    with pytest.raises(UsageError, match="nothing was done") as refused:
        split(line)
    assert told in refused.value.message


@given(st.lists(st.text(alphabet="ab '\"\\.|", min_size=1, max_size=5), max_size=4))
def test_quoted_words_come_back(words: list[str]) -> None:
    assert split(shlex.join(["verb", *words])) == ["verb", *words]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ([], 0, "")),
        ("ge", ([], 0, "ge")),
        ("nodedeck ge", ([], 9, "ge")),
        ("get ", (["get"], 4, "")),
        ("get cur", (["get"], 4, "cur")),
        ("get  'nodes.a b", (["get"], 5, "nodes.a b")),
        ('get nodes."x y', (["get"], 4, "nodes.x y")),
        ("get a\\ b", (["get"], 4, "a b")),
    ],
)
def test_the_word_under_the_cursor(text: str, found: tuple[list[str], int, str]) -> None:
    assert last_word(text) == found


@given(st.text(alphabet="ab '\"\\\t", max_size=12))
def test_the_word_under_the_cursor_is_found_in_whatever_is_typed(text: str) -> None:
    _, start, _ = last_word(text)
    assert 0 <= start <= len(text)


def test_what_words_have_in_common() -> None:
    assert common_prefix(["nodes.a.host", "nodes.a.id", "nodes.b"]) == "nodes."
    assert common_prefix(["same", "same"]) == "same"
    assert common_prefix(["a", ""]) == ""


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("set nodes.n1.max_concurrent 250 --reason 'swaps above'", False),
        ("get gateway.token", False),
        ("history gateway.token --limit 5", False),
        ("set previous_seed.signature 1d1f9f00aa1d1f9f00aa1d1f9f00aa", False),
        ("set gateway.token hunter2 --creat", True),
        ("node set n1 security_key=hunter2", True),
        ("set gateway.upstream https://me:hunter2@host/", True),
        ("set gateway.note sk-abcdefghijklmnopqrstuvw1", True),
        ("set gateway.note gT7kQ2xWv9LmZ4pRb8Yc", True),
    ],
)
def test_a_line_that_may_hold_a_secret(line: str, held: bool) -> None:
    assert holds_secret(line, split(line)) is held


def test_a_transcript_keeps_the_end_and_says_how_much_it_does_not() -> None:
    kept = Transcript()
    kept.put("".join(f"{number}\n" for number in range(MOST_LINES + 40)))
    kept.say("and then")
    first, *rest = kept.lines()
    assert first.text == "41 lines before these are left out; a shell shows them all."
    assert (len(rest), rest[0].text, rest[-1].text) == (MOST_LINES, "41", "and then")
    assert kept.count == MOST_LINES + 41


def test_a_transcript_joins_the_pieces_of_a_line() -> None:
    kept = Transcript()
    kept.put("one ")
    kept.put("line")
    assert [line.text for line in kept.lines()] == ["one line"]
    kept.put("\ntwo")
    kept.say("said")
    assert [line.text for line in kept.lines()] == ["one line", "two", "said"]
    assert kept.count == 3


def test_nothing_in_a_transcript_acts_on_a_terminal() -> None:
    kept, nasty = Transcript(), "\x1b[31m\x9b31m\u202e\u200b\t[/red]"
    kept.put(f"{nasty}\n{'x' * (2 * LONGEST)}\n")
    kept.say(nasty)
    assert all(line.text.isprintable() for line in kept.lines())
    assert max(len(line.text) for line in kept.lines()) == LONGEST


def test_who_prints_to_nobody_is_told() -> None:
    kept = Transcript()
    kept.leave()
    with pytest.raises(ReaderGone):
        kept.put("data\n")
    kept.say("what a write has to say is not lost in the middle of it")
    assert kept.gone
