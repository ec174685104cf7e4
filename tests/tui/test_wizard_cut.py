"""What the wizard's review is told of the cut of several files, without a terminal."""

from __future__ import annotations

from pathlib import Path

from store.importing import plan as planning
from store.importing.apply import preview
from tests.store.importing.samples import RUNNING, SETTINGS, places, put, run
from tui.wizard import bench


def test_the_cut_of_several_files_is_told_as_one_with_those_that_stay(tmp_path: Path) -> None:
    texts = {"config.yaml": RUNNING, "svc.yaml": "svc: {a: 1}\n", "dev.toml": SETTINGS}
    files = [put(tmp_path, name, text) for name, text in texts.items()]
    cut = bench.cut_of(preview([planning.load(each) for each in files], places(tmp_path)))
    assert cut.files == tuple(files)
    assert cut.saved > len(RUNNING) // 2
    assert cut.why.startswith(f"{files[2]}: It is TOML, which cannot be cut. Remove by hand")
    alone = bench.cut_of(preview([planning.load(files[1])], places(tmp_path)))
    assert (alone.files, alone.why) == ((files[1],), "")
    run(files[0], places(tmp_path))
    other = bench.cut_of(preview([planning.load(places(tmp_path).database)], places(tmp_path)))
    assert (other.files, "only read" in other.why) == ((), True)
