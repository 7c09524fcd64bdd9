"""Packed paths against sets of Python's."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from careen import zstd
from careen.model.packed_paths import FilePacker, Files, Folders, check, pack_folders

NAMES = st.sampled_from(["a", "b", "ж", " ", "\n", "lib", "\\xff"])
HOMES = st.lists(NAMES, max_size=2).map(lambda names: "".join(f"{name}/" for name in names))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@given(st.lists(st.tuples(HOMES, st.lists(NAMES, min_size=1, max_size=3), st.booleans()), max_size=8), PATHS)
@example([("", ["a"], True), ("", ["b"], False)], "b")
def test_what_was_packed_is_a_set_of_paths(groups: list[tuple[str, list[str], bool]], asked: str) -> None:
    packer, known = FilePacker(), set[str]()
    for home, names, is_together in groups:
        if is_together:
            packer.add_all(home, [name.encode() for name in names])
        else:
            for name in names:
                packer.add(home, name)
        known.update(home + name for name in names)
    files = Files(check(packer.pack()))
    assert (asked in files) == (asked in known)
    assert all(path in files for path in known)
    assert "" not in files


@given(st.sets(PATHS, max_size=4), st.sets(PATHS, max_size=4), PATHS)
def test_folders_have_an_entry_of_their_own_or_are_implied(
    own: set[str], implied: set[str], asked: str
) -> None:
    folders = Folders(check(pack_folders(own, implied)))
    assert folders.own(asked) == (asked in own)
    assert folders.implied(asked) == (asked in implied)
    assert not folders.own("")
    assert not folders.implied("")


def test_nothing_is_packed_nowhere() -> None:
    assert "a" not in Files(b"")
    assert not Folders(b"").own("a")
    assert Files(FilePacker().pack()).__contains__("a") is False


def test_a_folder_may_come_again_after_another_one() -> None:
    packer = FilePacker()
    for number in range(3000):
        packer.add(f"folder{number % 2}/", f"name{number}")
    files = Files(packer.pack())
    assert all(f"folder{number % 2}/name{number}" in files for number in range(3000))
    assert "folder0/name1" not in files


def test_a_million_names_are_packed_in_little_memory_and_counted() -> None:
    packer, names = FilePacker(), [b"%03d" % number for number in range(1000)]
    packer.add_all("warm/", names)
    tracemalloc.start()
    for number in range(1000):
        packer.add_all(f"{number}/", names)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20
    assert packer.size > 4_000_000


GOOD = pack_folders(["a"], ["b"])


@pytest.mark.parametrize(
    "packed",
    [b"AAAA", GOOD[:-1], GOOD + b"!", zstd.compress(bytes(300 << 20), 1)],
    ids=["no frame", "cut", "more", "bomb"],
)
def test_what_is_not_packed_so_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="packed"):
        check(packed)
