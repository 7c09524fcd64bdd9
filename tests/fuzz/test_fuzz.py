"""Every parser against bytes that nobody meant: a few seconds in each test run, longer by `make fuzz`."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careen import zstd
from careen.errors import Error
from careen.images import manifest as manifests
from careen.images.budgets import Budgets
from careen.images.inflate import inflate
from careen.images.squash import squash
from careen.images.walk import Walk
from careen.indexing import INDEXERS, Indexer, Record, telling
from careen.model import digest, packed_paths
from careen.model.file import File
from careen.model.layer import LayerIndex, LayerTree, Listing
from careen.model.package import Package

LENGTHS = {"": 25, "long": 20_000}  # examples for each parser
FUZZ = settings(
    max_examples=LENGTHS[os.environ.get("HYPOTHESIS_PROFILE", "")],
    deadline=10_000,  # milliseconds: what is slow is a finding too
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
LARGEST = 1 << 20  # bytes of a file to begin with
ROOTS = sorted((Path(__file__).parents[1] / "indexing/testdata").glob("*/*/rootfs"))
NUMBERS = [bytes(4), b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0\0\0\1", b"\1\0\0\0", b"\x80\0\0\0", bytes(8)]
EDIT = st.tuples(
    st.floats(0, 1, exclude_max=True),  # where
    st.sampled_from(["put", "insert", "drop", "repeat", "cut"]),
    st.sampled_from(NUMBERS) | st.binary(min_size=1, max_size=12),
)
EDITS = st.lists(EDIT, min_size=1, max_size=6)
Edits = list[tuple[float, str, bytes]]


def files() -> Iterator[File]:
    for root in ROOTS:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            if path.stat().st_size <= LARGEST:
                content = path.read_bytes()
                name = path.relative_to(root).as_posix()
                yield File(name, 0o755, len(content), (content,), head=content[:8])


FILES = list(files())
SEEDS = {indexer.NAME: [file for file in FILES if indexer.wants(file)] for indexer in INDEXERS}


def mutated(content: bytes, edits: Edits) -> bytes:
    for where, how, what in edits:
        at = int(where * len(content))
        if how == "put":
            content = content[:at] + what + content[at + len(what) :]
        elif how == "insert":
            content = content[:at] + what + content[at:]
        elif how == "drop":
            content = content[:at] + content[at + 8 * len(what) :]
        elif how == "repeat":
            content = content[: at + 64 * len(what)] + content[at:]
        else:
            content = content[:at]
    return content


def file_with(file: File, content: bytes) -> File:
    half = len(content) // 2
    pieces = (content[:half], memoryview(content)[half:])
    return File(file.path, file.mode, len(content), pieces, head=content[:8])


def check(record: Record, path: str) -> None:
    item = record.read(telling(record)) if isinstance(record, Listing) else record
    texts = [getattr(item, name) for name in type(item).__slots__]
    assert not any("\0" in text for text in texts if isinstance(text, str))
    assert item.path == path
    if isinstance(item, Package):
        assert item.name
        assert item.version


def test_every_indexer_has_files_to_begin_with() -> None:
    assert not [name for name, seeds in SEEDS.items() if not seeds]


@pytest.mark.parametrize("indexer", INDEXERS, ids=lambda indexer: indexer.NAME)
@FUZZ
@given(data=st.data(), edits=EDITS)
def test_indexers_read_what_was_a_database(indexer: Indexer, data: st.DataObject, edits: Edits) -> None:
    seed = data.draw(st.sampled_from(SEEDS[indexer.NAME]))
    for item in indexer.read(file_with(seed, mutated(seed.read(), edits))):
        check(item, seed.path)


@pytest.mark.parametrize("indexer", INDEXERS, ids=lambda indexer: indexer.NAME)
@FUZZ
@given(data=st.data(), content=st.binary(max_size=2000))
def test_indexers_read_noise(indexer: Indexer, data: st.DataObject, content: bytes) -> None:
    seed = data.draw(st.sampled_from(SEEDS[indexer.NAME]))
    begin = data.draw(st.integers(0, 128))
    for item in indexer.read(file_with(seed, seed.read()[:begin] + content)):
        check(item, seed.path)


def archive(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for path, kind, link, content in (
            ("d", tarfile.DIRTYPE, "", b""),
            ("d/" + "n" * 150, tarfile.REGTYPE, "", b"12345"),
            ("l", tarfile.SYMTYPE, "d/" + "t" * 120, b""),
            ("l/f", tarfile.REGTYPE, "", b"6" * 600),
            ("h", tarfile.LNKTYPE, "l/f", b""),
            (".wh.g", tarfile.REGTYPE, "", b""),
        ):
            info = tarfile.TarInfo(path)
            info.type, info.linkname, info.size = kind, link, len(content)
            info.pax_headers = {"mtime": "1.5", "GNU.sparse.size": "5", "GNU.sparse.map": "0,5"}
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


ARCHIVES = {form: archive(form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)}


def with_right_checksums(data: bytes) -> bytes:
    """Headers that a changed byte has not made void."""
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    return b"".join(
        block[:148] + b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:])) + block[156:]
        if len(block) == 512 and (block[257:262] == b"ustar")
        else block
        for block in blocks
    )


def walked(data: bytes, size: int) -> LayerTree:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    walk = Walk(pieces, wants=lambda _: True, budgets=Budgets(member=1 << 20))

    def see(file: File) -> None:
        assert sum(map(len, file.pieces)) == file.size
        assert not file.path.startswith("/")
        assert not {"", ".", ".."} & set(file.path.split("/"))

    walk.run(see)
    return walk.tree.build()


@FUZZ
@given(form=st.sampled_from(list(ARCHIVES)), edits=EDITS, size=st.integers(1, 2000), fits=st.booleans())
def test_archives_are_walked_or_refused(form: int, edits: Edits, size: int, fits: bool) -> None:  # noqa: FBT001 - drawn
    data = mutated(ARCHIVES[form], edits)
    try:
        tree = walked(with_right_checksums(data) if fits else data, size)
    except Error:
        return
    for packed in (tree.files, tree.folders):
        assert packed_paths.check(packed) == packed


COMPRESSORS: list[Callable[[bytes], bytes]] = [gzip.compress, zstd.compress]


@FUZZ
@given(compress=st.sampled_from(COMPRESSORS), edits=EDITS, size=st.integers(1, 2000))
def test_blobs_are_inflated_or_refused(compress: Callable[[bytes], bytes], edits: Edits, size: int) -> None:
    blob = mutated(compress(ARCHIVES[tarfile.GNU_FORMAT]) + compress(b"more"), edits)
    pieces = (blob[at : at + size] for at in range(0, len(blob), size))
    budgets = Budgets(inflated=16 << 20)
    try:
        assert sum(map(len, inflate(pieces, budgets=budgets, expected=digest.of(blob)))) <= 16 << 20
    except Error:
        return


DESCRIPTOR = b'{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":5}' % (
    b"0" * 64
)
MANIFEST = b'{"schemaVersion":2,"config":%s,"layers":[%s,%s],"annotations":{"a":"b"}}' % ((DESCRIPTOR,) * 3)
INDEX = b'{"schemaVersion":2,"manifests":[%s]}' % DESCRIPTOR.replace(
    b"}", b',"platform":{"os":"linux","architecture":"amd64"}}'
)
WORDS = st.sampled_from(
    [b"null", b"1e999", b"-1", b"[]", b"{}", b'"', b"[" * 99, b"\xff", b"\\ud800", b"9" * 400]
)


@FUZZ
@given(seed=st.sampled_from([MANIFEST, INDEX]), edits=EDITS, at=st.floats(0, 1), word=WORDS)
def test_manifests_are_understood_or_refused(seed: bytes, edits: Edits, at: float, word: bytes) -> None:
    where = int(at * len(seed))
    for body in (mutated(seed, edits), seed[:where] + word + seed[where:], seed.replace(b"5", word)):
        try:
            manifest = manifests.parse(body)
        except Error:
            continue
        assert all(layer.size >= 0 for layer in manifest.layers)


NAMES = st.sampled_from(["a", "b", "..", ".", "", "etc", "a/b", "/", "a/../..", "l"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PACKED = (st.lists(PATHS | st.just(""), max_size=6).map("\0".join).map(str.encode) | st.binary()).map(
    zstd.compress
)
TREES = st.builds(
    LayerTree,
    whiteouts=st.lists(PATHS, max_size=3).map(tuple),
    opaque=st.lists(PATHS, max_size=2).map(tuple),
    symlinks=st.dictionaries(PATHS, PATHS, max_size=8),
    files=PACKED,
    folders=PACKED,
)
LAYERS = st.lists(st.tuples(TREES, st.lists(PATHS.filter(bool), max_size=4)), max_size=4)


@FUZZ
@given(LAYERS)
def test_layers_of_any_kind_are_squashed(layers: list[tuple[LayerTree, list[str]]]) -> None:
    """A lying child may answer with trees that no archive makes."""
    indexes = [
        LayerIndex(
            digest.of(b"%d" % number),
            packages=tuple(Package("p", "1", type="deb", manager="dpkg", path=path) for path in paths),
            tree=tree,
        )
        for number, (tree, paths) in enumerate(layers)
    ]
    assert len(squash(indexes).packages) <= sum(len(layer.packages) for layer in indexes)
