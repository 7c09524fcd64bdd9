"""Packages within zip archives (Python's eggs, Yarn's cache, Erlang's code archives), also hostile ones."""

import io
import json
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.indexing import Indexer, erlang, node, python
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

MANIFEST = json.dumps({"name": "a", "version": "1.0.0"})


def archive(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return out.getvalue()


EGG = archive({"EGG-INFO/PKG-INFO": "Name: a\nVersion: 1.0\n"})
CACHED = archive(
    {f"node_modules/{name}/package.json": MANIFEST for name in ("a", "@a/b", "a/node_modules/c")}
)
PLUGIN = archive({"a-1.0/ebin/a.app": '{application, a, [{vsn, "1.0"}]}.'})
PLACES = [(python, "a.egg", EGG), (node, ".yarn/cache/a.zip", CACHED), (erlang, "a.ez", PLUGIN)]


def read(indexer: Indexer, path: str, content: bytes) -> list[object]:
    return list(indexer.read(File(path, size=len(content), pieces=(content,))))


@pytest.mark.parametrize(("indexer", "path", "content"), PLACES)
def test_every_archive_is_wanted_and_read(indexer: Indexer, path: str, content: bytes) -> None:
    assert indexer.wants(File(path))
    packages = read(indexer, path, content)
    assert packages
    assert all(isinstance(package, Package) and package.inner for package in packages)


@pytest.mark.parametrize(("indexer", "path", "content"), PLACES)
def test_it_does_not_matter_in_what_pieces_an_archive_comes(
    indexer: Indexer, path: str, content: bytes
) -> None:
    pieces = [content[place : place + 1] for place in range(len(content))]
    assert list(indexer.read(File(path, size=len(content), pieces=pieces))) == read(indexer, path, content)


@pytest.mark.parametrize(("indexer", "path", "content"), PLACES)
@given(data=st.data())
def test_a_damaged_archive_raises_no_error(
    indexer: Indexer, path: str, content: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)))
    for item in read(indexer, path, bytes(damaged)) + read(indexer, path, bytes(damaged[:end])):
        assert isinstance(item, Package | Problem)
        assert item.path == path


def test_an_archive_of_more_metadata_than_an_honest_one_has_is_not_inflated() -> None:
    bomb = archive({f"node_modules/a{number}/package.json": bytes(1 << 20) for number in range(65)})
    (problem,) = read(node, ".yarn/cache/a.zip", bomb)
    assert isinstance(problem, Problem)
    assert problem.kind is ProblemKind.INVALID_METADATA
    assert "bytes of metadata" in problem.message


def test_only_the_metadata_of_an_egg_is_read() -> None:
    egg = archive({"EGG-INFO/PKG-INFO": "Name: a\nVersion: 1.0\n", "lib/EGG-INFO/PKG-INFO": "Name: b\n"})
    (package,) = read(python, "a.egg", egg)
    assert isinstance(package, Package)
    assert (package.name, package.version, package.inner) == ("a", "1.0", "EGG-INFO/PKG-INFO")
