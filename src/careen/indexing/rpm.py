"""RPM's database in its three formats and all its places, and the manifest of Mariner's distroless images."""

import re
from collections.abc import Iterator

from careen.indexing import _rpm_bdb, _rpm_header, _rpm_ndb, _rpm_sqlite
from careen.indexing._rope import Rope
from careen.indexing._rpm_header import Header
from careen.indexing._rpm_storage import InvalidDatabase
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, printable, shown
from careen.model.file import File
from careen.model.layer import Installed
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

NAME = "rpm"
VERSION = 4

_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
_FILES = ("Packages", "Packages.db", "rpmdb.sqlite")
_MANIFEST = "var/lib/rpmmanifest/container-manifest-2"
_LOG = "rpmdb.sqlite-wal"  # of changes that are still to be made in the database (sqlite.org/wal.html)
_PATHS = frozenset({_MANIFEST, *(f"{folder}/{file}" for folder in _FOLDERS for file in (*_FILES, _LOG))})

_FORMATS = (
    (_rpm_bdb.is_mine, _rpm_bdb.headers),
    (_rpm_ndb.is_mine, _rpm_ndb.headers),
    (_rpm_sqlite.is_mine, _rpm_sqlite.headers),
)
_KEY = "gpg-pubkey"  # what `rpm --import` leaves: a key that poses as a package
_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(no)?src\.rpm")
_MODULE = re.compile(r"[^:]+:[^:]+(?=:|$)")
_LARGEST_MANIFEST = 16 << 20  # bytes; that of a large image has 100,000
_COLUMNS = 10
_NONE = "(none)"  # how rpm's query format shows what a package does not have

SIGNS = Signs(ends=tuple(_PATHS))


def wants(file: File) -> bool:
    return file.path in _PATHS


def read(file: File) -> Iterator[Package | Problem | Installed]:
    """The packages whose headers can be read, their files, and one problem if that is not all there is."""
    if file.name == _LOG:
        yield from _log(file)
        return
    fault = ""
    for header in _lines(file) if file.path == _MANIFEST else _headers(Rope(file.pieces)):
        if isinstance(header, InvalidDatabase):
            fault = fault or header.message
        elif header.name != _KEY:
            package = _package(file, header)
            yield package
            if isinstance(package, Package):
                yield Installed(file.path, header.name, header.files.algorithm, header.files.files)
    if fault:
        message = f"rpm's database cannot be read: {fault}"
        yield Problem(ProblemKind.CORRUPT_DATABASE, file.path, message)


def _log(file: File) -> Iterator[Problem]:
    """SQLite empties or removes it when the last program closes the database."""
    if file.size:
        message = "changes stand beside rpm's database that are not in it yet: packages may be missing"
        yield Problem(ProblemKind.INVALID_METADATA, file.path, message)


def _headers(content: Rope) -> Iterator[Header | InvalidDatabase]:
    """None for an empty file: no program has made a database of it yet."""
    if not len(content):
        return
    try:
        for blob in _blobs(content):
            yield _header(blob)
    except InvalidDatabase as fault:
        yield fault


def _blobs(content: Rope) -> Iterator[bytes]:
    for is_mine, headers in _FORMATS:
        if is_mine(content):
            return headers(content)
    raise InvalidDatabase("it is neither of Berkeley DB nor of NDB nor of SQLite")


def _header(blob: bytes) -> Header | InvalidDatabase:
    try:
        return _rpm_header.parse(blob)
    except InvalidDatabase as fault:
        return fault


def _lines(file: File) -> Iterator[Header | InvalidDatabase]:
    """A package a line: NAME, VERSION-RELEASE, two times, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM.

    Not every writer fills EPOCH in (Dalec says "(none)" for all packages), but EPOCHNUM is right.
    """
    if file.size > _LARGEST_MANIFEST:
        yield InvalidDatabase(f"a manifest of {file.size} bytes")
        return
    for number, line in enumerate(file.read().decode("utf-8", "replace").splitlines(), start=1):
        columns = ["" if column == _NONE else column for column in line.split("\t")]
        if len(columns) != _COLUMNS:
            yield InvalidDatabase(f"line {number} is no package")
            continue
        version, _, release = columns[1].partition("-")
        arch, epoch, source_rpm = columns[7:]
        yield Header(columns[0], version, release, epoch, arch, source_rpm, vendor=columns[4])


def _package(file: File, header: Header) -> Package | Problem:
    name, version, arch = header.name, _version(header), header.arch
    if not all(map(is_token, (name, header.version, header.release, version, arch or "noarch"))):
        message = f"a package has no valid name and version: {shown(name)}, {shown(version)}"
        return Problem(ProblemKind.INVALID_METADATA, file.path, message)
    source, source_version = _source(header.source_rpm)
    return Package(
        name,
        version,
        type="rpm",
        manager=NAME,
        path=file.path,
        source=source,
        source_version=source_version,
        arch=arch,
        module=_module(header.module),
        vendor=printable(header.vendor),
    )


def _source(text: str) -> tuple[str, str]:
    """Name and version of the source package; it has an epoch, but its file's name does not say so."""
    match = _SOURCE_RPM.fullmatch(text) if is_token(text) else None
    return (match["name"], match["version"]) if match else ("", "")


def _module(label: str) -> str:
    """NAME:STREAM of NAME:STREAM:VERSION:CONTEXT."""
    match = _MODULE.match(label) if is_token(label) else None
    return match[0] if match else ""


def _version(header: Header) -> str:
    """[EPOCH:]VERSION-RELEASE; an epoch of 0 is none."""
    version = f"{header.version}-{header.release}"
    return version if header.epoch in ("", "0") else f"{header.epoch}:{version}"
