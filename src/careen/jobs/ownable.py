"""What is known of evidence files that a distribution may have installed, so that their owner can be found.

A digest of a large file costs more than to inflate it, and where the layer has the package database too it is
seldom needed. dpkg gives a file the time that it has in its package; dpkg-deb lets all that was made in the
build have one time, that of the changelog (SOURCE_DATE_EPOCH), the package's own list of digests among it. So
a file with the very time of this list is what the list says. Whatever else is put there, by hand, by tar or
by another version of the package, has another time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from careen.images.ownership import CLAIM, NOT_SAID
from careen.images.paths import key
from careen.model import content
from careen.model.file import File
from careen.model.layer import Claims
from careen.model.package import Package

_DISTRIBUTED: Final = ("usr/", "lib", "bin/", "sbin/", "opt/")
_LOCAL: Final = "usr/local/"  # hier(7)
# Folders that come before the files of packages where an archive is sorted by path, and the digests that the
# package manager keeps of files.
_MANAGERS: Final = {
    "etc/apt": "md5",
    "etc/dpkg": "md5",
    "etc/apk": "sha1",
    "lib/apk": "sha1",
    "etc/rpm": "sha256",
}
_LARGE: Final = 1 << 20  # bytes from which on a digest is put off
_UNTOLD: Final = (
    315_619_200  # 1980-01-02, in seconds: tools that tell no times write 0, 1 or the first that zip knows
)
_MERGED: Final = "usr/"
_SUMS: Final = ".md5sums"  # of dpkg
_LIST: Final = ".list"  # of dpkg


class Ownable:
    """`contents` are what is known so far, by path, as model.content has it."""

    def __init__(self, held: int, has_folder: Callable[[str], bool]) -> None:
        """`held`: bytes of a file that is there as a whole; `has_folder`: what has been seen of the layer."""
        self.contents: dict[str, str] = {}
        self._held = held
        self._has_folder = has_folder
        self._late: dict[str, int] = {}  # large files without a digest yet, and their times
        self._times: dict[str, int] = {}  # of files of package databases

    def see(self, file: File, items: Sequence[object]) -> None:
        """A file, and what indexers found in it."""
        if any(isinstance(item, Claims) for item in items):
            self._times[file.path] = file.mtime
        self._late.pop(file.path, None)  # a later file of the same path replaces it
        self.contents.pop(file.path, None)
        if items and file.size <= self._held and _may_be_owned(file.path, items):
            self.contents[file.path] = self._known(file)

    def settle(self, claims: Sequence[Claims]) -> Mapping[str, set[str]]:
        """When all was seen: the files whose digests are needed after all, and by which algorithms."""
        doubtful: dict[str, set[str]] = {}
        for path, said in self._claimed(claims).items():
            proven = next((claim for claim in said if self._is_as_installed(path, claim)), None)
            if proven:
                self.contents[path] += " " + content.word(proven.algorithm, said[proven])
            else:
                doubtful[path] = {claim.algorithm for claim in said}
        return doubtful

    def _known(self, file: File) -> str:
        algorithms = self._algorithms()
        if file.size < _LARGE:
            return content.prefixes(file.pieces, algorithms)
        stamp = content.stamp(file.mtime, file.size)
        if file.mtime > _UNTOLD and "md5" in algorithms:  # dpkg's, or nobody knows yet whose
            self._late[file.path] = file.mtime
            return stamp
        return content.of(file, algorithms)

    def _algorithms(self) -> Sequence[str]:
        """What to make digests with: everything, as long as it is not known who will ask for them."""
        seen = {name for folder, name in _MANAGERS.items() if self._has_folder(folder)}
        return sorted(seen) or content.ALGORITHMS

    def _claimed(self, claims: Sequence[Claims]) -> Mapping[str, Mapping[Claims, bytes]]:
        """For late files the claims to them, each with the beginning of the digest that it names."""
        exact = _claimed({key(path): path for path in self._late}, claims)
        # Packages of before the merge say lib/a for what is usr/lib/a.
        others = {key(path.removeprefix(_MERGED)): path for path in self._late if path not in exact}
        return exact | _claimed(others, claims)

    def _is_as_installed(self, path: str, claim: Claims) -> bool:
        """Whether the times prove it. Where files of all ages have the same time they prove nothing.

        When dpkg has unpacked a package it writes the list of its files, at that time.
        """
        built = self._times.get(claim.path)
        installed = self._times.get(claim.path.removesuffix(_SUMS) + _LIST, built)
        return claim.path.endswith(_SUMS) and self._late[path] == built and built != installed


def _claimed(late: Mapping[int, str], claims: Sequence[Claims]) -> dict[str, dict[Claims, bytes]]:
    found: dict[str, dict[Claims, bytes]] = {}
    for claim in claims if late else ():
        for claimed, said in CLAIM.iter_unpack(claim.files):
            if claimed in late and said != NOT_SAID:
                found.setdefault(late[claimed], {})[claim] = said
    return found


def _may_be_owned(path: str, items: Iterable[object]) -> bool:
    """Whether it tells about a language's packages, and lies where distributions put such files.

    What is known with low confidence only is not worth the digests of large executables.
    """
    if not path.startswith(_DISTRIBUTED) or path.startswith(_LOCAL):
        return False
    return any(isinstance(item, Package) and not (item.is_os or item.confidence) for item in items)
