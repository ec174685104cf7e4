"""Of very many nodes the deck makes the rows that are seen, and they behave as all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.deck import console, demo_state, opened, outsider
from tui.panes import nodes
from tui.widgets.table_lazy import LazyRows


async def test_many_nodes_are_shown_flash_and_go_as_few_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "MANY", 2)
    places = demo_state(tmp_path)
    async with opened(console(places)) as driver:
        pane = driver.deck.pane("nodes")
        table = pane.table
        await driver.until(lambda: len(table.rows) == 3, "the nodes")
        assert isinstance(table.rows, LazyRows)
        assert driver.deck.picture is not None
        assert list(table.rows) == pane.rows(driver.deck.picture)
        started: list[tuple[str, frozenset[str]]] = []
        monkeypatch.setattr(
            table._flashes, "start", lambda row, columns, _: started.append((row, columns))
        )
        await driver.press("3", "down")
        second = table.rows[1].key
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET max_concurrent=77 WHERE id='dk03-c'")
            await driver.until(lambda: started, "a flash")
            assert started == [("nodes.dk03-c", frozenset({"max_concurrent"}))]
            assert table.cursor_key == second
            other.commit("DELETE FROM inference_nodes WHERE id='dk03-c'")
            await driver.until(lambda: len(table.rows) == 2, "a node less")
            # few again
            assert not isinstance(table.rows, LazyRows)
            assert "2 of 2 enabled" in driver.screen()
