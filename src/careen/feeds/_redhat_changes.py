"""Which of Red Hat's documents are new: the archive, and one by one what has changed since its day."""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from careen.errors import Error
from careen.feeds._csaf import moment
from careen.feeds._fields import InvalidRecord
from careen.feeds.document import Cursor, Document, Failure, Fetched, InvalidDocument
from careen.feeds.http import Http

_DATA = "https://security.access.redhat.com/data/"
_VEX = f"{_DATA}csaf/v2/vex/"
LATEST = f"{_VEX}archive_latest.txt"
CHANGES = f"{_VEX}changes.csv"
DELETIONS = f"{_VEX}deletions.csv"
REPOSITORIES = f"{_DATA}metrics/repository-to-cpe.json"

_PARALLEL = 8
_ARCHIVE = re.compile(r"csaf_vex_(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\.tar\.zst")
_LINE = re.compile(r'"?(?P<path>[0-9]{4}/cve-[0-9]{4}-[0-9]{4,19}\.json)"?,"?(?P<date>[^",]+)"?')
_PATH = re.compile(r"[0-9]{4}/(?P<cve>cve-[0-9]{4}-[0-9]{4,19})\.json")
_LONGEST_LINE = 200  # bytes of a list
_LONGEST_NAME = 1000  # bytes that the name of an archive may have


@dataclass(frozen=True, slots=True)
class Change:
    path: str  # "2024/cve-2024-0001.json"
    modified: str  # RFC 3339 in UTC

    @property
    def cve(self) -> str:
        match = _PATH.fullmatch(self.path)
        assert match
        return match["cve"].upper()


def listed(document: BinaryIO) -> Iterator[Change]:
    """The lines of a list of documents; raises InvalidDocument for one that is no path with a date."""
    for line in document:
        match = _LINE.fullmatch(line[:_LONGEST_LINE].decode("utf-8", "replace").strip())
        if not match:
            raise InvalidDocument(f"no list of documents: {line[:200]!r}")
        try:
            yield Change(match["path"], moment(match["date"]))
        except InvalidRecord as error:
            raise InvalidDocument(f"no list of documents: {error.message}") from None


class Changes:
    def __init__(self, http: Http, seen: Cursor, shortened: Callable[[Document], Document]) -> None:
        """`shortened` makes of the archive what is kept of it."""
        self._http = http
        self._shortened = shortened
        self._seen = seen
        self._documents: list[Document] = []
        self._failures: list[Failure] = []
        self._gone: tuple[str, ...] = ()

    def fetch(self) -> Fetched | None:
        with tempfile.TemporaryDirectory(prefix="careen-") as work:
            self._get([REPOSITORIES])
            self._deletions()
            self._archive(Path(work))
        if not self._documents and not self._failures and not self._gone:
            return None
        return Fetched(tuple(self._documents), tuple(self._failures), self._gone)

    def _deletions(self) -> None:
        """While nothing was deleted the list is empty, and is none."""
        self._get([DELETIONS])
        self._documents = [each for each in self._documents if each.path.stat().st_size]

    def _archive(self, work: Path) -> None:
        """What has changed is asked for only when it is known since when."""
        try:
            name = _read(self._http.get(LATEST, work)).strip()
            match = _ARCHIVE.fullmatch(name)
            if not match:
                raise InvalidDocument(f"{LATEST} names {name[:200]!r}, which is no archive")
            found = self._http.get(_VEX + name, self._seen.folder, self._seen.documents.get(LATEST))
        except Error as error:
            self._failures.append(Failure(LATEST, error.message))
            return
        kept = self._seen.documents.get(LATEST)
        short = found and self._shortened(found)
        is_kept = short is None or (kept is not None and kept.sha256 == short.sha256)
        if short and not is_kept:
            self._documents.append(replace(short, url=LATEST))
        self._since(match["day"], work, is_kept=is_kept)

    def _since(self, day: str, work: Path, *, is_kept: bool) -> None:
        """Older changes are in the archive, once it is the one that is kept and no more to be refused."""
        try:
            path = self._http.get(CHANGES, work)
            assert path
            with path.path.open("rb") as file:
                changes = {_VEX + each.path: each for each in listed(file) if each.modified >= day}
        except Error as error:
            self._failures.append(Failure(CHANGES, error.message))
            return
        self._get([url for url, change in changes.items() if not self._is_current(url, change)])
        if is_kept:
            singles = (url for url in self._seen.documents if _PATH.fullmatch(url.removeprefix(_VEX)))
            self._gone = tuple(sorted(set(singles) - changes.keys()))

    def _is_current(self, url: str, change: Change) -> bool:
        """By the moment that the server gave with the copy at hand."""
        seen = self._seen.documents.get(url)
        if seen is None or not seen.last_modified:
            return False
        try:
            had = parsedate_to_datetime(seen.last_modified)
        except ValueError:
            return False
        return had.astimezone(UTC).isoformat(timespec="seconds") >= change.modified

    def _get(self, urls: Iterable[str]) -> None:
        with ThreadPoolExecutor(_PARALLEL) as pool:
            for found in pool.map(self._one, urls):
                if isinstance(found, Failure):
                    self._failures.append(found)
                elif found:
                    self._documents.append(found)

    def _one(self, url: str) -> Document | Failure | None:
        try:
            return self._http.get(url, self._seen.folder, self._seen.documents.get(url))
        except Error as error:
            return Failure(url, error.message)


def _read(document: Document | None) -> str:
    assert document
    with document.path.open("rb") as file:
        return file.read(_LONGEST_NAME).decode("utf-8", "replace")
