"""A folder of hostile layers: each is refused by name, or read as if nothing were, and neither costs much."""

import gzip
import io
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from careen import zstd
from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.jobs.child import LayerSource
from careen.jobs.index_layer import index_layer
from careen.model import digest

END = bytes(1024)
METADATA = "a-1.dist-info/METADATA"
WHEEL = b"Name: a\nVersion: 1\n"
LONGEST = 60  # seconds, for a machine under load; most need a tenth of one
TIGHT = Budgets(
    ratio=100,
    ratio_floor=64 << 20,
    inflated=1 << 30,
    entries=20_000,
    member=16 << 20,
    tree=16 << 20,
    seconds=40,
)


def member(
    path: str, content: bytes = b"", *, kind: bytes = b"0", link: str = "", size: int | None = None
) -> bytes:
    info = tarfile.TarInfo(path)
    info.type, info.linkname, info.size = kind, link, len(content) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape") + content + bytes(-len(content) % 512)


def changed(header: bytes, at: int, value: bytes) -> bytes:
    """The first header with other bytes, and the checksum that they need."""
    new = bytearray(header)
    new[at : at + len(value)] = value
    new[148:156] = b" " * 8
    new[148:156] = b"%06o\0 " % sum(new[:512])
    return bytes(new)


def pax(records: str, path: str = "s", content: bytes = b"") -> bytes:
    """A member with an extended header; `{}` in a record is where its length goes."""
    said = b"".join(record(line.encode()) for line in records.split("\n"))
    return member("x", said, kind=b"x") + member(path, content)


def record(line: bytes) -> bytes:
    length = len(line) + 2
    while length != len(b"%d %s\n" % (length, line)):
        length += 1
    return b"%d %s\n" % (length, line)


def zeros_in_gzip(size: int) -> bytes:
    """Members of 64 MB each, which costs no time to make."""
    return gzip.compress(bytes(64 << 20), 1) * (size >> 26)


def old_sparse(size: bytes, *spans: tuple[int, int]) -> bytes:
    field = b"".join(b"%011o\0%011o\0" % span for span in spans)
    header = member(METADATA, kind=b"S")
    return changed(changed(header, 386, field), 483, size) + END


def zip_in_zip(depth: int) -> bytes:
    inner = b"x" * 100
    for level in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(10):
                archive.writestr(f"{level}-{copy}.jar", inner)
        inner = out.getvalue()
    return inner


def jar_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/maven/g/a/pom.properties", bytes(200 << 20))
        archive.writestr("META-INF/MANIFEST.MF", bytes(200 << 20))
    return out.getvalue()


def lying_elf(field: int, value: int) -> bytes:
    """A header whose tables are anywhere and of any size."""
    header = bytearray(64 + 4096)
    header[:8] = b"\x7fELF\x02\x01\x01\0"
    struct.pack_into("<HHIQQQIHHHHHH", header, 16, 2, 62, 1, 0, 64, 64, 0, 64, 56, 9, 64, 9, 1)
    struct.pack_into("<Q", header, field, value)
    return bytes(header)


def lying_sqlite(count: int) -> bytes:
    """Each page is its own child."""
    page = struct.pack(">BHHHBI", 5, 0, count, 0, 0, 1) + b"\x0c\x00" * count + bytes(100)
    first = b"SQLite format 3\0" + struct.pack(">H", 4096) + bytes(82) + page
    return (first.ljust(4096, b"\1") + page.ljust(4096, b"\1")) * 4


def aliased_sqlite(leaves: int = 600, rows: int = 2000) -> bytes:
    """A table of packages in which two thousand rows of each page are the same four bytes."""
    schema = bytes([6, 23, 29, 29, 1, 13]) + b"tablePackagesPackages" + b"\2"
    first = bytearray(b"SQLite format 3\0" + struct.pack(">HBB", 4096, 1, 1)).ljust(4096, b"\0")
    struct.pack_into(">BHHHBH", first, 100, 13, 0, 1, 4000, 0, 4000)
    first[4000 : 4000 + len(schema) + 2] = bytes([len(schema), 1]) + schema
    leaf = bytearray(struct.pack(">BHHHB", 13, 0, rows, 4080, 0) + b"\x0f\xf5" * rows).ljust(4096, b"\0")
    leaf[4085:4089] = b"\1\1\1\0"
    root = bytearray(struct.pack(">BHHHBI", 5, 0, leaves - 1, 0, 0, leaves + 2)).ljust(4096, b"\0")
    for number in range(leaves - 1):
        at = 4096 - 4 * (number + 1)
        struct.pack_into(">H", root, 12 + 2 * number, at)
        struct.pack_into(">I", root, at, number + 3)
    return bytes(first) + bytes(root) + bytes(leaf) * leaves


def many(number: int, path: str = "dir/{}", **options: str | bytes) -> bytes:
    return b"".join(member(path.format(n), **options) for n in range(number)) + END  # type: ignore[arg-type] # passed on


def deep_json() -> bytes:
    return b'{"name":"a","version":' * 200_000


@dataclass(frozen=True)
class Case:
    blob: Callable[[], bytes]
    says: str = ""  # what the refusal says; nothing: the layer is indexed
    tells: str = ""  # the file that a Problem is about


PASSWD = member("../../../etc/passwd", b"root::0:0\n")
NODE = "a/node_modules/a/package.json"
BERKELEY, NDB = "var/lib/rpm/Packages", "var/lib/rpm/Packages.db"
SQLITE = "var/lib/rpm/rpmdb.sqlite"
BUDGET = "CAREEN_BUDGET_"
CASES = {
    "gzip bomb": Case(lambda: zeros_in_gzip(2 << 30), f"{BUDGET}RATIO"),
    "gzip in gzip": Case(lambda: gzip.compress(zeros_in_gzip(1 << 30)), "no size|tar header|number"),
    "zstd bomb": Case(
        lambda: zstd.compress(member("z", size=4 << 30) + bytes(700 << 20), 19),
        f"{BUDGET}RATIO",
    ),
    "a bomb of plain bytes in a member that no one wants": Case(
        lambda: gzip.compress(member("z", size=1 << 40)) + zeros_in_gzip(2 << 30), f"{BUDGET}RATIO"
    ),
    "a bomb behind the end of the archive": Case(
        lambda: gzip.compress(END) + zeros_in_gzip(2 << 30), f"{BUDGET}RATIO"
    ),
    "a million empty gzip members": Case(lambda: gzip.compress(b"") * 1_000_000 + gzip.compress(END)),
    "zstd frames without content": Case(lambda: b"\x50\x2a\x4d\x18\0\0\0\0" * 300_000),
    "a zstd window of exabytes": Case(lambda: b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(100), "damaged"),
    "a zstd frame that claims exabytes": Case(
        lambda: b"\x28\xb5\x2f\xfd\xc0\x00" + b"\xff" * 8 + bytes(8), "damaged|cut off"
    ),
    "gzip cut off": Case(lambda: gzip.compress(member("a", bytes(5000)))[:-9], "cut off"),
    "gzip of noise": Case(lambda: b"\x1f\x8b\x08\0\0\0\0\0\0\3" + zlib.compress(b"a")[::-1] * 99, "damaged"),
    "an endless member": Case(lambda: member("a", size=(1 << 63) - 1) + bytes(4096), "cut off"),
    "a wanted endless member": Case(lambda: member(METADATA, size=1 << 62) + bytes(4096), f"{BUDGET}MEMBER"),
    "a negative size": Case(lambda: changed(member("a"), 124, b"\xff" * 12) + END, "no size"),
    "a size of 95 bits": Case(lambda: changed(member("a"), 124, b"\x80" + b"\xff" * 11) + END, "no size"),
    "a checksum that lies": Case(lambda: b"\1" + member("a")[1:] + END, "checksum"),
    "a picture": Case(lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "tar header|number"),
    "no bytes": Case(lambda: b""),
    "a lone byte": Case(lambda: b"a", "cut off"),
    "old sparse: exabytes": Case(lambda: old_sparse(b"\x80" + b"\0" * 4 + b"\x7f" * 7), f"{BUDGET}MEMBER"),
    "old sparse: overlapping": Case(lambda: old_sparse(b"00000001000\0", (0, 8), (4, 8)), "sparse"),
    "pax 0.1: overlapping": Case(
        lambda: pax(
            f"GNU.sparse.size=100\nGNU.sparse.map=0,9,5,9\npath={METADATA}", content=bytes(18)
        ) + END,
        "sparse",
    ),
    "pax 0.1: exabytes": Case(
        lambda: pax(f"GNU.sparse.size={1 << 60}\nGNU.sparse.map=0,1\npath={METADATA}", content=b"a") + END,
        f"{BUDGET}MEMBER",
    ),
    "pax 1.0: a map without end": Case(
        lambda: pax(
            f"GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=9\npath={METADATA}",
            content=b"9999999999999\n0\n".ljust(512, b"1"),
        ) + END,
        "sparse|pax",
    ),
    "old sparse: a map without end": Case(
        lambda: gzip.compress(
            changed(member(METADATA, kind=b"S"), 482, b"\1")
            + ((b"%011o\0" % 0) * 42 + b"\1").ljust(512, b"\0") * 100_000,
            1,
        ),
        "sparse file of more than",
    ),
    "pax 1.0: a map of millions": Case(
        lambda: gzip.compress(
            pax(
                f"GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=9\npath={METADATA}",
                content=b"3000000\n" + b"0\n0\n" * 3_000_000,
            ) + END,
            1,
        ),
        "a sparse file of",
    ),
    "pax: a size of exabytes": Case(lambda: pax(f"size={1 << 62}") + END, "cut off"),
    "pax: a record as long as it likes": Case(
        lambda: member("x", b"99999999999 path=a\n", kind=b"x") + member("a") + END, "pax"
    ),
    "an extended header of gigabytes": Case(
        lambda: member("x", kind=b"x", size=4 << 30) + bytes(4096), "extended header of"
    ),
    "out of the root": Case(lambda: PASSWD + member("/etc/shadow") + END, tells="etc"),
    "devices and pipes": Case(
        lambda: member("dev/sda", kind=b"4") + member("dev/tty", kind=b"3") + member("p", kind=b"6") + END
    ),
    "names that are no text": Case(
        lambda: changed(member("aaaa"), 0, b"\xff\n\x1b[") + changed(member("bbbb"), 0, b"\0\0\0\0") + END
    ),
    "a name of 10 kB": Case(lambda: member("n" * 10_000) + END, f"{BUDGET}PATH_LENGTH"),
    "very deep": Case(lambda: member("a/" * 1000 + "f") + END, f"{BUDGET}PATH_DEPTH"),
    "links in circles": Case(
        lambda: member("a", kind=b"2", link="b") + member("b", kind=b"2", link="a")
        + member("c", kind=b"2", link="c") + member("a/c/b/f") + END
    ),
    "a link that doubles its way": Case(
        lambda: b"".join(member(f"l{n}", kind=b"2", link=f"l{n + 1}/l{n + 1}") for n in range(60))
        + member("l0/a-1.dist-info/METADATA", WHEEL) + END
    ),
    "hard links to nowhere and to themselves": Case(
        lambda: member(METADATA, kind=b"1", link="nowhere")
        + member("b.egg-info", kind=b"1", link="b.egg-info") + END,
        tells=METADATA,
    ),
    "too many files": Case(lambda: gzip.compress(many(20_001), 1), f"{BUDGET}ENTRIES"),
    "one file 20,000 times": Case(lambda: gzip.compress(many(19_999, METADATA), 1)),
    "file, folder, file, folder": Case(
        lambda: (member("a") + member("a/b") + member("a", kind=b"2", link="c")) * 999 + END
    ),
    "folders that come and go among many": Case(
        lambda: gzip.compress(
            b"".join(member(f"d{n}/f") for n in range(10_000))
            + (member("a") + member("a/b")) * 4_900
            + END,
            1,
        ),
        f"{BUDGET}TREE",
    ),
    "whiteouts of everything": Case(
        lambda: member(".wh..wh..opq") + member(".wh.etc") + member(".wh...") + member(".wh.") + END
    ),
    "a database that is too large": Case(
        lambda: gzip.compress(member("var/lib/dpkg/status", b"Package: a\n" * (2 << 20)), 1),
        f"{BUDGET}MEMBER",
    ),
    "JSON without a bottom": Case(lambda: member(NODE, deep_json()) + END, tells=NODE),
    "archives in archives": Case(lambda: member("a.jar", zip_in_zip(6)) + END),
    "a jar that is a bomb": Case(lambda: gzip.compress(member("a.jar", jar_bomb()) + END)),
    "an executable with tables beyond its end": Case(lambda: member("a", lying_elf(40, 1 << 62)) + END),
    "an executable with programs beyond its end": Case(lambda: member("a", lying_elf(32, 2**64 - 1)) + END),
    "SQLite in circles": Case(lambda: member(SQLITE, lying_sqlite(100)) + END, tells=SQLITE),
    "SQLite whose rows are all the same": Case(
        lambda: member(SQLITE, aliased_sqlite()) + END, tells=SQLITE
    ),
    "Berkeley DB of noise": Case(
        lambda: member(BERKELEY, (bytes(12) + b"\x61\x15\x06\0" + b"\xff" * 99) * 80) + END,
        tells=BERKELEY,
    ),
    "NDB of noise": Case(lambda: member(NDB, b"RpmP" + b"\xff" * 8000) + END, tells=NDB),
}  # fmt: skip


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Callable[[bytes], LayerSource]]:
    """Puts the blob into a folder in which nothing else must be afterwards."""
    (tmp_path / "blobs").mkdir()

    def store(blob: bytes) -> LayerSource:
        (tmp_path / "blobs" / "layer").write_bytes(blob)
        return LayerSource(tmp_path / "blobs" / "layer", 0, len(blob), digest.of(blob))

    yield store
    assert [path.name for path in tmp_path.rglob("*")] == ["blobs", "layer"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_hostile_layer_is_refused_or_read_and_costs_little(
    case: Case, stored: Callable[[bytes], LayerSource]
) -> None:
    source = stored(case.blob())
    began = time.monotonic()
    if case.says:
        with pytest.raises((BudgetExceeded, CorruptLayer), match=case.says) as refused:
            index_layer(source, budgets=TIGHT)
        assert "crashed" not in refused.value.message
        assert "failed" not in refused.value.message
    else:
        found = index_layer(source, budgets=TIGHT)
        assert case.tells in {"", *(problem.path for problem in found.problems)}
        said = [*found.tree.whiteouts, *found.tree.symlinks, *(problem.path for problem in found.problems)]
        assert not any(path.startswith("/") or ".." in path.split("/") for path in said)
    assert time.monotonic() - began < LONGEST


def test_whiteouts_do_not_leave_their_folder(stored: Callable[[bytes], LayerSource]) -> None:
    found = index_layer(
        stored(member("a/.wh...") + member("a/.wh..") + member("a/.wh.b") + END), budgets=TIGHT
    )
    assert found.tree.whiteouts == ("a/b",)


def test_many_folders_among_files_that_come_in_turns_are_looked_at_once(
    stored: Callable[[bytes], LayerSource],
) -> None:
    files = b"".join(member(f"{n % 2}/{n}") for n in range(60_000))
    folders = b"".join(member(f"0/d{n}/", kind=b"5") for n in range(30_000))
    source = stored(gzip.compress(files + folders + member("0/0/f") + END, 1))
    began = time.monotonic()
    assert index_layer(source, budgets=Budgets()).tree.opaque == ("0/0",)
    assert time.monotonic() - began < LONGEST / 3
