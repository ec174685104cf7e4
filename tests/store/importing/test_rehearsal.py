"""The rehearsal: every leaf of the file comes back out of a copy, whatever the document's size."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.importing.samples import SAMPLES, places, put, run


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("readable", [0, 10_000])
def test_both_ways_of_comparing_agree(
    tmp_path: Path, name: str, readable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.importing.rehearsal._READABLE", readable)
    result = run(put(tmp_path, name, SAMPLES[name]), places(tmp_path))
    imported = [row for row in result.plan.rows if str(row.action) == "add"]
    assert 0 < result.rehearsed <= len(imported)


def test_a_document_larger_than_a_file_may_be_is_rehearsed_too(tmp_path: Path) -> None:
    nodes = "".join(
        f"  - {{id: n{number}, host: h{number}, poc_port: 1}}\n" for number in range(6000)
    )
    file = put(tmp_path, "config.yaml", f"current_height: 5\nnodes:\n{nodes}")
    assert run(file, places(tmp_path)).rehearsed == 12_001
