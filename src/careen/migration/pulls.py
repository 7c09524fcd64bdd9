"""Manifests and blobs of the source's registry, over the distribution API with the token flow."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from careen.errors import Invalid, Unauthenticated, Unavailable
from careen.images import documents
from careen.images import manifest as manifests
from careen.images.distribution import Client, trusted
from careen.images.exchange import RegistryUnavailable, bounded
from careen.images.place import Access
from careen.images.reference import Reference
from careen.migration.identity import Identity
from careen.migration.pace import Pace
from careen.model import digest as digests
from careen.model.digest import Digest

_ATTEMPTS = 6  # in a row that bring nothing
_USER = "iam"  # the user name that goes with an IAM token (Yandex Container Registry, "Authentication")
Answer = TypeVar("Answer")


class WrongDigest(Invalid):
    """What the source sends is not what it promised."""


@dataclass(frozen=True, slots=True)
class RegistryDoor:
    """Where images are pulled from: HOST[:PORT], and how it is spoken to."""

    host: str
    ca: Path | None = None  # PEM; None = who is trusted anyway
    plain_http: bool = False


class Pulls:
    """Safe for threads: each has a client of its own. Close it after use."""

    def __init__(self, door: RegistryDoor, identity: Identity, pace: Pace) -> None:
        self._door = door
        self._trust = trusted(door.ca)
        self._identity = identity
        self._pace = pace
        self._local = threading.local()
        self._lock = threading.Lock()
        self._clients: set[Client] = set()

    def close(self) -> None:
        with self._lock:
            for client in self._clients:
                client.close()

    def manifest(self, repository: str, digest: Digest) -> tuple[bytes, str]:
        """The manifest, verified, and the media type that came with it. Raises NotFound, WrongDigest."""

        def attempt(client: Client) -> tuple[bytes, str]:
            accept = {"Accept": ", ".join(manifests.MEDIA_TYPES)}
            with client.get(f"manifests/{digest}", accept) as response:
                return bounded(response), response.headers.get("Content-Type", "")

        body, media_type = self._repeat(repository, attempt, lambda: 0)
        if len(body) > documents.LIMIT or digests.of(body, digests.algorithm(digest)) != digest:
            raise WrongDigest(f"the source sends another manifest than {digest}")
        return body, media_type

    def blob(
        self,
        repository: str,
        digest: Digest,
        take: Callable[[httpx.Response, int], None],
        offset: Callable[[], int],
    ) -> None:
        """Give `take` an answer with bytes, and their offset: `offset()`, or 0; again until it takes all.

        Raises NotFound, and what `take` raises but RegistryUnavailable.
        """

        def attempt(client: Client) -> None:
            start = offset()
            headers = {"Range": f"bytes={start}-"} if start else {}
            with client.get(f"blobs/{digest}", headers) as response:
                take(response, _begin(response, start))

        self._repeat(repository, attempt, offset)

    def _repeat(
        self, repository: str, attempt: Callable[[Client], Answer], progress: Callable[[], int]
    ) -> Answer:
        failed, before, renewed = 0, progress(), False
        while True:
            token = self._identity.token()
            try:
                with self._pace:
                    return attempt(self._client(repository, token))
            except Unauthenticated:
                if renewed or not self._identity.renew(token):
                    raise
                renewed = True
            except Unavailable as error:
                failed = failed + 1 if progress() == before else 1
                before, renewed = progress(), False
                if failed == _ATTEMPTS:
                    raise
                self._rest(error, failed)

    def _rest(self, error: Unavailable, failed: int) -> None:
        if isinstance(error, RegistryUnavailable) and error.wait is not None:
            self._pace.slow_down(failed, error.wait)
        else:
            self._pace.rest(failed)

    def _client(self, repository: str, token: str) -> Client:
        """The thread's client for the repository; it keeps only the last one, for images come in order."""
        if getattr(self._local, "key", None) != (repository, token):
            if (old := getattr(self._local, "client", None)) is not None:
                self._put_away(old)
            credentials = (_USER, token) if token else ("", "")
            access = Access(*credentials, plain_http=self._door.plain_http, ca=self._door.ca)
            reference = Reference(self._door.host, repository)
            self._local.client = Client(reference, access, trust=self._trust)
            self._local.key = (repository, token)
            with self._lock:
                self._clients.add(self._local.client)
        client: Client = self._local.client
        return client

    def _put_away(self, client: Client) -> None:
        with self._lock:
            self._clients.discard(client)
        client.close()


def _begin(response: httpx.Response, start: int) -> int:
    """The offset of the answer's first byte: what was asked for, or 0 if the source takes no ranges."""
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        return 0
    if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        raise WrongDigest("the source sends another part of a blob than was asked for")
    return start
