"""Keys and colours of one's own; a mistake is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.preferences import Preferences, load

COMMANDS = {"zoom", "help"}
THEMES = {"dark", "light"}


def read(path: Path, text: str) -> Preferences:
    path.write_text(text)
    return load(path, commands=COMMANDS, themes=THEMES)


def test_a_missing_file_chooses_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "deck.toml", commands=COMMANDS, themes=THEMES) == Preferences()


def test_choices_are_taken(tmp_path: Path) -> None:
    text = 'theme = "light"\nanimations = true\n[keys]\nzoom = "x,f5"\n'
    chosen = Preferences("light", {"zoom": "x,f5"}, animations=True)
    assert read(tmp_path / "deck.toml", text) == chosen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("theme = ", "cannot be read"),
        ('theme = "mauve"', "no theme 'mauve'; there are dark, light"),
        ("theme = 5", "no theme 5"),
        ('[keys]\nzooom = "x"', "no command 'zooom'"),
        ("[keys]\nzoom = 5", "keys of zoom must be text"),
        ("keys = 5", "keys must be a table"),
        ("colour = 1", "no choice 'colour'"),
        ('animations = "yes"', "animations must be true or false, not 'yes'; it stays false"),
        ("animations = 1", "animations must be true or false, not 1"),
    ],
)
def test_a_mistake_is_a_sentence_and_the_default_stays(
    tmp_path: Path, text: str, said: str
) -> None:
    preferences = read(tmp_path / "deck.toml", text)
    assert said in preferences.faults[0]
    assert (preferences.theme, preferences.keys) == (None, {})
    assert preferences.animations is False


def test_one_mistake_leaves_the_other_choices(tmp_path: Path) -> None:
    preferences = read(tmp_path / "deck.toml", 'theme = "no"\n[keys]\nzoom = "x"\nno = "y"\n')
    assert preferences.keys == {"zoom": "x"}
    assert len(preferences.faults) == 2
