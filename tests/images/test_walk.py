"""The walk through a layer, on archives that the standard library and GNU tar write, and on hostile ones."""

import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.images.walk import Walk
from careen.model.file import File
from careen.model.packed_paths import Folders

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}

Entry = tuple[tarfile.TarInfo, bytes]


def entry(path: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "") -> Entry:
    info = tarfile.TarInfo(path)
    info.type, info.linkname, info.size, info.mode = kind, link, len(content), 0o755
    return info, content


def symlink(path: str, target: str) -> Entry:
    return entry(path, kind=tarfile.SYMTYPE, link=target)


def hard_link(path: str, target: str) -> Entry:
    return entry(path, kind=tarfile.LNKTYPE, link=target)


def folder(path: str) -> Entry:
    return entry(path, kind=tarfile.DIRTYPE)


def archive(*entries: Entry, form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def pieces(data: bytes, size: int = 700) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def everything(file: File) -> bool:
    return bool(file.path)


def run(walk: Walk) -> list[tuple[str, bytes]]:
    """The files that it gives, in their order."""
    files: list[tuple[str, bytes]] = []
    walk.run(lambda file: files.append((file.path, file.read())))
    return files


def walked(data: bytes, *, size: int = 700, budgets: Budgets | None = None) -> tuple[Walk, dict[str, bytes]]:
    """The walk, done, and the files that stand."""
    walk = Walk(pieces(data, size), wants=everything, budgets=budgets or Budgets())
    files = dict(run(walk))
    return walk, {path: content for path, content in files.items() if path in walk.tree.evidence}


def contents(*entries: Entry) -> dict[str, bytes]:
    return walked(archive(*entries))[1]


def broken(header: bytes, at: int, value: bytes) -> bytes:
    """The archive with a field of its first header changed, and a checksum that fits."""
    changed = bytearray(header)
    changed[at : at + len(value)] = value
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(
    files=st.dictionaries(
        st.text("ab.", min_size=1, max_size=90).filter(lambda name: name.strip(".")),
        st.binary(max_size=2000),
        max_size=6,
    ),
    size=st.integers(1, 3000),
)
def test_files_come_as_they_were_put_in(form: int, files: dict[str, bytes], size: int) -> None:
    data = archive(*(entry(path, content) for path, content in files.items()), form=form)
    assert walked(data, size=size)[1] == files


@pytest.mark.parametrize("form", ["gnu", "pax"])
@pytest.mark.parametrize("path", ["a" * 300, "b/" * 120 + "c", "ж" * 120, "x/" + "y" * 100])
def test_long_names_and_links_are_whole(form: str, path: str) -> None:
    data = archive(entry(path, b"1"), symlink("link", path), form=FORMATS[form])
    walk, files = walked(data)
    assert files == {path: b"1"}
    assert walk.tree.symlinks == {"link": path}


def test_ustar_splits_long_names_in_two() -> None:
    path = "d" * 90 + "/" + "f" * 90
    assert walked(archive(entry(path, b"1"), form=tarfile.USTAR_FORMAT))[1] == {path: b"1"}


def test_a_size_in_base_256_is_read() -> None:
    data = archive(entry("a", b"12345"), entry("b", b"6"))
    changed = broken(data, 124, b"\x80" + bytes(10) + b"\x05")
    assert walked(changed)[1] == {"a": b"12345", "b": b"6"}


def test_a_pax_size_takes_the_place_of_the_header_s() -> None:
    info, content = entry("a", b"12345")
    info.pax_headers = {"size": "5"}
    data = bytearray(archive((info, content), entry("b", b"6"), form=tarfile.PAX_FORMAT))
    at = data.index(b"a\0") + 124
    header = broken(bytes(data[at - 124 :]), 124, b"0" * 11 + b"\0")
    assert walked(bytes(data[: at - 124]) + header)[1] == {"a": b"12345", "b": b"6"}


def test_global_pax_headers_hold_until_something_else_is_said() -> None:
    info, content = entry("a", b"1")
    info.pax_headers = {"path": "own"}
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"linkpath": "there"}
    ) as tar:
        tar.addfile(symlink("l", "here")[0])
        tar.addfile(info, io.BytesIO(content))
    walk, files = walked(out.getvalue())
    assert files == {"own": b"1"}
    assert walk.tree.symlinks == {"l": "there"}


def test_v7_archives_have_no_magic_and_name_folders_with_a_slash() -> None:
    info, content = entry("a", b"1")
    old = broken(archive((info, content)), 257, bytes(8))
    assert walked(old)[1] == {"a": b"1"}
    walk, files = walked(broken(broken(archive(entry("d/")), 156, b"\0"), 257, bytes(8)))
    assert files == {}
    assert Folders(walk.tree.build().folders).own("d")


def test_a_checksum_of_signed_characters_is_right_too() -> None:
    data = bytearray(archive(entry("ж", b"1")))
    head = data[:148] + b" " * 8 + data[156:512]
    data[148:156] = b"%06o\0 " % sum(memoryview(bytes(head)).cast("b"))
    assert walked(bytes(data))[1] == {"ж": b"1"}


@pytest.mark.parametrize(
    "options", [["-H", "gnu"], *(["-H", "pax", f"--sparse-version={v}"] for v in ("0.0", "0.1", "1.0"))]
)
@pytest.mark.parametrize("islands", [1, 40])
def test_sparse_files_of_gnu_tar_come_with_their_holes(
    tmp_path: Path, options: list[str], islands: int
) -> None:
    name = "sparse-" + "x" * 90
    with (tmp_path / name).open("wb") as file:
        for number in range(islands):
            file.seek(number * 100_000 + 50_000)
            file.write(b"island %d" % number * 50)
        file.truncate(islands * 100_000 + 77)
    (tmp_path / "z").write_bytes(b"behind it")
    made = subprocess.run(
        ["tar", *options, "-S", "-c", name, "z"], cwd=tmp_path, check=True, capture_output=True
    )
    assert len(made.stdout) < islands * 50_000 + 20_000, "the archive is not sparse"
    _, files = walked(made.stdout, size=4096)
    assert files == {path: (tmp_path / path).read_bytes() for path in (name, "z")}


def test_the_same_archives_are_read_when_nobody_wants_their_files(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"\0" * 200_000 + b"x")
    os.truncate(tmp_path / "s", 400_000)
    (tmp_path / "last").write_bytes(b"1")
    for options in (["-H", "gnu"], ["-H", "pax"]):
        made = subprocess.run(
            ["tar", *options, "-S", "-c", "s", "last"], cwd=tmp_path, check=True, capture_output=True
        )
        walk = Walk(pieces(made.stdout), wants=lambda file: file.path == "last", budgets=Budgets())
        assert run(walk) == [("last", b"1")]


@pytest.mark.parametrize(
    ("written", "stands"),
    [("./a/b", "a/b"), ("/a//b", "a/b"), ("a/./b", "a/b"), ("a/../b", "b"), (".a", ".a"), ("a/.b", "a/.b")],
)
def test_paths_come_in_normal_form(written: str, stands: str) -> None:
    assert contents(entry(written, b"1")) == {stands: b"1"}


def test_a_path_out_of_the_root_stays_inside_and_is_told() -> None:
    walk, files = walked(archive(entry("../../etc/passwd", b"1")))
    assert files == {"etc/passwd": b"1"}
    assert [problem.path for problem in walk.tree.problems] == ["etc"]


def test_names_that_are_no_text_are_escaped() -> None:
    data = broken(archive(entry("aaaa", b"1")), 0, b"a\xff\xfeb")
    assert list(walked(data)[1]) == ["a\\xff\\xfeb"]


def test_of_equal_paths_the_last_one_stands() -> None:
    assert contents(entry("a", b"1"), entry("./a", b"2")) == {"a": b"2"}
    assert contents(entry("a", b"1"), symlink("a", "b")) == {}
    assert contents(entry("a/b", b"1"), entry("a", b"2")) == {"a": b"2"}
    assert contents(entry("a", b"1"), folder("a")) == {}
    assert contents(entry("a/b", b"1"), symlink("a", "c"), entry("a/b", b"2")) == {"c/b": b"2"}


def test_a_hard_link_has_its_target_s_content() -> None:
    assert contents(entry("a", b"1"), hard_link("b", "./a")) == {"a": b"1", "b": b"1"}


def test_a_hard_link_leads_to_the_file_that_stood_last_before_it() -> None:
    small, large = entry("a", b"1"), entry("a", bytes(100 << 10))
    assert contents(large, small, hard_link("b", "a")) == {"a": b"1", "b": b"1"}
    walk, files = walked(archive(small, large, hard_link("b", "a")))
    assert files == {"a": bytes(100 << 10)}
    assert walk.missing == {"b": "a"}  # it is too large to be kept


def test_a_hard_link_to_a_symlink_is_that_symlink() -> None:
    walk, _ = walked(archive(symlink("a", "t"), hard_link("b", "a")))
    assert walk.tree.symlinks == {"a": "t", "b": "t"}


def test_a_hard_link_to_what_was_not_kept_is_reported_missing() -> None:
    data = archive(entry("objects/1f", b"1"), hard_link("etc/os-release", "objects/1f"))
    walk = Walk(pieces(data), wants=lambda file: file.path == "etc/os-release", budgets=Budgets())
    assert run(walk) == []
    assert walk.missing == {"etc/os-release": "objects/1f"}


def test_devices_and_pipes_are_no_files() -> None:
    assert contents(entry("pipe", kind=tarfile.FIFOTYPE), entry("null", kind=tarfile.CHRTYPE)) == {}


def test_whiteouts_are_told_from_files() -> None:
    walk, files = walked(
        archive(
            entry("a/.wh.gone"),
            entry("b/.wh..wh..opq"),
            entry(".wh..wh.plnk"),
            entry(".wh."),
            entry(".wh..."),
        )
    )
    tree = walk.tree.build()
    assert (tree.whiteouts, tree.opaque, files) == (("a/gone",), ("b",), {})


def test_an_empty_layer_is_a_layer() -> None:
    assert contents() == {}
    assert walked(b"")[1] == {}


def test_the_zeros_at_the_end_may_be_missing() -> None:
    data = archive(entry("a", b"12345"))
    for end in (512 + 5, 1024, 1024 + 512):
        assert walked(data[:end])[1] == {"a": b"12345"}


@given(cut=st.integers(1, 3 * 512 + 4).filter(lambda cut: cut != 1024))
def test_an_archive_that_is_cut_off_is_corrupt(cut: int) -> None:
    data = archive(entry("a", bytes(512)), entry("b", b"12345"))
    with pytest.raises(CorruptLayer, match="cut off"):
        walked(data[:cut])


@pytest.mark.parametrize(
    ("at", "value"),
    [
        pytest.param(124, b"\xff" * 12, id="negative size"),
        pytest.param(124, b"\x80" + b"\xff" * 11, id="huge size"),
        pytest.param(124, b"+0000000012\0", id="signed size"),
        pytest.param(124, b"0o000000012\0", id="prefixed size"),
        pytest.param(124, b"1_000000012\0", id="underscore in a size"),
        pytest.param(124, b"00000000089\0", id="decimal size"),
        pytest.param(124, b"00000077777\0", id="size beyond the end"),
        pytest.param(156, b"Q", id="unknown type"),
        pytest.param(156, b"L", id="long name without a member"),
    ],
)
def test_headers_that_lie_are_corrupt(at: int, value: bytes) -> None:
    data = broken(archive(entry("a", b"12345"))[:1024], at, value)
    if value == b"L":
        assert walked(data)[1] == {}
        return
    with pytest.raises(CorruptLayer):
        walked(data)


def test_a_wrong_checksum_is_corrupt() -> None:
    data = bytearray(archive(entry("a", b"1")))
    data[0] = ord("b")
    with pytest.raises(CorruptLayer, match="checksum"):
        walked(bytes(data))


def test_a_lone_block_of_zeros_is_corrupt() -> None:
    data = archive(entry("a", b"1"))
    with pytest.raises(CorruptLayer, match="lone"):
        walked(data[:1024] + bytes(512) + data)


@pytest.mark.parametrize(
    "record",
    [b"9999 path=a\n", b"9 path=a", b"x path=a\n", b"11 path=a\0b\n", b"9 size=-1\n", b"-9 path=a\n"],
)
def test_malformed_pax_records_are_corrupt(record: bytes) -> None:
    header = broken(archive(entry("p", record))[:1024], 156, b"x")
    with pytest.raises(CorruptLayer):
        walked(header + archive(entry("a", b"1")))


@pytest.mark.parametrize(
    ("entries", "budgets", "name"),
    [
        ([entry("a"), entry("b")], Budgets(entries=1), "ENTRIES"),
        ([entry("a" * 50)], Budgets(path_length=49), "PATH_LENGTH"),
        ([entry("a/" * 25 + "b")], Budgets(path_length=49), "PATH_LENGTH"),
        ([symlink("a", "b" * 50)], Budgets(path_length=49), "PATH_LENGTH"),
        ([entry("a/" * 9 + "b")], Budgets(path_depth=8), "PATH_DEPTH"),
        ([entry(f"d{number}/a") for number in range(10)], Budgets(names=40), "NAMES"),
        ([folder("a/" * 10)], Budgets(path_depth=8), "PATH_DEPTH"),
        ([entry("a", b"12345")], Budgets(member=4), "MEMBER"),
    ],
)
def test_budgets_are_kept(entries: Iterable[Entry], budgets: Budgets, name: str) -> None:
    with pytest.raises(BudgetExceeded, match=f"CAREEN_BUDGET_{name}"):
        walked(archive(*entries), budgets=budgets)


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        walked(data)
    except CorruptLayer:
        return
    assert not data.strip(b"\0")


@given(data=st.data())
def test_one_changed_byte_is_read_or_refused(data: st.DataObject) -> None:
    good = archive(
        entry("dir/" + "n" * 120, b"12345"),
        symlink("l", "t" * 120),
        hard_link("h", "l"),
        form=tarfile.PAX_FORMAT,
    )
    at = data.draw(st.integers(0, len(good) - 1))
    changed = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    try:
        walked(changed)
    except (CorruptLayer, BudgetExceeded):
        return


@given(size=st.integers(1, 2000))
def test_files_can_be_told_by_their_first_bytes(size: int) -> None:
    entries = [entry("a", b"\x7fELF and more"), entry("b", b"#!"), entry("c"), entry("d", b"\x7fELF" * 500)]
    walk = Walk(
        pieces(archive(*entries), size), wants=lambda file: file.head[:4] == b"\x7fELF", budgets=Budgets()
    )
    assert dict(run(walk)) == {"a": b"\x7fELF and more", "d": b"\x7fELF" * 500}


@pytest.mark.parametrize("length", [10, 300 << 10])
def test_the_first_bytes_of_a_hard_link_are_known_too(length: int) -> None:
    data = archive(
        entry("a", b"\x7fELF" + bytes(length)), entry("b", b"#!"), hard_link("c", "a"), hard_link("d", "b")
    )
    walk = Walk(pieces(data), wants=lambda file: file.head[:4] == b"\x7fELF", budgets=Budgets())
    assert dict(run(walk)).keys() | walk.missing.keys() == {"a", "c"}


def test_of_a_large_file_only_what_is_chosen_is_kept() -> None:
    data = archive(entry("large", b"x" * 5000), entry("small", b"y" * 100), entry("behind", b"z"))

    def sift(file: File) -> Callable[[Iterable[bytes]], list[bytes]] | None:
        return (lambda pieces: list(pieces)[-1:]) if file.path == "large" else None

    budgets = Budgets(held=1000, member=2000)
    walk = Walk(pieces(data, 512), wants=everything, budgets=budgets, sift=sift)
    assert dict(run(walk)) == {"large": b"x" * (5000 - 9 * 512), "small": b"y" * 100, "behind": b"z"}


def test_a_large_file_that_is_cut_off_is_told_though_little_of_it_is_kept() -> None:
    data = archive(entry("large", b"x" * 5000))[:3000]
    walk = Walk(
        pieces(data),
        wants=everything,
        budgets=Budgets(held=1000),
        sift=lambda _: lambda pieces: list(pieces)[:1],
    )
    with pytest.raises(CorruptLayer, match="cut off"):
        run(walk)


def test_a_whiteout_is_no_file_whatever_it_holds() -> None:
    data = archive(entry(".wh.a", b"\x7fELF"), entry("b", b"1"), hard_link(".wh.c", "b"))
    walk = Walk(pieces(data), wants=lambda _: True, budgets=Budgets())
    assert run(walk) == [("b", b"1")]
    assert walk.missing == {}
