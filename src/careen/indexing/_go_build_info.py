"""What Go's linker writes about a build (Go's debug/buildinfo and runtime/debug.ParseBuildInfo)."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from careen.indexing._executable import Executable
from careen.indexing._section import Section

_MAGIC: Final = b"\xff Go buildinf:"
_NAMES: Final = (".go.buildinfo", "__go_buildinfo")
_ALIGNMENT: Final = 16
_HEADER: Final = 32
_BIG_ENDIAN: Final = 1  # flags
_INLINE: Final = 2  # flags
_MAX_SEARCHED: Final = 16 << 20  # bytes of each section
_MAX_TEXT: Final = 4 << 20  # bytes of the list of modules
_FRAME: Final = 16  # bytes of a marker before and behind the list
_LONGEST_NUMBER: Final = 10  # bytes of a varint
_PROGRAM: Final = re.compile(r"^path\t([^\t\n]*)", re.MULTILINE)
_LINKER_FLAGS: Final = re.compile(
    r'^build\t-ldflags=(?:"(?P<quoted>(?:[^"\\\n]|\\.)*)"|(?P<plain>[^"\n]*))$', re.MULTILINE
)
_SETTING: Final = "\nbuild\t"
_TRIMMED: Final = "\nbuild\t-trimpath=true\n"
_ESCAPED: Final = re.compile(r"\\(.)")


class BadBuildInfo(Exception):
    """There is build information, but it cannot be read; the message tells why."""


class Module(NamedTuple):
    kind: str  # "mod" for the main module, "dep" for the others
    path: str
    version: str


class BuildInfo(NamedTuple):
    go: str  # "go1.22.3"
    modules: list[Module]
    program: str = ""  # the package that it was built from: "cmd/go"
    linker_flags: str = ""  # as they were given to `go build -ldflags`; "" = none, or it is not told
    tells_flags: bool = True  # not with -trimpath, and not before Go 1.18


def read(executable: Executable) -> BuildInfo | None:
    """None where the executable is not Go's; raises BadBuildInfo."""
    named = executable.named(*_NAMES)
    for section in [named] if named else _data(executable):
        at = _find(executable, section)
        if at is not None:
            go, modules = _texts(executable, at)
            text = modules.decode("utf-8", "replace")
            program = _PROGRAM.search(text)
            return BuildInfo(
                go.decode("utf-8", "replace"),
                list(_modules(text)),
                program[1] if program else "",
                _linker_flags(text),
                tells_flags=_SETTING in text and _TRIMMED not in text,
            )
    if named:
        raise BadBuildInfo("its build information has no beginning")
    return None


def _data(executable: Executable) -> list[Section]:
    """Where it is in executables that have no section for it: those of Windows, and stripped ones."""
    if executable.named(".text", "__text") and executable.rope.read(0, 2) != b"MZ":
        return []
    return [section for section in executable.sections if section.is_writable]


def _find(executable: Executable, section: Section) -> int | None:
    start, end = section.offset, section.offset + min(section.size, _MAX_SEARCHED)
    at = start
    while at < end:
        at = executable.rope.find(_MAGIC, at, end - at)
        if at < 0:
            return None
        if (at - start) % _ALIGNMENT == 0:
            return at
        at += 1
    return None


def _texts(executable: Executable, at: int) -> tuple[bytes, bytes]:
    """Go's version and the list of modules, as written."""
    header = executable.rope.read(at, _HEADER)
    if len(header) < _HEADER:
        raise BadBuildInfo("its build information is cut off")
    pointer_size, flags = header[14], header[15]
    if flags & _INLINE:
        go, at = _inline(executable, at + _HEADER)
        modules, _ = _inline(executable, at)
    else:
        order = _Pointers(executable, pointer_size, is_big=bool(flags & _BIG_ENDIAN))
        go, modules = (order.text(header[16 + each * pointer_size :]) for each in (0, 1))
    if modules and modules[-_FRAME - 1 : -_FRAME] != b"\n":
        raise BadBuildInfo("its list of modules is cut off")
    return go, modules[_FRAME:-_FRAME]


def _inline(executable: Executable, at: int) -> tuple[bytes, int]:
    """A text after its length, which is a varint; and where it ends."""
    size = shift = 0
    for byte in executable.rope.read(at, _LONGEST_NUMBER):
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint
            break
    text = executable.rope.read(at, size if size <= _MAX_TEXT else 0)
    if len(text) < size:
        raise BadBuildInfo(f"its build information claims {size} bytes")
    return text, at + size


class _Pointers:
    """Follows the pointers of Go before 1.18, which lead to a text's address and length."""

    def __init__(self, executable: Executable, size: int, *, is_big: bool) -> None:
        if size not in (4, 8):
            raise BadBuildInfo(f"its pointers have {size} bytes")
        self._executable = executable
        self._size = size
        self._is_big = is_big

    def text(self, pointer: bytes) -> bytes:
        header = self._executable.at(self._number(pointer), 2 * self._size)
        size = self._number(header[self._size :])
        text = self._executable.at(self._number(header), size if size <= _MAX_TEXT else 0)
        if len(text) < size:
            raise BadBuildInfo(f"its build information claims {size} bytes")
        return text

    def _number(self, content: bytes) -> int:
        return int.from_bytes(content[: self._size], "big" if self._is_big else "little")


def _linker_flags(text: str) -> str:
    """The value of the setting, which Go quotes where it has a blank."""
    found = _LINKER_FLAGS.search(text)
    if not found:
        return ""
    quoted = found["quoted"]
    return found["plain"] if quoted is None else _ESCAPED.sub(r"\1", quoted)


def _modules(text: str) -> Iterator[Module]:
    """The modules that were built in: of a replaced one, its replacement."""
    last: Module | None = None
    for line in text.split("\n"):
        kind, *fields = line.split("\t")
        if kind == "=>" and last:
            last = Module(last.kind, *_path_and_version(fields))
        elif kind in ("mod", "dep"):
            if last:
                yield last
            last = Module(kind, *_path_and_version(fields))
    if last:
        yield last


def _path_and_version(fields: list[str]) -> tuple[str, str]:
    path, version, *_ = [*fields, "", ""]
    return path, version
