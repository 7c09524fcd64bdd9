"""Who may come in: the addresses from which a registry may be pulled from and pushed to.

The denial reads as Yandex' own (docs, container-registry/error): it does not tell an address from a role.
"""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from careen.errors import Denied
from careen.model.policy import IpAction, IpPermission
from careen.registry.door import RegistryDoor
from careen.store import ip_permissions

_REGISTRY = re.compile(r"/v2/(?P<registry>[^/]+)/.+")
_PULLS = frozenset({"GET", "HEAD"})


class Admission:
    """`app` for those who may use it. Raises Denied."""

    def __init__(self, app: ASGIApp, door: RegistryDoor) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = _REGISTRY.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if target:
            action = IpAction.PULL if scope["method"] in _PULLS else IpAction.PUSH
            await run_in_threadpool(self._check, target["registry"], action, _address(scope))
        await self._app(scope, receive, send)

    def _check(self, registry_id: str, action: IpAction, address: str) -> None:
        with self._door.database.read() as connection:
            permissions = ip_permissions.of_registry(connection, registry_id)
        if not is_admitted(address, [each for each in permissions if each.action is action]):
            raise Denied("Permission denied")


def is_admitted(address: str, permissions: list[IpPermission]) -> bool:
    """Without permissions everybody is; otherwise an address that cannot be read is not."""
    try:
        return not permissions or any(each.admits(address) for each in permissions)
    except ValueError:
        return False


def _address(scope: Scope) -> str:
    client = HTTPConnection(scope).client
    return client.host if client else ""
