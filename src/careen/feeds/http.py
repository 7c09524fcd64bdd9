"""Fetches upstreams' documents, or their copies in a mirror.

`https://HOST/PATH` is `FOLDER/HOST/PATH` of a mirror folder and `URL/HOST/PATH` of a mirror URL. Single
upstreams may be had from elsewhere: what begins with a replaced address is asked for at the new one, a URL or
a path, whatever the mirror.
"""

import hashlib
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Self
from urllib.parse import unquote, urlsplit

import httpx

from careen.errors import Error, Invalid
from careen.feeds._transfer import Limits, Transfer, write
from careen.feeds.document import Cursor, Document, Failure, Fetched, NotPublished, Unreachable

UNFINISHED = ".unfinished-"  # begins the names of files that a process which died may leave behind
_REDIRECTS = 5
_CHUNK = 1 << 20


class Http:
    """Fetches documents; several threads may share it."""

    def __init__(
        self,
        mirror: str = "",
        *,
        replaced: Mapping[str, str] = MappingProxyType({}),  # the beginning of addresses -> a URL or a path
        timeout: float = 30.0,  # seconds without a byte
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        """`mirror` is a folder or a URL; "" asks the upstreams. Raises Invalid for a folder that is none."""
        self._mirror = mirror
        self._replaced = dict(replaced)
        if mirror and "://" not in mirror and not Path(mirror).is_dir():
            raise Invalid(f"the mirror {mirror} is not a folder")
        self._limits = limits
        self._client = httpx.Client(
            timeout=timeout,
            follow_redirects=True,
            max_redirects=_REDIRECTS,
            headers={"User-Agent": "careen (container image scanner)"},
        )
        self._down: set[str] = set()  # hosts to which no connection could be made: they are not asked again

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(
        self, url: str, folder: Path, seen: Document | None = None, *, accept: str = ""
    ) -> Document | None:
        """The document at `url`, as a file in `folder` named by its digest; None when it is still as `seen`.

        `accept` is the media type to ask for, where the server offers several.
        Raises NotPublished, TooLarge, and Unreachable for all that may pass.
        """
        with _unfinished(folder) as file:
            asked = self._asked(url)
            if isinstance(asked, Path):
                headers: httpx.Headers | None = self._copy(url, asked, file)
            else:
                headers = self._download(asked, file, seen, accept)
            if headers is None:
                return None
            sha256 = _sha256(file)
            if seen and seen.sha256 == sha256:
                return None
            _publish(file, folder / sha256)
        return Document(
            url, folder / sha256, sha256, headers.get("etag", ""), headers.get("last-modified", "")
        )

    def fetch(self, urls: Iterable[str], seen: Cursor, *, accept: str = "") -> Fetched | None:
        """Gets every document, whatever becomes of the others; None when all are as `seen`."""
        documents, failures = [], []
        for url in urls:
            try:
                document = self.get(url, seen.folder, seen.documents.get(url), accept=accept)
            except Error as error:
                failures.append(Failure(url, error.message))
            else:
                documents += [document] if document else []
        return Fetched(tuple(documents), tuple(failures)) if documents or failures else None

    def place(self, url: str) -> str:
        """The mirror or replacement from which `url` is had; "" = from its upstream."""
        replaced = self._replacement(url)
        return self._replaced[replaced] if replaced else self._mirror

    def _replacement(self, url: str) -> str:
        """The longest of the replaced addresses that `url` is or lies below; "" = none."""
        found = [each for each in self._replaced if url == each or url.startswith(each.rstrip("/") + "/")]
        return max(found, key=len, default="")

    def _asked(self, url: str) -> str | Path:
        replaced, place = self._replacement(url), self.place(url)
        if not place:
            return url
        rest = url[len(replaced) :].lstrip("/") if replaced else url.partition("://")[2]
        if "://" in place:
            return f"{place.rstrip('/')}/{rest}" if rest else place
        return Path(place).joinpath(*parts(f"://{rest}")) if rest else Path(place)

    def _copy(self, url: str, path: Path, file: BinaryIO) -> httpx.Headers:
        try:
            with path.open("rb") as source:
                write(url, file, iter(lambda: source.read(_CHUNK), b""), self._limits, math.inf)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotPublished(f"the mirror has no {path}") from None
        except OSError as error:
            raise Unreachable(f"{url}: {path}: {error.strerror}") from None
        return httpx.Headers()

    def _download(
        self, asked: str, file: BinaryIO, seen: Document | None, accept: str
    ) -> httpx.Headers | None:
        host = urlsplit(asked).netloc
        if host in self._down:
            raise Unreachable(f"{asked}: {host} is not to be reached")
        try:
            return Transfer(self._client, asked, file, self._limits, seen, accept).run()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._down.add(host)
            raise Unreachable(f"{asked}: {error}") from None


def parts(url: str) -> tuple[str, ...]:
    """Host and path of `url` as names in a mirror folder; raises Invalid where they would lead out of it."""
    names = tuple(unquote(url.partition("://")[2].partition("?")[0]).split("/"))
    if any(name in ("", ".", "..") or "\0" in name or "\\" in name for name in names):
        raise Invalid(f"{url} has no place in a mirror folder")
    return names


@contextmanager
def _unfinished(folder: Path) -> Iterator[BufferedRandom]:
    """A file in `folder` that is gone in the end, unless it was given another name."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=UNFINISHED)
    os.close(handle)
    try:
        with Path(name).open("w+b") as file:
            yield file
    finally:
        Path(name).unlink(missing_ok=True)


def _sha256(file: BufferedRandom) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def _publish(file: BufferedRandom, path: Path) -> None:
    """Gives a written file its name; after a crash it is there whole or not at all."""
    file.flush()
    os.fsync(file.fileno())
    Path(file.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
