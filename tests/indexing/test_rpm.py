"""rpm's databases, built here byte by byte in each of the formats, read back, cut and damaged."""

import json
import random
import sqlite3
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.indexing import rpm
from careen.model.file import File
from careen.model.layer import Installed
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

TESTDATA = Path(__file__).parent / "testdata" / "rpm"
TRUTH = Path(__file__).parents[3] / "shared" / "truth" / "parse" / "rpm"
PAGE = 4096
INT32, STRING = 4, 6


@dataclass(frozen=True)
class Made:
    name: str
    version: str = "1.0"
    release: str = "1.el9"
    epoch: int | None = None
    arch: str = "x86_64"
    source: str = ""
    module: str = ""
    filler: int = 0  # bytes of a description

    @property
    def shown(self) -> tuple[str, ...]:
        epoch = f"{self.epoch}:" if self.epoch else ""
        return self.name, f"{epoch}{self.version}-{self.release}", self.arch, self.source, self.module

    def header(self) -> bytes:
        texts = {1000: self.name, 1001: self.version, 1002: self.release, 1005: "x" * self.filler}
        source_rpm = f"{self.source}-{self.version}-{self.release}.src.rpm" if self.source else ""
        texts |= {1022: self.arch, 1044: source_rpm, 5096: self.module and f"{self.module}:8060:ad008a3a"}
        entries, data = b"", b""
        if self.epoch is not None:
            entries, data = struct.pack(">IIII", 1003, INT32, 0, 1), struct.pack(">I", self.epoch)
        for tag, text in texts.items():
            if text:
                entries += struct.pack(">IIII", tag, STRING, len(data), 1)
                data += text.encode() + b"\0"
        return struct.pack(">II", len(entries) // 16, len(data)) + entries + data


def berkeley(blobs: Sequence[bytes], order: Literal["little", "big"] = "little") -> bytes:
    """A hash page for each blob, whose value lies in overflow pages if it is long."""
    sign = "<" if order == "little" else ">"
    pages = [b""]
    inline = struct.pack(f"{sign}I", len(blobs))
    for number, blob in enumerate([inline, *blobs]):
        key = b"\1" + struct.pack(f"{sign}I", number)
        if len(blob) <= PAGE // 4:
            pages.append(hash_page(sign, len(pages), key, b"\1" + blob))
            continue
        off_page = struct.pack(f"{sign}BxxxII", 3, len(pages) + 1, len(blob))
        pages.append(hash_page(sign, len(pages), key, off_page))
        parts = [blob[at : at + PAGE - 26] for at in range(0, len(blob), PAGE - 26)]
        for part in parts:
            following = 0 if part is parts[-1] else len(pages) + 1
            head = struct.pack(f"{sign}8xIIIHHBB", len(pages), 0, following, 1, len(part), 0, 7)
            pages.append((head + part).ljust(PAGE, b"\0"))
    meta = struct.pack(f"{sign}8xIIIIBBxxII", 0, 0x061561, 9, PAGE, 0, 8, 0, len(pages) - 1)
    pages[0] = meta.ljust(PAGE, b"\0")
    return b"".join(pages)


def hash_page(sign: str, number: int, key: bytes, value: bytes) -> bytes:
    key_at, value_at = PAGE - len(key), PAGE - len(key) - len(value)
    head = struct.pack(f"{sign}8xIIIHHBBHH", number, 0, 0, 2, value_at, 0, 13, key_at, value_at)
    return head.ljust(value_at, b"\0") + value + key


def berkeley_of_a_big_endian_machine(blobs: Sequence[bytes]) -> bytes:
    return berkeley(blobs, "big")


def ndb(blobs: Sequence[bytes]) -> bytes:
    pages = 1 + (2 + len(blobs)) * 16 // PAGE
    slots = struct.pack("<4sIIII", b"RpmP", 0, 1, pages, len(blobs) + 1).ljust(32, b"\0")
    content = b""
    for number, blob in enumerate(blobs, start=1):
        first = (pages * PAGE + len(content)) // 16
        body = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        body += b"\0" * (-(len(body) + 12) % 16)
        content += body + struct.pack("<II4s", zlib.adler32(body), len(blob), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", number, first, (len(body) + 12) // 16)
    while len(slots) < pages * PAGE:
        slots += struct.pack("<4sIII", b"Slot", 0, 0, 0)
    return slots + content


def sqlite(blobs: Sequence[bytes], encoding: str = "UTF-8", page: int = PAGE) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"PRAGMA page_size = {page}")
        database.execute(f"PRAGMA encoding = '{encoding}'")
        database.execute("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER)")
        database.execute(
            "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"
        )
        database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        database.execute("DELETE FROM Name")
        database.commit()
        return database.serialize()


def sqlite_in_utf_16(blobs: Sequence[bytes]) -> bytes:
    return sqlite(blobs, "UTF-16be", 65536)


def sqlite_of_small_pages(blobs: Sequence[bytes]) -> bytes:
    return sqlite(blobs, page=512)


FORMATS: dict[str, Callable[[Sequence[bytes]], bytes]] = {
    "bdb": berkeley,
    "bdb-of-a-big-endian-machine": berkeley_of_a_big_endian_machine,
    "ndb": ndb,
    "sqlite": sqlite,
    "sqlite-in-utf-16": sqlite_in_utf_16,
    "sqlite-of-small-pages": sqlite_of_small_pages,
}
PACKAGES = (
    Made("bash", "5.1.8", "6.el9_1", source="bash", filler=6000),
    Made("nodejs", "18.12.1", "1.module_el9.1.0+16+91bc168f", 1, source="nodejs", module="nodejs:18"),
    Made("tzdata", "2024a", "1.el9", 0, arch="noarch", source="tzdata"),
    Made("gpg-pubkey", "b86b3716", "61e69f29", arch=""),
    Made("local", "1", "1", filler=14_000),
)
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="-:"), min_size=1)
ANY = st.builds(
    Made,
    name=TOKENS,
    version=TOKENS,
    release=TOKENS,
    epoch=st.none() | st.integers(0, 2**32 - 1),
    arch=st.sampled_from(["x86_64", "noarch"]),
    source=st.just("") | TOKENS,
    module=st.sampled_from(["", "nodejs:18"]),
    filler=st.sampled_from([0, 10, 300, 1000, 4000, 10_000]),
)


def read(content: bytes, path: str = "var/lib/rpm/rpmdb.sqlite") -> list[Package | Problem]:
    # In pieces, as a layer may well give them.
    pieces = tuple(content[at : at + 7000] for at in range(0, len(content), 7000))
    items = rpm.read(File(path, size=len(content), pieces=pieces))
    return [item for item in items if not isinstance(item, Installed)]


def shown(items: Sequence[Package | Problem]) -> list[tuple[str, ...]]:
    packages = [item for item in items if isinstance(item, Package)]
    assert all(not each.source or each.source_version for each in packages)
    return [(each.name, each.version, each.arch, each.source, each.module) for each in packages]


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
def test_packages_are_read_and_keys_left_out(make: Callable[[Sequence[bytes]], bytes]) -> None:
    items = read(make([made.header() for made in PACKAGES]))
    assert shown(items) == [made.shown for made in PACKAGES if made.name != "gpg-pubkey"]
    assert not [item for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
@given(packages=st.lists(ANY, max_size=12))
def test_what_was_written_comes_back(make: Callable[[Sequence[bytes]], bytes], packages: list[Made]) -> None:
    items = read(make([made.header() for made in packages]))
    assert shown(items) == [made.shown for made in packages if made.name != "gpg-pubkey"]


def test_many_packages_come_back_in_their_order() -> None:
    packages = [Made(f"package{number}", filler=number * 7 % 5000) for number in range(1200)]
    blobs = [made.header() for made in packages]
    for make in FORMATS.values():
        assert shown(read(make(blobs))) == [made.shown for made in packages]


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
def test_a_database_that_is_cut_off_is_corrupt(make: Callable[[Sequence[bytes]], bytes]) -> None:
    whole = make([made.header() for made in PACKAGES])
    for length in (*range(1, 200, 7), *range(200, len(whole) - 4096, 1001), len(whole) - 20_000):
        kinds = {item.kind for item in read(whole[:length]) if isinstance(item, Problem)}
        assert kinds == {ProblemKind.CORRUPT_DATABASE}


def test_an_empty_file_is_no_database_yet() -> None:
    assert read(b"") == []


def test_a_database_of_another_program_is_corrupt() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE packages (name)")
        database.commit()
        (problem,) = read(database.serialize())
    assert isinstance(problem, Problem)
    assert "it has no table of packages" in problem.message
    (problem,) = read(b"\x7fELF" * 100)
    assert isinstance(problem, Problem)
    assert "neither of Berkeley DB nor of NDB nor of SQLite" in problem.message


def test_a_damaged_header_does_not_hide_the_others() -> None:
    lying = struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF) + b"\0" * 100
    items = read(ndb([lying, PACKAGES[0].header(), b"", Made("").header()]))
    assert shown(items) == [PACKAGES[0].shown]
    kinds = [item.kind for item in items if isinstance(item, Problem)]
    assert kinds == [ProblemKind.INVALID_METADATA, ProblemKind.CORRUPT_DATABASE]


def test_a_chain_of_pages_that_leads_back_into_itself_ends() -> None:
    database = bytearray(berkeley([PACKAGES[0].header()]))
    overflow = [page for page in range(len(database) // PAGE) if database[page * PAGE + 25] == 7]
    struct.pack_into("<I", database, overflow[-1] * PAGE + 16, overflow[0])
    for page in overflow:
        struct.pack_into("<H", database, page * PAGE + 22, 1)
    (problem,) = read(bytes(database))
    assert isinstance(problem, Problem)
    assert "is used twice" in problem.message


def test_a_tree_whose_branch_is_its_root_ends() -> None:
    database = bytearray(sqlite_of_small_pages([made.header() for made in PACKAGES] * 30))
    root = next(page for page in range(1, len(database) // 512) if database[page * 512] == 5)
    struct.pack_into(">I", database, root * 512 + 8, root + 1)
    *_, problem = read(bytes(database))
    assert isinstance(problem, Problem)
    assert "is used twice" in problem.message


def test_blobs_that_overlap_cost_no_more_than_the_file_has_bytes() -> None:
    """A file of 2 MB that says 2,000 times that it has a package of 2 MB."""
    database = bytearray(ndb([b"x" * (2 << 20), *[b""] * 2000]))
    first = database[32:48]
    for slot in range(48, 48 + 2000 * 16, 16):
        database[slot + 8 : slot + 16] = first[8:]
        struct.pack_into("<I", database, slot + 4, 1)
    *_, problem = read(bytes(database))
    assert isinstance(problem, Problem)


LINE = (
    "bash\t5.1.8-1.cm2\t1653816591\t1653628924\tMicrosoft\t(none)\t2341\tx86_64\t0\tbash-5.1.8-1.cm2.src.rpm"
)
MANIFEST = "var/lib/rpmmanifest/container-manifest-2"


def test_a_line_of_the_manifest_that_is_no_package_is_told() -> None:
    items = read(f"{LINE}\nbash\t5.1\n".encode(), MANIFEST)
    assert shown(items) == [("bash", "5.1.8-1.cm2", "x86_64", "bash", "")]
    assert [item.kind for item in items if isinstance(item, Problem)] == [ProblemKind.CORRUPT_DATABASE]


def test_a_package_without_a_valid_name_owns_no_files() -> None:
    content = LINE.replace("bash", "ba\0sh", 1).encode()
    items = rpm.read(File(MANIFEST, size=len(content), pieces=(content,)))
    assert [type(item) for item in items] == [Problem]


@given(
    content=st.binary(max_size=300),
    magic=st.sampled_from([b"RpmP", b"SQLite format 3\0", b"\0" * 12 + b"\x61\x15\x06\0"]),
)
def test_any_bytes_behind_a_magic_are_read_without_an_error(content: bytes, magic: bytes) -> None:
    read(magic + content)


def sources() -> list[tuple[str, bytes]]:
    blobs = [made.header() for made in PACKAGES]
    built = [(name, make(blobs)) for name, make in FORMATS.items()]
    files = [
        path for path in sorted(TRUTH.glob("*/*")) if path.name in {"Packages", "Packages.db", "rpmdb.sqlite"}
    ]
    return built + [(path.parent.name, path.read_bytes()) for path in files]


@pytest.mark.parametrize(
    ("name", "whole"), sources(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_damaged_database_is_read_or_corrupt(name: str, whole: bytes) -> None:
    """Single bytes and words of the places where numbers stand, most of them in the first pages."""
    chance = random.Random(name)  # the same damage at every run
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 4, 40))):
            end = chance.choice((128, PAGE, 4 * PAGE, len(whole)))
            at = chance.randrange(min(end, len(whole)) - 4)
            damaged[at : at + 4] = chance.choice(
                (
                    chance.randbytes(4),
                    b"\0\0\0\0",
                    b"\xff\xff\xff\xff",
                    bytes([chance.randrange(256)]) + damaged[at + 1 : at + 4],
                )
            )
        for item in read(bytes(damaged)):
            assert isinstance(item, Problem) or (item.name and item.version)


@pytest.mark.skipif(not TRUTH.is_dir(), reason=f"there are no truth sets at {TRUTH}")
@pytest.mark.parametrize("case", ["libuuid-bdb", "sle15-bci-ndb", "cbl-mariner-2.0-sqlite"])
def test_what_rpm_lists_is_found(case: str) -> None:
    truth = json.loads((TRUTH / case / "expected.json").read_text())
    (name,) = truth["files"]
    items = read((TRUTH / case / name).read_bytes())
    found = [
        (item.name, item.version, item.arch, f"{item.source}-{item.source_version}.src.rpm")
        for item in items
        if isinstance(item, Package)
    ]
    stated = [(each["name"], each["version"], each["arch"], each["source_rpm"]) for each in truth["packages"]]
    assert sorted(found) == sorted(stated)
    assert len(found) == len(items)


CASES = {
    "bdb": ("var/lib/rpm/Packages", berkeley),
    "ndb": ("usr/lib/sysimage/rpm/Packages.db", ndb),
    "sqlite": ("usr/share/rpm/rpmdb.sqlite", sqlite),
}


@pytest.mark.parametrize("case", CASES)
def test_the_testdata_is_what_is_built_here(case: str, request: pytest.FixtureRequest) -> None:
    """`--update-expected` writes them anew; SQLite's file also names the version that wrote it."""
    path, make = CASES[case]
    built = make([made.header() for made in PACKAGES])
    file = TESTDATA / case / "rootfs" / path
    if request.config.getoption("--update-expected"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(built)
    kept = file.read_bytes()
    assert shown(read(kept)) == shown(read(built))
    assert len(kept) == len(built)
