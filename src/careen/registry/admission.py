"""Who may come in: by role, by the scope of a token, and by the address (a registry's IP permissions).

The denial reads as Yandex' own (docs, container-registry/error). What is asked for is read off the very
routes that will answer, so that no path can mean one thing here and another there.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.routing import Match, Router
from starlette.types import Receive, Scope, Send

from careen.auth.access import UNKNOWN_CALLER, Access
from careen.auth.registry_tokens import CATALOG
from careen.auth.roles import Right
from careen.errors import Denied, Unauthenticated
from careen.model.access import Identity
from careen.model.policy import IpPermission
from careen.registry.asks import CALLER, Ask
from careen.registry.caller import Callers, InsufficientScope
from careen.registry.door import RegistryDoor
from careen.registry.recorder import Recorder
from careen.store import ancestry, ip_permissions

_READS = frozenset({"GET", "HEAD"})
_OPEN = frozenset({"/v2/token", "/v2/token/"})
_CATALOG = "/v2/_catalog"
_MOUNT = frozenset({"mount", "from"})


class Admission:
    """`router` for those who may use it. Raises Denied and Unauthenticated."""

    def __init__(self, router: Router, door: RegistryDoor) -> None:
        self._router = router
        self._door = door
        self._access = Access(door.authentication.enforced)
        self._callers = Callers(door)
        self._recorder = Recorder(router, door, self._callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self._router(scope, receive, send)
            return
        ask = _ask(self._router, scope)
        is_pull = ask is None or ask.action == "pull"
        if is_pull and not _has_password(scope):
            await self._door.reading(self._admit, scope, ask)
        else:  # what is refused of a push is written down, and to look at a key takes a tenth of a second
            await run_in_threadpool(self._admit, scope, ask)
        await (self._router if is_pull else self._recorder)(scope, receive, send)

    def _admit(self, scope: Scope, ask: Ask | None) -> None:
        connection = HTTPConnection(scope)
        try:
            caller = scope[CALLER] = self._callers.identify(connection)
            if ask is not None:
                self._check(connection, caller, ask)
            elif self._access.enforced:
                _check_start(scope, caller)
        except (Denied, Unauthenticated) as error:
            told = self._callers.refusal(connection, error, _scopes(connection, ask) if ask else "")
            if ask is not None and ask.action != "pull":
                self._recorder.refused(scope, ask, told)
            raise told from error

    def _check(self, request: HTTPConnection, caller: Identity, ask: Ask) -> None:
        with self._door.database.read() as connection:
            self._check_address(connection, request, ask)
            if self._access.enforced:
                self._check_caller(connection, caller, ask)
            if "mount" in request.query_params:
                self._check_mount(connection, request, caller)

    def _check_address(self, connection: Connection, request: HTTPConnection, ask: Ask) -> None:
        permissions = ip_permissions.of_registry(connection, ask.repository.partition("/")[0])
        asked = [each for each in permissions if each.action is ask.ip_action]
        if not is_admitted(self._callers.address(request), asked):
            raise Denied("Permission denied")

    def _check_caller(self, connection: Connection, caller: Identity, ask: Ask) -> None:
        """What is not there is not found by known callers only, as with the API."""
        path = ancestry.of_name(connection, ask.repository)
        if path is None:
            if not caller.is_known:
                raise Unauthenticated(UNKNOWN_CALLER)
            return
        self._access.require(connection, caller, ask.right, path)
        if caller.scope is not None and ask.action not in caller.scope.get(ask.repository, ()):
            raise InsufficientScope

    def _check_mount(self, connection: Connection, request: HTTPConnection, caller: Identity) -> None:
        """A blob comes only from where the caller may pull; otherwise it must be uploaded."""
        try:
            self._check_source(connection, request, caller, request.query_params.get("from", ""))
        except (Denied, Unauthenticated):
            kept = [pair for pair in request.query_params.multi_items() if pair[0] not in _MOUNT]
            request.scope["query_string"] = urlencode(kept).encode()

    def _check_source(
        self, connection: Connection, request: HTTPConnection, caller: Identity, source: str
    ) -> None:
        if source:
            self._check_address(connection, request, Ask(source, "pull"))
        if not self._access.enforced:
            return
        if source:
            self._check_caller(connection, caller, Ask(source, "pull"))
        elif caller.scope is not None or not self._pulls_anything(connection, caller):
            raise Denied("Permission denied")

    def _pulls_anything(self, connection: Connection, caller: Identity) -> bool:
        return self._access.territory(connection, caller, Right.PULL).is_everything


def _ask(router: Router, scope: Scope) -> Ask | None:
    """What the route that will answer is for; None where it is for no repository."""
    matches = [(*route.matches(scope), route) for route in router.routes]
    for wanted in (Match.FULL, Match.PARTIAL):
        for match, child, _ in matches:
            if match is wanted:
                return _ask_of(scope["method"], child["path_params"])
    return None


def _scopes(request: HTTPConnection, ask: Ask) -> str:
    """What a token has to be for: whoever mounts a blob has to read where it comes from, too."""
    source = request.query_params.get("from", "") if "mount" in request.query_params else ""
    return f"{ask.scope} {Ask(source, 'pull').scope}" if source else ask.scope


def _ask_of(method: str, parameters: Mapping[str, str]) -> Ask | None:
    if "name" not in parameters:
        return None
    if "upload_id" in parameters:
        return Ask(parameters["name"], "push")
    action = "pull" if method in _READS else "delete" if method == "DELETE" else "push"
    return Ask(parameters["name"], action)


def _has_password(scope: Scope) -> bool:
    return HTTPConnection(scope).headers.get("authorization", "")[:6].lower() == "basic "


def _check_start(scope: Scope, caller: Identity) -> None:
    """`/v2/` and the list of repositories: for known callers, and for a token of nobody's."""
    if not caller.is_known and caller.scope is None:
        raise Unauthenticated(UNKNOWN_CALLER)
    if scope["path"] == _CATALOG and caller.scope is not None and CATALOG not in caller.scope:
        raise InsufficientScope


def is_admitted(address: str, permissions: Sequence[IpPermission]) -> bool:
    """Without permissions everybody is; otherwise an address that cannot be read is not."""
    try:
        return not permissions or any(each.admits(address) for each in permissions)
    except ValueError:
        return False
