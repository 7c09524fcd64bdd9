"""Who asks the registry, by whatever clients of Docker's kind bring."""

import re
from collections.abc import Mapping
from uuid import uuid4

import structlog
from starlette.requests import HTTPConnection

from careen.auth import clients, logins, secrets
from careen.auth.authentication import InvalidToken
from careen.auth.logins import BadPassword, Logins
from careen.auth.registry_tokens import RegistryTokens
from careen.errors import Denied, Error, Unauthenticated
from careen.model.access import ANONYMOUS, Identity
from careen.registry.door import RegistryDoor
from careen.registry.errors import Challenge

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?", re.ASCII)
_QUOTABLE = re.compile(r"[A-Za-z0-9 ._:/,*@-]*", re.ASCII)
_IAM = "t1."

log = structlog.get_logger(__name__)


class InsufficientScope(Unauthenticated):
    def __init__(self) -> None:
        super().__init__("The token is not for this")


# RFC 6750, 3.1
_ERRORS = {InsufficientScope: "insufficient_scope", InvalidToken: "invalid_token"}


class Callers:
    def __init__(self, door: RegistryDoor) -> None:
        self._authentication = door.authentication
        self._proxies = door.authentication.proxies
        self._logins = Logins(door.authentication)
        self._tokens = RegistryTokens(door.authentication)

    def identify(self, connection: HTTPConnection) -> Identity:
        """By a token for the registry, an IAM token, an API key, or a name and password; without, anonymous.

        Raises Unauthenticated and TooManyFailures. Blocks.
        """
        header = connection.headers.get("authorization", "")
        if not self._authentication.enforced or not header:
            return ANONYMOUS
        scheme, _, text = header.partition(" ")
        address = self.address(connection)
        if scheme.lower() == "basic":
            return self._logins.identify(*logins.decode(text.strip()), address)
        if scheme.lower() == "bearer" and not text.strip().startswith(_IAM):
            return self._by_token(text.strip(), address)
        return self._authentication.identify(header, address)

    def by_form(self, request: HTTPConnection, form: Mapping[str, str]) -> Identity:
        """By an OAuth2 form; its refresh token is any of our secrets. Raises as `identify` does."""
        if form["grant_type"] == "password":
            user, password = form.get("username", ""), form.get("password", "")
        else:
            password = form.get("refresh_token", "")
            user = logins.user_of(password)
        return self._logins.identify(user, password, self.address(request))

    def address(self, connection: HTTPConnection) -> str:
        """Where the request comes from, behind our proxies too."""
        peer = connection.client.host if connection.client else ""
        return clients.address(peer, connection.headers.get("x-forwarded-for", ""), self._proxies)

    def _challenge(
        self, connection: HTTPConnection, message: str, scope: str = "", error: str = ""
    ) -> Challenge:
        """Sends a client for a token to this host, by the name that the client has for it."""
        scheme, host = self._origin(connection)
        parts = [f'Bearer realm="{scheme}://{host}/v2/token/"', f'service="{host}"']
        parts += [f'scope="{scope}"'] if scope and _QUOTABLE.fullmatch(scope) else []
        parts += [f'error="{error}"'] if error else []
        return Challenge(message, ",".join(parts))

    def refusal(self, request: HTTPConnection, error: Error, scope: str = "") -> Error:
        """What the caller is told: an id that the log has too, and the way to a token where one helps."""
        request_id = str(uuid4())
        if "authorization" in request.headers:  # without, it is how every client begins
            log.info("refused", request_id=request_id, path=request.url.path, reason=error.message)
        if not isinstance(error, Unauthenticated):
            return Denied(f"{error.message}; requestId = {request_id}")
        told = error.message if isinstance(error, BadPassword | InsufficientScope) else logins.PROBLEM
        message = f"{told}; requestId = {request_id}"
        return self._challenge(request, message, scope, _ERRORS.get(type(error), ""))

    def _origin(self, connection: HTTPConnection) -> tuple[str, str]:
        headers, peer = connection.headers, connection.client.host if connection.client else ""
        scheme, host = connection.url.scheme, headers.get("host", "")
        if clients.is_proxy(peer, self._proxies):
            scheme = "https" if headers.get("x-forwarded-proto", scheme) == "https" else "http"
            host = headers.get("x-forwarded-host", host)
        if not _HOST.fullmatch(host):
            name, port = connection.scope.get("server") or ("localhost", None)
            host = f"{name}:{port}" if port else str(name)
        return scheme, host

    def _by_token(self, text: str, address: str) -> Identity:
        with self._authentication.attempt(address, secrets.digest(text)):
            with self._authentication.database.read() as connection:
                identity = self._tokens.read(connection, text, self._authentication.clock())
            if identity is None:
                raise InvalidToken
            return identity
