"""Members of an archive as Python's tarfile reads them, which is slow and shares nothing with ours."""

import io
import tarfile
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.images import tar
from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.images.extended import NOTHING, PAX, Extended
from careen.images.tarstream import Stream

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
NAMES = st.text("ab.ж", min_size=1, max_size=12).filter(lambda name: name.strip("."))
PATHS = st.lists(NAMES, min_size=1, max_size=12).map("/".join)
KINDS = st.sampled_from(
    [tarfile.REGTYPE] * 5
    + [tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
ENTRIES = st.lists(
    st.tuples(PATHS, KINDS, st.binary(max_size=1500), st.integers(0, 0o7777), st.booleans()), max_size=8
)

Told = tuple[str, int, int, str, int, bytes]


def written(entries: list[tuple[str, bytes, bytes, int, bool]], form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for path, old_kind, content, mode, has_times in entries:
            info = tarfile.TarInfo(path)
            # Of GNU's long names tarfile looks for a folder's slash where the short field cuts them off.
            kind = tarfile.REGTYPE if old_kind == tarfile.AREGTYPE and len(path.encode()) > 99 else old_kind
            info.type, info.mode, info.mtime = kind, mode, 0.5 if has_times else 1
            info.linkname = "там/там" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            body = content if info.isreg() else b""
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def expected(data: bytes) -> list[Told]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [
            (
                info.name,
                tarfile.REGTYPE[0] if info.isreg() else info.type[0],
                info.size,
                info.linkname,
                info.mode,
                archive.extractfile(info).read() if info.isreg() else b"",  # type: ignore[union-attr] # files only
            )
            for info in archive
        ]


def told(data: bytes, size: int, read: int) -> list[Told]:
    """`read` chooses what is read of each member: nothing (of some), its first bytes, or all of it."""
    stream = Stream(data[at : at + size] for at in range(0, len(data), size))
    found: list[Told] = []
    for number, member in enumerate(tar.members(stream, Budgets())):
        content, way = b"", (number + read) % 3
        if way:
            content = stream.peek(min(8, member.stored))
        if way == 2:
            content = b"".join(member.read(stream))
        kind = ord("0") if member.type in tar.FILES else member.type
        found.append(
            (member.path.rstrip("/"), kind, member.size, member.link, tar.mode(member.header), content)
        )
    return found


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(entries=ENTRIES, size=st.sampled_from([1, 511, 512, 513, 1024, 3000, 1 << 20]), read=st.integers(0, 2))
def test_members_are_those_that_tarfile_reads(
    form: int, entries: list[tuple[str, bytes, bytes, int, bool]], size: int, read: int
) -> None:
    data = written(entries, form)
    found, known = told(data, size, read), expected(data)
    assert [each[:5] for each in found] == [each[:5] for each in known]
    for number, (mine, theirs) in enumerate(zip(found, known, strict=True)):
        length = [0, 8, len(theirs[5])][(number + read) % 3]
        assert mine[5] == theirs[5][:length]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(st.data())
def test_one_changed_byte_of_a_header_is_found_out(form: int, data: st.DataObject) -> None:
    """All bytes of a header count for its checksum; that of the field itself may be written in other ways."""
    good = written([(f"file-{number}", tarfile.REGTYPE, b"", 0o644, False) for number in range(9)], form)
    at = data.draw(st.integers(0, 9 * 512 - 1).filter(lambda at: not 148 <= at % 512 < 156))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != good[at]))
    changed = good[:at] + bytes([value]) + good[at + 1 :]
    with pytest.raises(CorruptLayer):
        told(changed, data.draw(st.sampled_from([100, 512, 5000])), 0)


def test_a_sum_beyond_what_adler_tells_apart_is_still_checked() -> None:
    header = bytearray(written([("a", tarfile.REGTYPE, b"", 0o644, False)], tarfile.GNU_FORMAT)[:512])
    header[157:257] = header[265:340] = b"\xff"
    header[157:] = b"\xff" * (512 - 157)
    header[345] = 0
    header[148:156] = b" " * 8
    right = sum(header)
    assert right > 1 << 16
    for wrong in (0, 65521, -65521):
        header[148:156] = b"%06o\0 " % (right + wrong)
        if wrong:
            with pytest.raises(CorruptLayer, match="checksum"):
                told(bytes(header), 512, 0)
        else:
            assert [each[0] for each in told(bytes(header), 512, 0)] == ["a"]


@pytest.mark.parametrize("most", [0, 1, 5, 8])
def test_entries_are_counted_one_by_one(most: int) -> None:
    data = written(
        [(f"file-{number}", tarfile.REGTYPE, b"", 0o644, False) for number in range(9)], tarfile.GNU_FORMAT
    )
    members = tar.members(Stream(iter([data])), Budgets(entries=most))
    assert len(list(islice(members, most))) == most
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_ENTRIES"):
        next(members)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["path", "linkpath", "size", "mtime", "x"]), st.text("a/=1\nж ", max_size=200)
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([b"", b"\n", b"9 path=a\n", b"11 path=a\n"]),
)
def test_pax_records_say_the_same_however_few_there_are(
    records: list[tuple[str, str]], behind: bytes
) -> None:
    """A header of one path is read in a shorter way: one more record, that means nothing, leads past it."""
    body = b"".join(record(name, value) for name, value in records) + behind
    longer = record("comment", "") + body
    assert outcome(body) == outcome(longer)


def record(name: str, value: str) -> bytes:
    line = f" {name}={value}\n".encode()
    length = len(line) + 1
    while length != len(str(length)) + len(line):
        length += 1
    return str(length).encode() + line


def outcome(body: bytes) -> Extended | str:
    try:
        return NOTHING.also(PAX, body)
    except CorruptLayer as error:
        return error.message
