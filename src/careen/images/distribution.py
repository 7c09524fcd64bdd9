"""A client of the distribution API (OCI distribution-spec v1.1).

Credentials and tokens go to the registry's own origin; redirects to elsewhere are followed without them. No
message holds an address that was sent to us: those of redirects are signed.
"""

import logging
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from careen.errors import Denied, Invalid, NotFound, Unauthenticated, Unavailable
from careen.images import credentials
from careen.images.exchange import RETRIED, RegistryUnavailable, bounded, safe_url, same_origin, wait_asked
from careen.images.login import Login
from careen.images.place import Access
from careen.images.reference import DOCKER_HUB, Reference, is_loopback

T = TypeVar("T")

_HUB_HOST = "registry-1.docker.io"
_TIMEOUT = httpx.Timeout(60, connect=15)  # seconds, of one wait and not of a whole download
_ATTEMPTS = 5
_MAX_WAIT = 30.0  # seconds between two attempts
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Client:
    """Talks about one repository; `actions` are those that a token is asked for. Close it after use.

    Whoever makes many gives them one `trust`, which `trusted` makes: reading it takes 50 ms.
    """

    def __init__(
        self,
        reference: Reference,
        access: Access,
        *,
        actions: str = "pull",
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._host = _HUB_HOST if reference.host == DOCKER_HUB else reference.host
        self._name = reference.name
        # httpx logs whole addresses at INFO, the signed ones of redirects too.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        direct = {f"all://{name}": None for name in ("localhost", "127.0.0.1", "[::1]")}
        # A blob is wanted as it is stored; its digest is that of these bytes.
        plain = {"Accept-Encoding": "identity"}
        verify = trust or trusted(access.ca)
        self._http = httpx.Client(
            timeout=_TIMEOUT, headers=plain, follow_redirects=False, mounts=direct, verify=verify
        )
        self._base = httpx.URL(f"{self._scheme(access)}://{self._host}/v2/")
        known = credentials.find(reference.host, access)
        self._login = Login(self._http, self._base, self._name, known, actions)

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """The answer to GET /v2/<name>/<path> with status 200 or 206, its body yet to be read.

        Raises RegistryUnavailable for what may go well another time, also while the body is read; else
        NotFound, Unauthenticated, Denied and Invalid.
        """
        url = self._base.join(f"{self._name}/{path}")
        with self._transport_errors():
            response = self._send(url, headers)
            try:
                if response.status_code == httpx.codes.UNAUTHORIZED and self._login.answer(response):
                    response.close()
                    response = self._send(url, headers)
                self._check(response, path)
                yield response
            finally:
                response.close()

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: Callable[[], bytes | Iterator[bytes]],
        *,
        also: Collection[int] = (),
    ) -> httpx.Response:
        """The answer to a request with a body, which must be a success or one of `also`; otherwise as `get`.

        `path` is below /v2/<name>/, or an address that the registry gave. `content` is asked again where the
        request has to be repeated.
        """
        url = self._base.join(f"{self._name}/")
        aim = safe_url(path, url, self._base.scheme)
        if aim is None:
            raise Invalid(f"{self._host} wants the upload at an address that is not https")
        with self._transport_errors():
            response = self._send_body(method, aim, headers, content())
            if response.status_code == httpx.codes.UNAUTHORIZED and self._login.answer(response):
                response = self._send_body(method, aim, headers, content())
        if not response.is_success and response.status_code not in also:
            self._check(response, path.partition("?")[0])
        return response

    def _send_body(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | Iterator[bytes]
    ) -> httpx.Response:
        sent = dict(headers)
        if self._login.header and same_origin(url, self._base):
            sent["Authorization"] = self._login.header
        request = self._http.build_request(method, url, headers=sent, content=content)
        response = self._http.send(request, stream=True)
        response.close()
        return response

    def read(self, path: str, headers: Mapping[str, str]) -> tuple[bytes, httpx.Headers]:
        """A document of at most one byte more than `documents.LIMIT`, and the headers that came with it."""

        def attempt() -> tuple[bytes, httpx.Headers]:
            with self.get(path, headers) as response:
                return bounded(response), response.headers

        return retrying(attempt)

    def _scheme(self, access: Access) -> str:
        """http only where it is allowed and spoken."""
        if not (access.plain_http or is_loopback(self._host)):
            return "https"
        try:
            with self._http.stream("GET", f"http://{self._host}/v2/") as answer:
                # A server that speaks TLS answers 400, if anything.
                return "https" if answer.status_code == httpx.codes.BAD_REQUEST else "http"
        except httpx.TransportError:
            return "https"

    def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        for _ in range(_MAX_REDIRECTS):
            sent = dict(headers)
            if self._login.header and same_origin(url, self._base):
                sent["Authorization"] = self._login.header
            request = self._http.build_request("GET", url, headers=sent)
            response = self._http.send(request, stream=True)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            url = self._redirected(response)
        raise Invalid(f"{self._host} redirects without end")

    def _redirected(self, response: httpx.Response) -> httpx.URL:
        """Where to go on: never from https to http, so never to a cloud's metadata service."""
        url = safe_url(response.headers.get("Location", ""), response.request.url, self._base.scheme)
        if url is None:
            raise Invalid(f"{self._host} redirects to an address that is not https")
        return url

    def _check(self, response: httpx.Response, path: str) -> None:
        status = response.status_code
        if status in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
            return
        what = f"{self._host}/{self._name} {path}"
        if status == httpx.codes.NOT_FOUND:
            raise NotFound(f"{what} is not there")
        if status == httpx.codes.UNAUTHORIZED:
            raise Unauthenticated(f"{what} cannot be read with {self._login.means}")
        if status == httpx.codes.FORBIDDEN:
            raise Denied(f"{what} may not be read")
        if status in RETRIED:
            raise RegistryUnavailable(f"{self._host} answered {status}", wait=wait_asked(response))
        raise Invalid(f"{what}: the registry answered {status}")

    @contextmanager
    def _transport_errors(self) -> Iterator[None]:
        """Of httpx' messages only those of failed connections are free of what was sent."""
        try:
            yield
        except httpx.ConnectError as error:
            where = error.request.url.netloc.decode()
            raise Unavailable(f"cannot connect to {where}: {error}") from None
        except httpx.TransportError as error:
            where = error.request.url.host
            raise RegistryUnavailable(f"{where} broke off ({type(error).__name__})") from None


def trusted(ca: Path | None) -> ssl.SSLContext:
    """Who may sign for a host: those of this machine, and the one that is named. Raises Invalid."""
    context = httpx.create_ssl_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except OSError as error:  # ssl.SSLError is one
            raise Invalid(f"{ca} cannot be read as a CA's certificate: {error}") from None
    return context


def retrying(attempt: Callable[[], T]) -> T:
    """What `attempt` returns; tried again while the registry is unavailable and asks for little time."""
    tried = 0
    while True:
        try:
            return attempt()
        except RegistryUnavailable as error:
            tried += 1
            wait = 0.25 * 2**tried if error.wait is None else error.wait
            if tried == _ATTEMPTS or wait > _MAX_WAIT:
                raise
        time.sleep(wait)
