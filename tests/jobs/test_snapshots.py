"""Which snapshot of advisories is handed out."""

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from careen.jobs.snapshots import Snapshots
from careen.matching.builder import build
from careen.matching.files import activate
from careen.model.advisory import Ecosystem

TODAY = date(2026, 11, 22)


def built(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    return build([("osv", Ecosystem(name, "pep440")) for name in names], folder, today=TODAY)


def test_another_snapshot_takes_the_place_of_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)
    assert snapshots.current() is None
    for names in (["PyPI"], ["PyPI", "npm"]):
        activate(folder, built(folder, *names))
        current = snapshots.current()
        assert current is not None
        assert len(current.ecosystems()) == len(names)


def test_one_of_another_version_of_careen_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    path = built(folder, "PyPI")
    kept = shutil.copy(path, tmp_path / "kept")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")
        database.commit()
    activate(folder, path)
    snapshots = Snapshots(folder)
    assert snapshots.current() is None
    shutil.copy(kept, path)
    assert snapshots.current() is not None
