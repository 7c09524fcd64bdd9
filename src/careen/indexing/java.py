"""Java archives and the archives in them (JAR File Specification; Maven's archiver)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from careen.indexing import _jar
from careen.indexing._jar import Coordinates
from careen.indexing._qualifiers import qualifiers
from careen.indexing._rope import Rope
from careen.indexing._sha1 import Digests
from careen.indexing._signs import Signs
from careen.indexing._tokens import shown
from careen.indexing._zip import BadZip, Entry, Zip
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "java"
VERSION = 7

_SUFFIXES = (".jar", ".war", ".ear", ".par", ".sar", ".nar", ".jpi", ".hpi", ".kar", ".lpkg", ".far")
_POM, _POM_XML, _MANIFEST = "/pom.properties", "/pom.xml", "META-INF/MANIFEST.MF"
_MAVEN = "META-INF/maven/"
_WANTED = tuple(name.encode() for name in (*_SUFFIXES, _POM, _POM_XML, _MANIFEST))
_SMALL = 1 << 20  # bytes of a manifest or of a pom.properties
_LARGEST = 64 << 20  # bytes of an archive, and of all that it lies in
_INFLATED = 1 << 30  # bytes of all archives in a file, and of their directories
_ALL_SMALL = 32 << 20  # bytes of all manifests and poms in a file
_DEEPEST = 8  # archives in archives
_ARCHIVES = 20_000  # in a file
_TOLD = 3  # archives without a name that a message spells out

SIGNS = Signs(ends=_SUFFIXES)


def wants(file: File) -> bool:
    return file.path.endswith(_SUFFIXES)


def read(file: File) -> Iterator[Package | Problem]:
    """What the archive is and what was put into it, each group:artifact and version once.

    Of an archive that does not tell its group the digest is told, by which others know it.
    """
    digests = Digests(file)
    seen: set[tuple[str, str]] = set()
    nameless: list[str] = []
    reader = _Reader(file)
    for archive in reader.archives():
        found = list(_contents(archive))
        if not found and not archive.entries_are_archives:
            known = digests.of(archive.rope) if len(nameless) < _TOLD else ""
            nameless.append(f"{shown(archive.path or file.name)} {known}".rstrip())
        for coordinates, inner in found:
            if (coordinates.name, coordinates.version) not in seen:
                seen.add((coordinates.name, coordinates.version))
                checksum = "" if coordinates.group else digests.of(archive.rope)
                yield _package(file, coordinates, inner, qualifiers(checksum=checksum))
    yield from reader.problems
    if nameless and not reader.problems:
        told = ", ".join(nameless[:_TOLD])
        message = f"{len(nameless)} archives tell neither name nor version: {told}"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)


def _package(file: File, found: Coordinates, inner: str, said: str) -> Package:
    return Package(
        found.name,
        found.version,
        type="maven",
        manager="maven",
        path=file.path,
        inner=inner,
        ecosystem="Maven",
        qualifiers=said,
    )


class _Small:
    """Members that are read as a whole. Many may claim to be the same bytes of the file."""

    def __init__(self) -> None:
        self._left = _ALL_SMALL

    @property
    def is_exceeded(self) -> bool:
        return self._left < 0

    def read(self, archive: Zip, entry: Entry) -> bytes:
        """Nothing where it is damaged or too much, as the archive's name may still tell who it is."""
        if entry.size > _SMALL or self._left < 0:
            return b""
        self._left -= max(entry.size, entry.stored)
        try:
            content = archive.read(entry, _SMALL)
        except BadZip:
            return b""
        return content.read(0, _SMALL)


class _Archive(NamedTuple):
    path: str  # inside the file; "" = the file itself
    name: str  # of the file
    rope: Rope
    zip: Zip
    small: _Small

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def entries_are_archives(self) -> bool:
        """Whether it is but a box of others, as an ear often is."""
        return any(entry.name.endswith(_SUFFIXES) for entry in self.zip.entries)

    def inside(self, entry: Entry) -> str:
        return f"{self.path}!/{entry.name}" if self.path else entry.name


def _contents(archive: _Archive) -> Iterator[tuple[Coordinates, str]]:
    """What the archive itself is, then what was copied into it; and the path of what says so."""
    said = _manifest(archive)
    poms, folders = [], []
    for entry in archive.zip.entries:
        if entry.name.endswith(_POM) and (
            found := _jar.pom(archive.small.read(archive.zip, entry), _folder(entry))
        ):
            poms.append((found, archive.inside(entry)))
        elif entry.name.endswith(_POM_XML) and entry.name.startswith(_MAVEN):
            folders.append(_folder(entry))
    if not any(_jar.is_own(found, archive.stem, said) for found, _ in poms):
        itself = _jar.own(archive.stem, said, folders)
        if itself and (itself.group or _is_another(itself, archive, poms)):
            yield itself, archive.path
    for found, inner in poms:
        yield found, archive.path if _jar.is_own(found, archive.stem, said) else inner


def _folder(entry: Entry) -> str:
    """GROUP/ARTIFACT, whose pom lies there; "" for one that lies elsewhere."""
    _, found, folder = entry.name.rpartition("/")[0].rpartition(_MAVEN)
    return folder if found else ""


def _is_another(itself: Coordinates, archive: _Archive, poms: list[tuple[Coordinates, str]]) -> bool:
    """Whether an archive without a group is none of what is named in it, if under another name."""
    versions = {found.version for found, _ in poms}
    return not poms or (itself.version not in versions and archive.stem.endswith(f"-{itself.version}"))


def _manifest(archive: _Archive) -> Mapping[str, str]:
    entries = (entry for entry in archive.zip.entries if entry.name == _MANIFEST)
    return _jar.manifest(b"".join(archive.small.read(archive.zip, entry) for entry in entries))


class _Waiting(NamedTuple):
    """An archive that is still to be opened, in another that is open."""

    parent: _Archive
    entry: Entry
    depth: int
    held: int  # bytes of the archives around it that had to be inflated


class _Reader:
    """The archives in a file, each before those in it, within limits."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._left = _INFLATED
        self._small = _Small()
        self._waiting: list[_Waiting] = []
        self.problems: list[Problem] = []

    def archives(self) -> Iterator[_Archive]:
        opened = self._open("", self._file.name, Rope(self._file.pieces))
        if opened:
            yield opened
            self._await(opened, 1, 0)
        for _ in range(_ARCHIVES):
            if not self._waiting or self._left < 0:
                break
            yield from self._next()
        if self._left < 0:
            self._exceeded(f"more than {_INFLATED} bytes of archives and their directories")
        elif self._waiting:
            self._exceeded(f"more than {_ARCHIVES} archives")
        if self._small.is_exceeded:
            self._exceeded(f"more than {_ALL_SMALL} bytes of manifests and poms")

    def _next(self) -> Iterator[_Archive]:
        parent, entry, depth, held = self._waiting.pop()
        path = parent.inside(entry)
        if depth > _DEEPEST:
            self._exceeded(f"{shown(path)} lies deeper than {_DEEPEST} archives")
            return
        inflated = max(entry.size, entry.stored) if entry.method else 0
        if inflated > min(_LARGEST - held, self._left):
            self._exceeded(f"{shown(path)} has {entry.size} bytes")
            return
        self._left -= inflated
        try:
            rope = parent.zip.read(entry, _LARGEST)
        except BadZip as error:
            self._damaged(path, error)
            return
        opened = self._open(path, entry.name.rpartition("/")[2], rope)
        if opened:
            yield opened
            self._await(opened, depth + 1, held + inflated)

    def _open(self, path: str, name: str, rope: Rope) -> _Archive | None:
        try:
            opened = Zip(rope, is_wanted)
        except BadZip as error:
            self._damaged(path, error)
            return None
        self._left -= opened.directory_size
        return _Archive(path, name, rope, opened, self._small)

    def _await(self, archive: _Archive, depth: int, held: int) -> None:
        nested = [entry for entry in archive.zip.entries if entry.name.endswith(_SUFFIXES)]
        self._waiting += [_Waiting(archive, entry, depth, held) for entry in reversed(nested)]
        del self._waiting[: -_ARCHIVES - 1]  # one more than there is a turn for

    def _damaged(self, path: str, error: BadZip) -> None:
        where = f"{shown(path)} in it: " if path else ""
        self.problems.append(Problem(ProblemKind.INVALID_METADATA, self._file.path, f"{where}{error}"))

    def _exceeded(self, what: str) -> None:
        self.problems.append(
            Problem(ProblemKind.BUDGET_EXCEEDED, self._file.path, f"{what}: too much to read")
        )


def is_wanted(name: bytes) -> bool:
    return name.endswith(_WANTED)
