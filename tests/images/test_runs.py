"""Members that are passed by the dozen leave the same tree as those that are looked at one by one."""

import io
import sys
import tarfile
import tracemalloc
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.images.runs import Marks
from careen.images.walk import Walk
from careen.model.file import File
from careen.model.layer import LayerTree
from careen.model.packed_paths import Files, by_folder
from careen.model.problem import Problem

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
MARKS = Marks(tails=(b".md", b"ked"), firsts=(b"\x7f",), begins=("db/", "b/db/inf"))
PIECES = [1, 511, 512, 513, 1024, 1536, 3000, 20_000, 1 << 20]

NAMES = ["a", "b", "lib", "db", "info", "x.md", "marked", "n" * 95, "m" * 120, "ж", ".wh.a", ".wh.lib"]
NAMES += [".wh..wh..opq", ".", "..", "", ".dot", " b"]
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join).filter(lambda path: path)
FILES = st.tuples(st.just(tarfile.REGTYPE), PATHS, st.sampled_from([b"", b"1", b"\x7fELF", b"2" * 700]))
OTHERS = st.tuples(
    st.sampled_from([tarfile.DIRTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]),
    PATHS,
    PATHS.map(str.encode),
)
FOLDERS = st.sampled_from(["a", "lib", "./lib", "a//b", "/lib", "b", "db", "b/db", "a/b", "lib/" + "n" * 95])
# Files of one folder, as archives have them, one after the other.
RUNS = st.tuples(FOLDERS, st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)).map(
    lambda run: [(tarfile.REGTYPE, f"{run[0]}/{name}", b"1") for name in run[1]]
)
ENTRIES = st.lists(RUNS | st.lists(FILES | OTHERS, max_size=3), max_size=6).map(
    lambda parts: list(chain.from_iterable(parts))
)

Entry = tuple[bytes, str, bytes]
Paths = set[tuple[bytes, bytes]]
Seen = tuple[LayerTree, Paths, list[tuple[str, bytes]], set[str], dict[str, str], list[Problem]]


def archive(entries: list[Entry], form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for kind, path, said in entries:
            info = tarfile.TarInfo(path)
            info.type, info.mtime = kind, 1
            if kind == tarfile.REGTYPE:
                info.size = len(said)
            elif kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = said.decode()
            tar.addfile(info, io.BytesIO(said))
    return out.getvalue()


def wants(file: File) -> bool:
    """As an indexer does: more exactly than the marks tell, but never beyond them."""
    return file.path.endswith((".md", "marked")) or file.head[:4] == b"\x7fELF" or file.path.startswith("db/")


def seen(data: bytes, size: int, marks: Marks | None, budgets: Budgets | None = None) -> Seen | str:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    walk = Walk(pieces, wants=wants, budgets=budgets or Budgets(), marks=marks)
    files: list[tuple[str, bytes]] = []
    try:
        walk.run(lambda file: files.append((file.path, file.read())))
    except (BudgetExceeded, CorruptLayer) as error:
        return error.message
    tree = walk.tree.build()
    paths = {(folder, name) for folder, names in by_folder(tree.files) for name in names.split(b"\0")}
    return replace(tree, files=b""), paths, files, walk.tree.evidence, walk.missing, walk.tree.problems


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@settings(deadline=None)  # pieces of one byte take their time
@given(entries=ENTRIES, size=st.sampled_from(PIECES))
@example([(tarfile.REGTYPE, "a/b", b"1"), (tarfile.REGTYPE, "a/b/lib", b"1")], 1 << 20)
@example(
    [(tarfile.SYMTYPE, "a/b", b"lib"), (tarfile.REGTYPE, "a/b", b"1"), (tarfile.REGTYPE, "a/b/a", b"")], 512
)
@example(
    [(tarfile.SYMTYPE, "a/b", b"lib"), (tarfile.REGTYPE, "a/b", b"1"), (tarfile.DIRTYPE, "a/b/a", b"")],
    1 << 20,
)
@example([(tarfile.REGTYPE, "a/b", b"\x7fELF"), (tarfile.REGTYPE, "a/b", b"1")], 1 << 20)
@example(
    [(tarfile.REGTYPE, "a", b"1"), (tarfile.REGTYPE, "/b", b"1"), (tarfile.REGTYPE, "lib", b"1")], 1 << 20
)
def test_a_layer_is_the_same_whether_runs_are_passed_or_not(
    form: int, entries: list[Entry], size: int
) -> None:
    try:
        data = archive(entries, form)
    except ValueError:  # ustar has no room for the name
        return
    assert seen(data, size, MARKS) == seen(data, size, None)


@given(st.data())
def test_a_changed_byte_changes_the_same_whether_runs_are_passed_or_not(data: st.DataObject) -> None:
    plain = [(tarfile.REGTYPE, f"a/{'long' * 25 * (number % 2)}{number}", b"1") for number in range(4)]
    good = archive([*plain, (tarfile.SYMTYPE, "a/l", b"t"), (tarfile.DIRTYPE, "d", b"")], tarfile.PAX_FORMAT)
    at = data.draw(st.integers(0, len(good) - 1))
    changed = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    assert seen(changed, 1 << 20, MARKS) == seen(changed, 1 << 20, None)


@pytest.mark.parametrize("length", [b"11", b"99", b"139", b"141", b"999", b"0"])
def test_a_pax_record_of_another_length_is_as_corrupt_in_a_run(length: bytes) -> None:
    data = archive([(tarfile.REGTYPE, name, b"1") for name in ("a/a", f"a/{'n' * 128}")], tarfile.PAX_FORMAT)
    changed = data.replace(b"140 path=", length.rjust(3) + b" path=")
    assert changed != data
    assert seen(changed, 1 << 20, MARKS) == seen(changed, 1 << 20, None)


@pytest.mark.parametrize("cut", range(0, 6 * 512, 100))
def test_a_run_that_is_cut_off_is_corrupt(cut: int) -> None:
    data = archive([(tarfile.REGTYPE, f"a/{number}", b"1" * 300) for number in range(3)], tarfile.GNU_FORMAT)
    assert seen(data[:cut], 1 << 20, MARKS) == seen(data[:cut], 1 << 20, None)


@pytest.mark.parametrize(
    "budgets",
    [
        *(Budgets(entries=most) for most in range(12)),
        *(Budgets(path_length=longest) for longest in (5, 100, 145, 146, 600)),
        Budgets(path_depth=1),
        Budgets(tree=400),
    ],
    ids=str,
)
def test_budgets_hold_for_runs_as_for_single_members(budgets: Budgets) -> None:
    files = [(tarfile.REGTYPE, f"a/{'n' * 140 * (number == 3)}{number}", b"1") for number in range(6)]
    others = [(tarfile.DIRTYPE, "a", b""), (tarfile.SYMTYPE, "a/l", b"a/b"), (tarfile.REGTYPE, "b/a/c", b"")]
    data = archive([*others, *files], tarfile.PAX_FORMAT)
    assert seen(data, 1 << 20, MARKS, budgets) == seen(data, 1 << 20, None, budgets)


def test_most_members_are_passed() -> None:
    """Or the tests above would compare one way with itself."""
    perhaps: list[str] = []
    asked: list[str] = []

    def may_want(path: str, _head: bytes) -> bool:
        perhaps.append(path)
        return True

    def recorded(file: File) -> bool:
        asked.append(file.path)
        return wants(file)

    names = [f"a/{'long' * 30 * (number % 2)}{number}" for number in range(50)]
    data = archive([(tarfile.REGTYPE, name, b"1") for name in [*names, "a/x.md"]], tarfile.PAX_FORMAT)
    walk = Walk(iter([data]), wants=recorded, budgets=Budgets(), may_want=may_want, marks=MARKS)
    found: list[str] = []
    walk.run(lambda file: found.append(file.path))
    assert found == ["a/x.md"]
    assert perhaps == asked == ["a/0", "a/x.md"]  # the first of all, before any run, and the marked one
    files = Files(walk.tree.build().files)
    assert all(name in files for name in names)


def changed(data: bytes, at: int, put: bytes, ends: bytes = b"\0 ") -> bytes:
    """With `put` at `at` in the first header, whose checksum is right and ends so."""
    header = data[:at] + put + data[at + len(put) : 512]
    total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    return header[:148] + b"%06o" % total + ends + header[156:] + data[512:]


@pytest.mark.parametrize("ends", [b"\0 ", b" \0", b"  ", b"\0\0"])
def test_a_header_is_plain_whatever_its_checksum_ends_with(ends: bytes) -> None:
    one = archive([(tarfile.REGTYPE, "a/b", b"1")], tarfile.GNU_FORMAT)[:1024]
    asked: list[str] = []

    def recorded(file: File) -> bool:
        asked.append(file.path)
        return False

    data = one + changed(one, 0, b"a/c", ends)
    Walk(iter([data]), wants=recorded, budgets=Budgets(), marks=MARKS).run(lambda _: None)
    assert asked == ["a/b"]  # the other one is passed


@pytest.mark.parametrize("size", PIECES)
def test_the_mode_of_a_file_that_nobody_may_want_need_not_be_readable(size: int) -> None:
    """Wherever a piece ends, and so whichever way the file is passed."""
    one = archive([(tarfile.REGTYPE, "a/b", b"1")], tarfile.GNU_FORMAT)[:1024]
    data = one + changed(one, 100, b"rw-r--r-")
    walk = Walk(
        (data[at : at + size] for at in range(0, len(data), size)),
        wants=wants,
        budgets=Budgets(),
        may_want=lambda path, _head: path.endswith(".md"),
        marks=MARKS,
    )
    walk.run(lambda _: pytest.fail("nobody wants any"))
    assert "a/b" in Files(walk.tree.build().files)


def test_a_walk_goes_with_whoever_made_it() -> None:
    """It does not hold itself, or what it knows of a layer would stay until garbage is looked for."""
    data = archive([(tarfile.REGTYPE, "a/x.md", b"1")], tarfile.GNU_FORMAT)
    walk = Walk(iter([data]), wants=wants, budgets=Budgets(), marks=MARKS)
    walk.run(lambda _: None)
    tree = walk.tree
    del walk
    assert sys.getrefcount(tree) == 2  # the variable, and the argument


def test_a_folder_of_any_size_is_passed_in_little_memory() -> None:
    data = archive([(tarfile.REGTYPE, f"a/{number}", b"") for number in range(20_000)], tarfile.GNU_FORMAT)
    walk = Walk(iter([data]), wants=wants, budgets=Budgets(), marks=MARKS)
    tracemalloc.start()
    walk.run(lambda _: pytest.fail("nobody wants any"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    files = Files(walk.tree.build().files)
    assert all(f"a/{number}" in files for number in range(20_000))
    assert most < 2 << 20
