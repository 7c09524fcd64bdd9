"""Executables in all formats, small ones as a linker might write them, and damaged ones."""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.indexing import gobinary, rustbinary, sift, software
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

ADDRESS = 0x400000  # of the file's first byte


def elf(sections: Mapping[str, bytes], *, wide: bool = True, order: str = "<", named: bool = True) -> bytes:
    """The sections follow each other from 0x1000 on; all are writable, and together make one segment.

    Those whose names begin with .text are code.
    """
    word = "Q" if wide else "I"
    head = 64 if wide else 52
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*sections, ".shstrtab"))
    body, rows, at = b"", [(0, 0, 1, 0, 0)], 0x1000
    for name, content in (*sections.items(), (".shstrtab", names)):
        kind, flags = 3 if name == ".shstrtab" else 1, 5 if name.startswith(".text") else 1
        rows.append((names.index(name.encode() + b"\0"), kind, flags, at, len(content)))
        body += padded(content)
        at += len(padded(content))
    table = b"".join(
        struct.pack(f"{order}2I4{word}2I2{word}", name, kind, flags, ADDRESS + start, start, size, 0, 0, 0, 0)
        for name, kind, flags, start, size in rows
    )
    numbers = (2, 62, 1, 0, head, at if named else 0, 0, head, 56 if wide else 32, 1, len(table) // len(rows))
    counts = (len(rows), len(rows) - 1) if named else (0, 0)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2]) + bytes(10)
    header = ident + struct.pack(f"{order}2HI3{word}I6H", *numbers, *counts)
    size = len(body)
    segment = (
        struct.pack(f"{order}2I6Q", 1, 6, 0x1000, ADDRESS + 0x1000, 0, size, size, 0)
        if wide
        else struct.pack(f"{order}8I", 1, 0x1000, ADDRESS + 0x1000, 0, size, size, 6, 0)
    )
    return (header + segment).ljust(0x1000, b"\0") + body + (table if named else b"")


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 16)


def pe(sections: Mapping[str, bytes]) -> bytes:
    at, rows, body = 0x400, b"", b""
    for name, content in sections.items():
        size, flags = len(padded(content)), 0xC0000040
        rows += struct.pack("<8s6I2HI", name.encode(), size, at, size, at, 0, 0, 0, 0, flags)
        body += padded(content)
        at += size
    optional = struct.pack("<H22xQ", 0x20B, ADDRESS).ljust(240, b"\0")
    coff = struct.pack("<4s2H3I2H", b"PE\0\0", 0x8664, len(sections), 0, 0, 0, len(optional), 0)
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 64)
    return (dos + coff + optional + rows).ljust(0x400, b"\0") + body


def macho(sections: Mapping[str, bytes], *, fat: bool = False) -> bytes:
    at, rows, body = 0x1000, b"", b""
    for name, content in sections.items():
        size = len(padded(content))
        rows += struct.pack("<16s16s2QI28x", name.encode(), b"__DATA", ADDRESS + at, size, at)
        body += padded(content)
        at += size
    segment = struct.pack("<2I16s4Q4I", 0x19, 72 + len(rows), b"__DATA", 0, 0, 0, 0, 3, 3, len(sections), 0)
    header = b"\xcf\xfa\xed\xfe" + struct.pack("<7I", 0, 0, 2, 1, len(segment + rows), 0, 0)
    thin = (header + segment + rows).ljust(0x1000, b"\0") + body
    return (
        (struct.pack(">7I", 0xCAFEBABE, 1, 0, 0, 4096, len(thin), 0).ljust(4096, b"\0") + thin)
        if fat
        else thin
    )


def go_build_info(go: str, modules: str) -> bytes:
    """As Go writes it since 1.18."""
    texts = (go.encode(), b"x" * 16 + modules.encode() + b"y" * 16 if modules else b"")
    return b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + b"".join(
        varint(len(each)) + each for each in texts
    )


def old_go_build_info(go: str, modules: str, *, wide: bool = True, order: str = "<") -> bytes:
    """As Go wrote it before, in the first section of an executable."""
    size, word = (8, "Q") if wide else (4, "I")
    texts = (go.encode(), b"x" * 16 + modules.encode() + b"y" * 16)
    start = ADDRESS + 0x1000
    headers_at = start + 32
    texts_at = headers_at + 4 * size
    flags = 0 if order == "<" else 1
    info = b"\xff Go buildinf:" + bytes([size, flags])
    info += struct.pack(f"{order}2{word}", headers_at, headers_at + 2 * size).ljust(16, b"\0")
    info += struct.pack(f"{order}4{word}", texts_at, len(texts[0]), texts_at + len(texts[0]), len(texts[1]))
    return info + b"".join(texts)


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def crates(json_text: str) -> bytes:
    return zlib.compress(json_text.encode())


MODULES = """path\texample.com/hello
mod\texample.com/hello\t(devel)\t
dep\texample.com/a\tv1.2.3\th1:a=
dep\texample.com/b\tv1.0.0\th1:b=
=>\texample.com/fork\tv1.0.1\th1:f=
dep\texample.com/c\tv1.0.0
=>\t./c\t\t
build\t-compiler=gc
"""
FOUND = ["stdlib@1.22.3", "example.com/a@v1.2.3", "example.com/fork@v1.0.1"]

FORMATS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "elf": elf,
    "elf32": partial(elf, wide=False),
    "elf-big-endian": partial(elf, order=">"),
    "elf-stripped": partial(elf, named=False),
    "macho": macho,
    "macho-fat": partial(macho, fat=True),
    "pe": pe,
}


def file(content: bytes, path: str = "usr/bin/tool", mode: int = 0o755) -> File:
    pieces = [content[at : at + 700] for at in range(0, len(content), 700)]
    return File(path, mode, len(content), pieces, head=content[:8])


def go(content: bytes) -> list[str]:
    return [
        f"{item.name}@{item.version}" for item in gobinary.read(file(content)) if isinstance(item, Package)
    ]


def rust(content: bytes) -> list[str]:
    items = rustbinary.read(file(content))
    return [f"{item.name}@{item.version}" for item in items if isinstance(item, Package)]


def sifted(content: bytes) -> File:
    """As a layer with a huge executable gives it."""
    choose = sift(file(content))
    assert choose is not None
    pieces = choose(content[at : at + (256 << 10)] for at in range(0, len(content), 256 << 10))
    held = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
    assert held <= 61 << 20
    return File("usr/bin/tool", 0o755, len(content), pieces)


def problems(content: bytes) -> list[ProblemKind]:
    items = [*gobinary.read(file(content)), *rustbinary.read(file(content))]
    return [item.kind for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize("form", FORMATS)
def test_go_s_modules_are_found_in_every_format(form: str) -> None:
    name = {"macho": "__go_buildinfo", "macho-fat": "__go_buildinfo", "pe": ".data"}.get(
        form, ".go.buildinfo"
    )
    content = FORMATS[form]({name: go_build_info("go1.22.3", MODULES)})
    assert gobinary.wants(file(content))
    assert go(content) == FOUND


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_old_go_wrote_pointers(*, wide: bool, order: str) -> None:
    info = old_go_build_info("go1.16.15", MODULES, wide=wide, order=order)
    assert go(elf({".go.buildinfo": info}, wide=wide, order=order)) == ["stdlib@1.16.15", *FOUND[1:]]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("go1.21.0 X:boringcrypto", ["stdlib@1.21.0"]),
        ("go1.20", ["stdlib@1.20"]),
        ("go1.21rc2", ["stdlib@1.21rc2"]),
        ("go1.19.13b7", ["stdlib@1.19.13"]),
        ("devel go1.23-abcdef Mon", []),
    ],
)
def test_r5_the_toolchain_s_version_is_the_standard_library_s(version: str, expected: list[str]) -> None:
    content = elf({".go.buildinfo": go_build_info(version, "")})
    assert go(content) == expected
    assert problems(content) == ([] if expected else [ProblemKind.INVALID_VERSION])


@pytest.mark.parametrize(
    ("version", "is_package"),
    [
        ("v1.4.0", True),
        ("v1.4.1-0.20240101000000-0123456789ab+dirty", True),
        ("v0.0.0-20240101000000-0123456789ab", False),
        ("v0.0.0-20240101000000-0123456789ab+dirty", False),
        ("(devel)", False),
    ],
)
def test_r5_the_main_module_is_a_package_if_it_has_a_version(version: str, *, is_package: bool) -> None:
    content = elf({".go.buildinfo": go_build_info("go1.24.1", f"mod\texample.com/m\t{version}\t\n")})
    assert (f"example.com/m@{version}" in go(content)) == is_package


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ('"-s -w -X main.version=1.2.3"', "v1.2.3"),
        ("-X=main.version=v1.2.3", "v1.2.3"),
        ("\"-X 'main.Version=1.2.3-rc.1' -X 'main.date=2024-01-01'\"", "v1.2.3-rc.1"),
        (r'"-X \"example.com/m/internal/build.gitVersion=v1.2.3\" -X main.tag=v1.2.3"', "v1.2.3"),
        ('"-X example.com/other.Version=2.45.0"', "v2.45.0"),
        ('"-X example.com/other.Version=9.9.9 -X example.com/m.Version=1.2.3"', "v1.2.3"),
        ('"-X example.com/mm.Version=9.9.9 -X main.version=1.2.3"', "v1.2.3"),
        ('"-X main.version=1.2.3 -X example.com/m/cmd.version=1.2.4"', None),
        ('"-X main.goVersion=1.22.3 -X main.commit=0123456"', None),
        ('"-X main.version=dev"', None),
        ('"-X main.version=1.2"', None),
        ('"cut off', None),
    ],
)
@pytest.mark.parametrize("version", ["(devel)", "", "v0.0.0-20240101000000-0123456789ab"])
def test_the_linker_s_flags_tell_the_version_of_a_program_without_one(
    flags: str, expected: str | None, version: str
) -> None:
    info = f"mod\texample.com/m\t{version}\t\nbuild\t-compiler=gc\nbuild\t-ldflags={flags}\n"
    _, *found = list(gobinary.read(file(elf({".go.buildinfo": go_build_info("go1.20", info)}))))
    said = [(item.version, item.confidence) for item in found if isinstance(item, Package)]
    assert said == ([(expected, "low")] if expected else [])


def test_the_go_command_stands_for_the_toolchain() -> None:
    found = {
        program: go(
            elf({".go.buildinfo": go_build_info("go1.22.3", f"path\t{program}\nbuild\tGOOS=linux\n")})
        )
        for program in ("cmd/go", "cmd/gofmt")
    }
    assert found == {"cmd/go": ["stdlib@1.22.3", "toolchain@1.22.3"], "cmd/gofmt": ["stdlib@1.22.3"]}


TRIMMED = "mod\texample.com/m\t(devel)\t\nbuild\t-compiler=gc\nbuild\t-trimpath=true\nbuild\tGOOS=linux\n"


@pytest.mark.parametrize(
    ("constants", "expected"),
    [
        (b"text\x00\x002.23.0\x00text", ["v2.23.0"]),
        (b"\x00v1.20.2\x00 \x00v1.20.2\x00", ["v1.20.2"]),
        (b"\x002.42.0-rc.1+ds\x00", ["v2.42.0-rc.1+ds"]),
        (b"\x001.2.3\x00\x001.2.4\x00", []),
        (b"\x001.2.3\x00\x001.2.30\x00", []),
        (b"\x001.5.0\x00\x001.5.0-1+b6\x00", ["v1.5.0"]),
        (b"at 10.0.0.1 or 1.2.3, go1.22.3\x00", []),
        (b"\x0010.0.0.1\x00", []),
        (b"\x001.2\x00", []),
    ],
)
def test_what_the_linker_wrote_among_the_constants_tells_the_version(
    constants: bytes, expected: list[str]
) -> None:
    sections = {".go.buildinfo": go_build_info("go1.22.3", TRIMMED), ".rodata": constants}
    _, *found = list(gobinary.read(file(elf(sections))))
    assert [(each.version, each.confidence) for each in found if isinstance(each, Package)] == [
        (version, "low") for version in expected
    ]


@pytest.mark.parametrize(
    "info", [TRIMMED.replace("true", "false"), TRIMMED.replace("(devel)", "v1.0.0"), "build\tGOOS=linux\n"]
)
def test_constants_do_not_count_where_flags_or_a_version_are_told(info: str) -> None:
    sections = {".go.buildinfo": go_build_info("go1.22.3", info), ".rodata": b"\x002.23.0\x00"}
    assert "example.com/m@v2.23.0" not in go(elf(sections))


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("example.com/m/cmd/tool", ["example.com/m@v26.1.5+dfsg1"]),
        ("example.com/m", ["example.com/m@v26.1.5+dfsg1"]),
        ("command-line-arguments", []),
        ("cmd/link", []),
    ],
)
def test_a_program_that_was_built_without_modules_is_known_by_its_package(
    program: str, expected: list[str]
) -> None:
    info = f"path\t{program}\nbuild\t-ldflags=-X=example.com/m/version.Version=26.1.5+dfsg1\n"
    assert go(elf({".go.buildinfo": go_build_info("go1.24.4", info)}))[1:] == expected


def test_a_released_program_s_own_version_goes_before_its_linker_s_flags() -> None:
    info = "mod\texample.com/m\tv1.4.0\t\nbuild\t-ldflags=-X=main.version=9.9.9\n"
    assert go(elf({".go.buildinfo": go_build_info("go1.20", info)}))[1:] == ["example.com/m@v1.4.0"]


def test_an_untagged_dependency_is_a_package() -> None:
    line = "dep\tgolang.org/x/net\tv0.0.0-20240101000000-0123456789ab\th1:x=\n"
    content = elf({".go.buildinfo": go_build_info("go1.24.1", line)})
    assert go(content)[1:] == ["golang.org/x/net@v0.0.0-20240101000000-0123456789ab"]


@pytest.mark.parametrize("info", [b"\0" * 64, go_build_info("go1.22.3", MODULES)[:60]])
def test_build_information_that_cannot_be_read_is_told(info: bytes) -> None:
    content = elf({".go.buildinfo": info})
    assert go(content) == []
    assert problems(content) == [ProblemKind.INVALID_METADATA]


def test_a_length_that_lies_is_told() -> None:
    info = b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + b"\xff" * 9 + b"\x01" + b"go1.22"
    assert problems(elf({".go.buildinfo": info})) == [ProblemKind.INVALID_METADATA]


def test_pointers_that_lead_nowhere_are_told() -> None:
    info = b"\xff Go buildinf:\x03\x00".ljust(64, b"\xee")
    assert problems(elf({".go.buildinfo": info})) == [ProblemKind.INVALID_METADATA]


CRATES = """{"packages": [
 {"name": "serde", "version": "1.0.200", "source": "crates.io", "dependencies": [1]},
 {"name": "cc", "version": "1.0.1", "source": "crates.io", "kind": "build"},
 {"name": "forked", "version": "0.3.0", "source": "git"},
 {"name": "mine", "version": "0.1.0", "source": "local"},
 {"name": "app", "version": "0.1.0", "source": "local", "root": true}]}"""


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "elf-stripped"])
def test_crates_are_found_in_every_format(form: str) -> None:
    content = FORMATS[form]({".dep-v0": crates(CRATES)})
    assert rustbinary.wants(file(content))
    assert rust(content) == ["serde@1.0.200", "forked@0.3.0", "mine@0.1.0", "app@0.1.0"]


def test_a_crate_that_only_its_project_has_is_known_with_low_confidence() -> None:
    found = list(rustbinary.read(file(elf({".dep-v0": crates(CRATES)}))))
    assert [item.confidence for item in found if isinstance(item, Package)] == ["", "", "low", ""]


@pytest.mark.parametrize(
    "stored",
    [
        b"no zlib",
        crates("{"),
        crates("[]"),
        crates('{"packages": [1]}'),
        crates('{"packages": [{"source": "crates.io", "name": 1, "version": "a b"}]}'),
        crates("[" * 100_000),
        crates(CRATES)[:40],
        zlib.compress(bytes(9 << 20)),
        bytes(2 << 20),
    ],
)
def test_a_list_of_crates_that_cannot_be_read_is_told(stored: bytes) -> None:
    content = elf({".dep-v0": stored})
    assert rust(content) == []
    assert problems(content) == [ProblemKind.INVALID_METADATA]


@pytest.mark.parametrize(
    ("path", "mode", "head", "wanted"),
    [
        ("usr/bin/tool", 0o755, b"\x7fELF\x02\x01\x01\0", True),
        ("usr/lib/libx.so.1.2", 0o644, b"\x7fELF\x02\x01\x01\0", True),
        ("usr/lib/x.o", 0o644, b"\x7fELF\x02\x01\x01\0", False),
        ("usr/bin/script", 0o755, b"#!/bin/s", False),
        ("tool.exe", 0o644, b"MZ\x90\0\x03\0\0\0", True),
        ("usr/bin/empty", 0o755, b"", False),
    ],
)
def test_executables_are_wanted_by_their_first_bytes(
    path: str, mode: int, head: bytes, *, wanted: bool
) -> None:
    assert gobinary.wants(File(path, mode, 100, head=head)) == wanted


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
def test_damaged_executables_raise_nothing(form: str, data: st.DataObject) -> None:
    info = go_build_info("go1.22.3", MODULES)
    content = bytearray(FORMATS[form]({".go.buildinfo": info, ".data": info, ".dep-v0": crates(CRATES)}))
    filled = [at for at, byte in enumerate(content) if byte]
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.sampled_from(filled))] = data.draw(st.integers(0, 255))
    damaged = file(bytes(content[: data.draw(st.integers(4, len(content)))]))
    for item in (*gobinary.read(damaged), *rustbinary.read(damaged)):
        assert item.path == "usr/bin/tool"


def test_of_a_huge_executable_the_parts_that_tell_are_kept() -> None:
    filling = bytes(60 << 20)
    info = go_build_info("go1.22.3", MODULES)
    content = elf({".text": filling, ".go.buildinfo": info, ".more": filling, ".dep-v0": crates(CRATES)})
    huge = sifted(content)
    assert sum(map(len, huge.pieces)) == len(content)
    assert [item.name for item in gobinary.read(huge) if isinstance(item, Package)][:1] == ["stdlib"]
    assert [item.name for item in rustbinary.read(huge) if isinstance(item, Package)] == [
        "serde",
        "forked",
        "mine",
        "app",
    ]


@pytest.mark.parametrize(("rights", "kept"), [(6, True), (4, True), (7, True), (5, False)])
def test_of_a_huge_executable_s_code_nothing_is_kept_for_go(*, rights: int, kept: bool) -> None:
    filling = bytes(60 << 20)
    info = go_build_info("go1.22.3", MODULES)
    content = bytearray(elf({".text": filling, ".go.buildinfo": info, ".more": filling}))
    struct.pack_into("<I", content, 64 + 4, rights)  # of the segment that all is in
    said = [type(item) for item in gobinary.read(sifted(bytes(content)))]
    assert said == ([Package] * len(FOUND) if kept else [Problem])


def test_what_was_not_kept_of_a_huge_executable_is_told() -> None:
    filling = bytes(50 << 20)
    huge = sifted(elf({".text": filling, ".dep-v0": crates(CRATES), ".debug": filling}))
    assert [item.kind for item in rustbinary.read(huge) if isinstance(item, Problem)] == [
        ProblemKind.INVALID_METADATA
    ]


def test_a_mark_everywhere_keeps_little() -> None:
    assert sifted(elf({".text": b"\xff Go buildinf:" * (8 << 20)})).size


def test_only_executables_are_sifted() -> None:
    assert sift(File("var/lib/rpm/Packages", size=1 << 30)) is None


NODE = b"\0node.js/v20.1.2\0"
ELSEWHERE = b"\0node.js/v18.3.4\0"


def software_in(content: bytes) -> list[str]:
    # In pieces of a size that no table keeps to.
    pieces = [content[at : at + 1001] for at in range(0, len(content), 1001)]
    return [package.version for package in software.read(File("usr/bin/node", 0o755, len(content), pieces))]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_software_is_known_by_what_is_no_code(*, wide: bool, order: str) -> None:
    found = software_in(elf({".text": ELSEWHERE * 100, ".rodata": NODE}, wide=wide, order=order))
    assert found == ["20.1.2"]


@pytest.mark.parametrize("named", [True, False])
def test_software_is_known_where_all_is_said_to_be_code_or_nothing_is_told(*, named: bool) -> None:
    assert software_in(elf({".text": NODE}, named=named)) == ["20.1.2"]


def test_text_does_not_go_on_behind_code() -> None:
    assert (
        software_in(elf({".data": b"x" * 14 + b"no", ".text": bytes(16), ".rodata": b"de.js/v1.2.3"})) == []
    )


def test_tables_of_code_that_lie_hide_nothing() -> None:
    good = elf({".text": bytes(5000), ".rodata": NODE, ".text.hot": bytes(100)})
    table = int.from_bytes(good[40:48], "little")
    for field in (24, 32):  # where a section is, and how large
        for row in (1, 2, 3):
            for number in (0, 1, 1 << 31, (1 << 64) - 1):
                lying = bytearray(good)
                struct.pack_into("<Q", lying, table + row * 64 + field, number)
                assert software_in(bytes(lying)) == ["20.1.2"]
    for cut in (50, 64, table, table + 100):
        assert software_in(good[:cut]) == (["20.1.2"] if cut >= table else [])
