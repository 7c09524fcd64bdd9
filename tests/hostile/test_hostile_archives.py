"""Jars whose members overlap: a few kilobytes that claim to be the same bytes many times over."""

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Iterable

import pytest

from careen.indexing import java
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

LONGEST = 20.0  # seconds of CPU, for a machine under load; most need a tenth of one
POM = b"groupId=g\nartifactId=a\nversion=1\n"


def overlapping(names: Iterable[bytes], content: bytes, *, method: int = 8) -> bytes:
    """An archive of one member, which its directory has under each of the names."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stored = packer.compress(content) + packer.flush() if method else content
    sizes = zlib.crc32(content), len(stored), len(content)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, method, 0, 0, *sizes, 0, 0) + stored
    entries = [
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, method, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, 0)
        + name
        for name in names
    ]
    directory = b"".join(entries)
    count = min(len(entries), 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(local), 0)
    return local + directory + end


def read(content: bytes, piece: int = 1 << 17) -> list[Package | Problem]:
    began = time.process_time()
    pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
    found = list(java.read(File("app/a.jar", size=len(content), pieces=pieces)))
    assert time.process_time() - began < LONGEST
    return found


def problems(found: Iterable[Package | Problem]) -> list[Problem]:
    return [item for item in found if isinstance(item, Problem)]


@pytest.mark.parametrize("name", [b"%d/pom.properties", b"META-INF/MANIFEST.MF"])
@pytest.mark.parametrize("filling", [b"\n", b"#"])
def test_a_megabyte_that_is_there_5_000_times_is_not_read_as_often(name: bytes, filling: bytes) -> None:
    content = (POM + filling * (1 << 20))[: 1 << 20]
    names = [name % number if b"%" in name else name for number in range(5_000)]
    (problem,) = problems(read(overlapping(names, content)))
    assert problem.kind is ProblemKind.BUDGET_EXCEEDED
    assert "bytes of manifests and poms" in problem.message


def test_a_jar_of_a_large_directory_that_is_there_many_times_is_not_opened_as_often() -> None:
    inner = overlapping([b"%d.class" % number for number in range(200_000)], b"x")
    found = read(overlapping([b"%d.jar" % number for number in range(20_000)], inner, method=0))
    (problem,) = problems(found)
    assert problem.kind is ProblemKind.BUDGET_EXCEEDED
    assert "bytes of archives and their directories" in problem.message


def test_a_jar_with_itself_in_it_many_times_over_is_given_up() -> None:
    content = b"x"
    for _ in range(9):
        content = overlapping([b"%d.jar" % number for number in range(1000)], content, method=0)
    assert {problem.kind for problem in problems(read(content))} == {ProblemKind.BUDGET_EXCEEDED}


def test_a_line_of_blanks_in_a_pom_costs_no_more_than_its_length() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/pom.properties", POM + b"x" + b" " * 1_000_000 + b"y")
    (package,) = read(out.getvalue())
    assert isinstance(package, Package)
    assert (package.name, package.version) == ("g:a", "1")


def test_a_file_in_a_million_pieces_is_read_where_it_is_asked_for() -> None:
    names = [b"%d/pom.properties" % number for number in range(5_000)]
    assert [item for item in read(overlapping(names, POM), piece=2) if isinstance(item, Package)]


def test_a_jar_s_name_is_no_version_where_it_could_steer_a_terminal() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Implementation-Title: org.acme:tool\n")
    content = out.getvalue()
    found = list(java.read(File("app/tool-1.0\x1b[31m.jar", size=len(content), pieces=[content])))
    assert problems(found) == found


def test_names_of_64_kilobytes_cost_no_more_than_they_are_long() -> None:
    name = b"a-" + b"0." * 30_000 + b"\n.jar"
    inner = overlapping([b"META-INF/MANIFEST.MF"], b"Implementation-Title: a:a\n")
    began = time.process_time()
    for _ in range(3):
        inner = overlapping([name], inner)
    read(inner)
    assert time.process_time() - began < 5
