"""What pushes and deletes change, as events of the audit log."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from careen.audit.changes import events_of
from careen.audit.event import Event, Failure, Origin
from careen.auth.limits import Failures
from careen.errors import Denied, Error
from careen.model.access import ANONYMOUS
from careen.registry.asks import CALLER, Ask
from careen.registry.caller import Callers
from careen.registry.door import RegistryDoor
from careen.store import ancestry, journal

_PERMISSION_DENIED, _UNAUTHENTICATED = 7, 16  # google.rpc.Code
_FIRST_ERROR = 400


class Recorder:
    """`router`, whose changes are written down before the client hears of its success.

    Raises Unavailable where nothing may be changed unrecorded.
    """

    def __init__(self, router: Router, door: RegistryDoor, callers: Callers) -> None:
        self._router = router
        self._door = door
        self._callers = callers
        self._strangers = Failures()  # whose attempts must not fill the disk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await run_in_threadpool(self._door.trail.require)
        with journal.watching() as changes:

            async def answer(message: Message) -> None:
                is_done = message["type"] == "http.response.start" and message["status"] < _FIRST_ERROR
                if changes and is_done:
                    await run_in_threadpool(self._write, scope, list(changes))
                await send(message)

            await self._router(scope, receive, answer)

    def refused(self, scope: Scope, ask: Ask, error: Error) -> None:
        """A push or a delete by somebody who may not. Who brings nothing only asks how to come by a token."""
        is_denial, origin = isinstance(error, Denied), self._origin(scope)
        if not is_denial and not self._is_attempt(scope, origin):
            return
        code = _PERMISSION_DENIED if is_denial else _UNAUTHENTICATED
        with self._door.database.read() as connection:
            path = ancestry.of_name(connection, ask.repository) or ()
        event = Event(
            "DeleteImage" if ask.action == "delete" else "CreateImage",
            origin,
            path,
            {"registry_id": ask.repository.partition("/")[0], "repository_name": ask.repository},
            failure=Failure(code, error.message, is_denial=is_denial, is_unknown_caller=not is_denial),
        )
        self._door.trail.write(event)

    def _is_attempt(self, scope: Scope, origin: Origin) -> bool:
        is_proved = "authorization" in HTTPConnection(scope).headers
        return is_proved and self._strangers.is_one_of_few(origin.address)

    def _write(self, scope: Scope, changes: list[journal.Change]) -> None:
        self._door.trail.write(*events_of(self._door.database, changes, self._origin(scope), {}))

    def _origin(self, scope: Scope) -> Origin:
        connection = HTTPConnection(scope)
        address = self._callers.address(connection)
        peer = connection.client
        return Origin(
            scope.get(CALLER, ANONYMOUS),
            address,
            peer.port if peer and peer.host == address else 0,
            connection.headers.get("user-agent", ""),
            connection.headers.get("x-request-id", ""),
        )
