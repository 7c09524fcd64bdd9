"""pacman's database: var/lib/pacman/local/NAME-VERSION/desc and files (alpm-db-desc(5), alpm-db-files(5))."""

import re
from collections.abc import Iterator

from careen.indexing._lines import lines
from careen.indexing._metadata import unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, printable
from careen.model.file import File
from careen.model.layer import Installed
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "pacman"
VERSION = 1

_FOLDER = "var/lib/pacman/local/"
_PATH = re.compile(r"var/lib/pacman/local/(?P<package>[^/]+)-[^/-]+-[^/-]+/(?P<kind>desc|files)")
_SECTION = re.compile(r"%([A-Z0-9]+)%")

SIGNS = Signs(begins=(_FOLDER,))


def wants(file: File) -> bool:
    return file.path.startswith(_FOLDER) and bool(_PATH.fullmatch(file.path))


def read(file: File) -> Iterator[Package | Problem | Installed]:
    match, sections = _PATH.fullmatch(file.path), _sections(file)
    if match and match["kind"] == "files":
        files = tuple((path, b"") for path in sections.get("FILES", ()) if not path.endswith("/"))
        yield Installed(file.path, match["package"], "", files)
        return
    fields = {name: values[0] for name, values in sections.items() if values}
    name, version, arch = (fields.get(each, "") for each in ("NAME", "VERSION", "ARCH"))
    if not is_token(name) or not is_token(version) or not is_token(arch or "any"):
        yield unnamed(file, name, version)
        return
    base = fields.get("BASE", "")
    yield Package(
        name,
        version,
        type="alpm",
        manager=NAME,
        path=file.path,
        source=base if is_token(base) else name,
        source_version=version,
        arch=arch,
        vendor=printable(fields.get("PACKAGER", "")),
    )


def _sections(file: File) -> dict[str, list[str]]:
    """The lines below each %NAME%; of one said twice the last counts."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines(file):
        head = _SECTION.fullmatch(line)
        if head:
            current = sections[head[1]] = []
        elif line.strip():
            current.append(line.strip())
    return sections
