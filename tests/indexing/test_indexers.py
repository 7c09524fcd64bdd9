"""Every indexer on every case of its testdata: rootfs/ in, expected.json out. A new case needs no code."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import careen.indexing
from careen.indexing import INDEXERS, Indexer, Record, fingerprint
from careen.model.file import File
from careen.model.layer import Listing

TESTDATA = Path(__file__).parent / "testdata"
MODULES = {
    path.stem: path
    for path in Path(careen.indexing.__file__).parent.glob("*.py")
    if not path.stem.startswith("_")
}


def module_name(indexer: Indexer) -> str:
    return str(getattr(indexer, "__name__", "")).rpartition(".")[2]


CASES = [
    pytest.param(indexer, case, id=f"{module_name(indexer)}/{case.name}")
    for indexer in INDEXERS
    for case in sorted((TESTDATA / module_name(indexer)).glob("*"))
]


def files(root: Path) -> Iterable[File]:
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        # In two pieces, as a layer may well give them.
        pieces = (content[: len(content) // 2], memoryview(content)[len(content) // 2 :])
        mode = path.stat().st_mode & 0o777
        yield File(path.relative_to(root).as_posix(), mode, len(content), pieces, head=content[:8])


def found(indexer: Indexer, root: Path) -> list[dict[str, Any]]:
    """Every package, distribution and problem, with the fields that say something; digests in hexadecimal."""
    items = [whole(item) for file in files(root) if indexer.wants(file) for item in indexer.read(file)]
    said = [
        {type(item).__name__: {name: value for name, value in asdict(item).items() if value}}
        for item in items
    ]
    return list(json.loads(json.dumps(said, default=bytes.hex)))


def whole(record: Record) -> Record:
    return record.read(record.lines) if isinstance(record, Listing) else record


@pytest.mark.parametrize(("indexer", "case"), CASES)
def test_an_indexer_finds_what_is_expected(
    indexer: Indexer, case: Path, request: pytest.FixtureRequest
) -> None:
    expected = case / "expected.json"
    items = found(indexer, case / "rootfs")
    if request.config.getoption("--update-expected"):
        expected.write_text(json.dumps(items, indent=1, ensure_ascii=False) + "\n")
    assert items == json.loads(expected.read_text())


def test_every_module_is_registered_once() -> None:
    assert sorted(map(module_name, INDEXERS)) == sorted(MODULES)


def test_every_indexer_has_testdata() -> None:
    assert {path.name for path in TESTDATA.iterdir()} == set(MODULES)


def test_a_new_version_of_an_indexer_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    monkeypatch.setattr(INDEXERS[0], "VERSION", INDEXERS[0].VERSION + 1)
    assert fingerprint() != before
