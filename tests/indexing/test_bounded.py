"""What an indexer spends on a file does not grow beyond the file's size, whatever is in it."""

import time
from collections.abc import Iterable

import pytest

from careen.indexing import Indexer, _json, conda, dart, dotnet, erlang, julia, lua, node, perl, php, r, ruby
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

TEXTS = [erlang, julia, r, ruby]
DOCUMENTS = [conda, dotnet, node, perl, php]
PATHS = [dart, lua]
SIZE = 2 << 20  # bytes
LONGEST = 5  # seconds, for a machine under load; all but the slowest need a tenth of one
PIECES = (
    b"\n",
    b" \n",
    b"\t",
    b"a",
    b"0",
    b"{",
    b'"',
    b"\\",
    b"a.",
    b"0.0-",
    b"[ ",
    b"{application,\n",
    b'{vsn,"',
    b"# stub: ",
    b"s.name = ",
    b"s.name = Gem::Version.new(  \n",
    b'name = "',
    b"Built: ",
    b'{"a":',
    b"[[],",
)


def read(indexer: Indexer, content: bytes) -> Iterable[Package | Problem]:
    return [
        item
        for item in indexer.read(File("a/b", size=len(content), pieces=(content,)))
        if isinstance(item, Package | Problem)
    ]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("indexer", TEXTS + DOCUMENTS + PATHS)
def test_repetition_does_not_cost_more_than_its_length(indexer: Indexer, piece: bytes) -> None:
    began = time.process_time()
    read(indexer, piece * (SIZE // len(piece)))
    assert time.process_time() - began < LONGEST


@pytest.mark.parametrize("indexer", TEXTS + DOCUMENTS)
def test_a_file_beyond_all_honest_ones_is_not_read(indexer: Indexer) -> None:
    (problem,) = read(indexer, b" " * ((16 << 20) + 1))
    assert isinstance(problem, Problem)
    assert problem.kind is ProblemKind.INVALID_METADATA
    assert "bytes" in problem.message


@pytest.mark.parametrize("value", [b"[],", b"{},", b'"a",', b'{"a":{}},'])
def test_a_document_of_very_many_values_is_not_read(value: bytes) -> None:
    content = b"[" + value * 1_000_000 + b"0]"
    with pytest.raises(_json.InvalidJson, match="values"):
        _json.load(File("a", size=len(content), pieces=(content,)))


def test_a_long_path_is_judged_at_once() -> None:
    began = time.process_time()
    for indexer in TEXTS + DOCUMENTS + PATHS:
        for end in ("package.json", "a.gemspec", "pubspec.yaml", "a.rockspec", "MYMETA.json", "Project.toml"):
            indexer.wants(File("node_modules/packages/hosted/" * 140 + end))
    assert time.process_time() - began < LONGEST
