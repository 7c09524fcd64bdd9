"""The signs by which files are sorted out before any indexer is asked: they must hide nothing."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from careen.indexing import INDEXERS, candidates, may_tell, telling
from careen.indexing._signs import Candidates, Signs
from careen.model.file import File
from careen.model.layer import Installed, Listing

TESTDATA = Path(__file__).parent / "testdata"
REAL = sorted(path for path in TESTDATA.glob("*/*/rootfs/**/*") if path.is_file())
PATHS = sorted({path.as_posix().partition("/rootfs/")[2] for path in REAL})
SIGNS = [indexer.SIGNS for indexer in INDEXERS if hasattr(indexer, "SIGNS")]
HEADS = [b"", b"{", *{head for signs in SIGNS for head in signs.heads}]
PARTS = sorted({part for path in PATHS for part in path.split("/")})
FOLDERS = sorted({folder.as_posix() for path in PATHS for folder in Path(path).parents})


class Bare:
    """An indexer that states no signs."""


class Stating:
    def __init__(self, **signs: tuple[str, ...] | tuple[bytes, ...] | str) -> None:
        self.SIGNS = Signs(**signs)  # type: ignore[arg-type] # each field by its name


MARKS = candidates.marks()


def hidden(file: File) -> list[str]:
    """The indexers that want the file and are not asked."""
    asked = candidates(file.path, file.head) if is_marked(file) else ()
    return [indexer.NAME for indexer in INDEXERS if indexer.wants(file) and indexer not in asked]


def is_marked(file: File) -> bool:
    assert MARKS is not None
    tails, firsts, begins = MARKS
    return file.path[-3:].encode() in tails or file.head[:1] in firsts or file.path.startswith(begins)


def test_no_file_of_the_testdata_is_hidden_from_its_indexer() -> None:
    for path in REAL:
        name, content = path.as_posix().partition("/rootfs/")[2], path.read_bytes()
        assert hidden(File(name, 0o755, len(content), head=content[:8])) == []


# Folders and names that are met, put together anew, with what may follow a name.
@given(
    st.lists(st.sampled_from(FOLDERS + PARTS), max_size=3),
    st.sampled_from(PARTS),
    st.sampled_from(["", ".jar", ".ez", ".zip", ".md5sums", "~"]),
    st.sampled_from(HEADS),
    st.sampled_from([0o644, 0o755]),
)
@example(["var/lib/dpkg/status.d"], "base", "", b"", 0o644)
@example([], "p", "", b"\x7fELF", 0o755)
def test_no_file_is_hidden_from_an_indexer_that_wants_it(
    folders: list[str], name: str, end: str, head: bytes, mode: int
) -> None:
    assert hidden(File("/".join([*folders, name]) + end, mode, 100, head=head)) == []


def test_most_files_are_nobodys() -> None:
    assert not candidates("usr/share/doc/libc6/copyright", b"This pac")
    assert not is_marked(File("usr/share/doc/libc6/copyright", head=b"This pac"))


def test_an_indexer_without_signs_is_always_asked() -> None:
    bare, stating = Bare(), Stating(ends=(".jar",), begins=("var/",), heads=(b"MZ",))
    asked = Candidates([bare, stating])
    assert asked.marks() is None
    assert asked("a", b"") == [bare]
    assert asked("a.jar", b"") == asked("var/a", b"") == asked("a", b"MZ\0") == [bare, stating]


def test_the_order_of_indexers_stays() -> None:
    first, second, third = Stating(heads=(b"PK",)), Stating(ends=(".jar",)), Stating(begins=("opt/",))
    assert Candidates([first, second, third])("opt/a.jar", b"PK") == [first, second, third]


def test_only_those_are_asked_whose_signs_a_file_has() -> None:
    lock, manifest = Stating(ends=("/package-lock.json",)), Stating(ends=("/package.json",))
    status, info = Stating(begins=("var/lib/dpkg/status",)), Stating(begins=("var/lib/dpkg/info/",))
    asked = Candidates([lock, manifest, status, info])
    assert asked("node_modules/yaml/package.json", b"{") == [manifest]
    assert asked("var/lib/dpkg/info/bash.list", b"/.") == [info]


def test_an_end_counts_where_the_path_has_what_stands_inside() -> None:
    conda = Stating(ends=(".json",), inside="conda-meta/")
    asked = Candidates([conda])
    assert asked("opt/conda/conda-meta/pip-23.json", b"{") == [conda]
    assert asked("opt/web/tsconfig.json", b"{") == []


def test_an_end_is_long_enough_to_be_looked_up() -> None:
    assert all(len(end) > 2 for signs in SIGNS for end in signs.ends)


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("usr/bin/python3.11", True),
        ("usr/lib/erlang/erts-13.1.5/bin/beam.smp", True),
        ("usr/local/sbin/nginx.real", True),
        ("usr/lib/x86_64-linux-gnu/libz.so.1.2.13", True),
        ("usr/share/doc/zlib1g/copyright", False),
        ("usr/lib/python3/dist-packages/yaml/loader.py", False),
    ],
)
def test_a_claim_to_a_file_is_kept_if_the_file_may_be_a_program(path: str, *, may: bool) -> None:
    assert may_tell(path) == may


def listing(*paths: str) -> Listing:
    lines = [f"/{path}" for path in paths]
    return Listing(lines, 1, lambda left: Installed("", "", "", tuple((line[1:], b"") for line in left)))


def test_lines_about_documentation_are_not_read() -> None:
    kept = ["usr/bin/jq", "usr/share/java/jq.jar", "usr/share/buildinfo/labels", "usr/share"]
    dull = ["usr/share/doc/jq/copyright", "usr/include/jq.h", "usr/share/man/man1/jq.1.gz"]
    said = listing(*kept, *dull)
    assert [path for path, _ in said.read(telling(said)).files] == kept


@given(
    st.lists(st.sampled_from(FOLDERS + PARTS), min_size=1, max_size=4).map("/".join),
    st.sampled_from(["usr/share/", "usr/src/", ""]),
)
def test_no_line_about_a_file_that_may_tell_is_left_out(path: str, folder: str) -> None:
    said = listing(folder + path)
    assert telling(said) or not may_tell(folder + path)
