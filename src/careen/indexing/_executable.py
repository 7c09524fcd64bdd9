"""Executables by their sections and addresses, whatever the format: ELF, PE or Mach-O."""

from collections.abc import Sequence
from typing import Final

from careen.indexing import _elf, _macho, _pe
from careen.indexing._rope import Rope
from careen.indexing._section import BadExecutable, Section
from careen.model.file import File

_READERS: Final = {
    b"\x7fELF": _elf.sections,
    b"MZ": _pe.sections,
    b"\xcf\xfa\xed\xfe": _macho.sections,
    b"\xce\xfa\xed\xfe": _macho.sections,
    b"\xca\xfe\xba\xbe": _macho.sections,
}
MAGIC: Final[tuple[bytes, ...]] = tuple(_READERS)
_EXECUTABLE: Final = 0o111  # mode bits
DATA: Final = ("usr/share/", "usr/include/", "usr/src/")  # no executables there (hier(7))
_NAMES: Final = (".so", ".exe", ".dll", ".dylib", ".node")


class Executable:
    def __init__(self, rope: Rope, sections: Sequence[Section]) -> None:
        self.rope: Final = rope
        self.sections: Final = sections  # none = an indexer learns nothing from them

    def content(self, section: Section, limit: int) -> bytes:
        return self.rope.read(section.offset, min(section.size, limit))

    def named(self, *names: str) -> Section | None:
        for section in self.sections:
            if section.name in names:
                return section
        return None

    def at(self, address: int, size: int) -> bytes:
        """Bytes by the address at which they are loaded; nothing where the file has none."""
        for section in self.sections:
            start = address - section.address
            if section.address and 0 <= start < section.size:
                return self.rope.read(section.offset + start, min(size, section.size - start))
        return b""


def wanted(file: File) -> bool:
    """Whether it is an executable or a library, by its first bytes and by its mode or name."""
    return file.head.startswith(MAGIC) and (
        bool(file.mode & _EXECUTABLE) or file.name.endswith(_NAMES) or ".so." in file.name
    )


def may_be(path: str) -> bool:
    """Whether a file of this path might be one: what is known of a path alone says little."""
    if path.startswith(DATA):
        return False
    start = path.rfind("/") + 1
    name = path[start:]
    dot = name.rfind(".")
    if dot < 0 or name.endswith(_NAMES) or path[:start].endswith("bin/"):
        return True
    return ".so." in name or name[dot + 1 :].isdigit()


def open_executable(file: File) -> Executable:
    """Opened once for all that ask. Raises BadExecutable for one whose tables are damaged or lie."""
    opened = file.opened.get(__name__)
    if not isinstance(opened, Executable):
        opened = file.opened[__name__] = _open(file)
    return opened


def _open(file: File) -> Executable:
    rope = Rope(file.pieces)
    head = rope.read(0, 4)
    for magic, sections in _READERS.items():
        if head.startswith(magic):
            return Executable(rope, sections(rope))
    raise BadExecutable("it is no executable")
