"""One download over HTTP (RFC 9110) that survives what the network does to it: retries, and resumes."""

import email.utils
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

import httpx

from careen.feeds.document import Document, NotPublished, TooLarge, Unreachable

_ABSENT = frozenset({httpx.codes.NOT_FOUND, httpx.codes.GONE})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 60.0  # seconds, whatever Retry-After asks for


@dataclass(frozen=True, slots=True)
class Limits:
    size: int = 1 << 30  # bytes of a document, after HTTP's own compression; the largest of today have 70 MB
    seconds: float = 1800.0  # for one document, with all attempts
    attempts: int = 4
    backoff: float = 0.5  # seconds before the second attempt, doubled for each further one


class _Passing(Exception):
    """An answer that may be another one next time."""

    def __init__(self, message: str, wait: float) -> None:
        super().__init__(message)
        self.wait = wait  # seconds, as Retry-After asks


@dataclass(slots=True)
class Transfer:
    """Writes the body of `url` to `file`; `seen` is the copy that need not be sent again."""

    client: httpx.Client
    url: str
    file: BinaryIO
    limits: Limits
    seen: Document | None = None
    accept: str = ""  # a media type; "" = whatever the server has
    headers: httpx.Headers = field(default_factory=httpx.Headers)  # of the answer that `file` holds
    deadline: float = 0.0

    def run(self) -> httpx.Headers | None:
        """The headers of the answer; None for 304. Raises NotPublished, TooLarge, Unreachable.

        An httpx.ConnectError or ConnectTimeout of the last attempt is left to the caller.
        """
        self.deadline = time.monotonic() + self.limits.seconds
        for attempt in range(1, self.limits.attempts + 1):
            wait = self.limits.backoff * 2 ** (attempt - 1)
            try:
                return self._attempt()
            except _Passing as answer:
                problem: Exception = answer
                wait = max(wait, answer.wait)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if attempt == self.limits.attempts:
                    raise
                problem = Unreachable(self.url)
            except httpx.TransportError as error:
                problem = error
            except (httpx.RequestError, httpx.InvalidURL) as error:
                raise self._unreachable(error) from None
            if attempt < self.limits.attempts and time.monotonic() + wait < self.deadline:
                time.sleep(wait)
        raise self._unreachable(problem)

    def _attempt(self) -> httpx.Headers | None:
        asked = self._conditions() | ({"Accept": self.accept} if self.accept else {})
        with self.client.stream("GET", self.url, headers=asked) as response:
            if response.url.scheme != httpx.URL(self.url).scheme:
                raise Unreachable(f"{self.url} leads to {response.url}, which is not {self.url[:5]}")
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return None
            self._check(response)
            if not self._continues(response):
                self.file.seek(0)
                self.file.truncate()
                self.headers = response.headers
            write(self.url, self.file, response.iter_bytes(), self.limits, self.deadline)
        return self.headers

    def _conditions(self) -> dict[str, str]:
        """Of a body that broke off, the rest is asked for; without one, only what `seen` is not."""
        at = self.file.tell()
        validator = self.headers.get("etag", "") or self.headers.get("last-modified", "")
        # What was sent compressed is counted in other bytes than those in the file.
        if at and validator and not validator.startswith("W/") and "content-encoding" not in self.headers:
            return {"Range": f"bytes={at}-", "If-Range": validator, "Accept-Encoding": "identity"}
        if self.seen is None:
            return {}
        conditions = {"If-None-Match": self.seen.etag, "If-Modified-Since": self.seen.last_modified}
        return {name: value for name, value in conditions.items() if value}

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _ABSENT:
            raise NotPublished(f"{self.url} does not exist ({status})")
        if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.headers = httpx.Headers()  # the next attempt begins anew
        elif response.is_success:
            return
        elif status not in _PASSING:
            raise Unreachable(f"{self.url} answered {status} {response.reason_phrase}")
        raise _Passing(f"answered {status}", _retry_after(response.headers.get("retry-after", "")))

    def _continues(self, response: httpx.Response) -> bool:
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            return False
        if not response.headers.get("content-range", "").startswith(f"bytes {self.file.tell()}-"):
            self.headers = httpx.Headers()
            raise _Passing("sent another part than was asked for", 0.0)
        return True

    def _unreachable(self, problem: Exception) -> Unreachable:
        return Unreachable(f"{self.url}: {str(problem) or type(problem).__name__}")


def write(url: str, file: BinaryIO, chunks: Iterable[bytes], limits: Limits, deadline: float) -> None:
    """Appends `chunks` to `file` within the limits; raises TooLarge, Unreachable."""
    for chunk in chunks:
        if file.tell() + len(chunk) > limits.size:
            raise TooLarge(f"{url} has more than {limits.size} bytes")
        if time.monotonic() > deadline:
            raise Unreachable(f"{url} takes more than {limits.seconds:.0f} s")
        file.write(chunk)


def _retry_after(value: str) -> float:
    """Seconds to wait (RFC 9110, section 10.2.3); 0 for a value that is none."""
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT)
