"""The one way of a call, from either door: validate, then let the servicer answer."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

from google.protobuf.message import Message
from sqlalchemy import Connection

from careen.api import access_bindings, permissions, validation
from careen.api.auditing import Auditor
from careen.api.call import Call
from careen.api.endpoints import Endpoints
from careen.api.iam_tokens import IamTokens
from careen.api.images import Images
from careen.api.ip_permissions import IpPermissions
from careen.api.lifecycle_policies import LifecyclePolicies
from careen.api.methods import METHODS, Method
from careen.api.once import Once
from careen.api.operations import Operations
from careen.api.registries import Registries
from careen.api.registry_changes import RegistryChanges
from careen.api.repositories import Repositories
from careen.api.resource_manager import Clouds, Folders
from careen.api.scan_policies import ScanPolicies
from careen.api.scanner import Scanner, Scans
from careen.audit.trail import Trail
from careen.auth.access import UNKNOWN_CALLER, Access
from careen.auth.authentication import Authentication
from careen.auth.roles import Right
from careen.errors import Invalid, Unauthenticated, Unimplemented
from careen.model.access import Path
from careen.store.database import Database

_THREADS = 6  # more would only take the interpreter's lock from one another
_Arguments = TypeVarTuple("_Arguments")
_Answer = TypeVar("_Answer")

Behaviour = Callable[[Any, Call], Message]


class Api:
    """Every service.

    `grpc_address` is HOST:PORT of the TLS door, for those who discover it by REST; `registry_address` is
    where images are pulled from.
    """

    def __init__(
        self,
        database: Database,
        scans: Scans,
        *,
        grpc_address: str,
        registry_address: str = "",
        authentication: Authentication,
        trail: Trail,
    ) -> None:
        self.grpc_address = grpc_address
        self.proxies = authentication.proxies
        self._database = database
        self._authentication = authentication
        self._access = Access(authentication.enforced)
        self._auditor = Auditor(database, trail)
        self._once = Once(database)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="api")
        self._behaviours = _behaviours(
            Scanner(database, scans),
            Images(database),
            Repositories(database),
            Registries(database),
            RegistryChanges(database),
            IpPermissions(database),
            LifecyclePolicies(database),
            ScanPolicies(database),
            Operations(database, scans.cancelled),
            Endpoints(registry_address),
            IamTokens(authentication),
            access_bindings.of_registries(database),
            access_bindings.of_repositories(database),
            Clouds(),
            Folders(database),
        )

    def identified(self, method: Method, call: Call) -> Call:
        """The call of somebody known, or anonymous; raises InvalidToken and TooManyFailures.

        What somebody brings to a public method is not looked at: it may be how they come by a better one.
        """
        if method.full_name in permissions.PUBLIC:
            return call
        try:
            caller = self._authentication.identify(call.authorization, call.client.address)
        except Unauthenticated as error:
            self._auditor.refused(method, call, error)
            raise
        return replace(call, caller=caller)

    @contextmanager
    def reading(self, method: Method, call: Call) -> Iterator[None]:
        """A stranger hears that nobody knows him, whatever else is wrong with what he sent."""
        try:
            yield
        except Invalid:
            if not self._access.enforced or call.caller.is_known or permissions.is_open(method):
                raise
            error = Unauthenticated(UNKNOWN_CALLER)
            self._auditor.refused(method, call, error)
            raise error from None

    def admit(self, call: Call, right: Right, place: Callable[[Connection], Path | None]) -> None:
        """For what is no method of Yandex' API: raises as `call` does, unless the caller has the right there.

        Where `place` finds nothing, whoever is known may hear so.
        """
        caller = self._authentication.identify(call.authorization, call.client.address)
        if self._access.enforced:
            with self._database.read() as connection:
                permissions.check_at(connection, self._access, right, place(connection), caller)

    def call(self, method: Method, request: Message, call: Call) -> Message:
        """The response to an identified call; raises careen.errors.Error. Blocks: see `run`."""
        with self.reading(method, call):
            validation.check(request)
        behaviour = self._behaviours.get(method.full_name)
        if behaviour is None:
            raise Unimplemented(f"{method.full_name} is not implemented")
        return self._once(method, request, call, partial(self._permitted, method, behaviour, request))

    def _permitted(self, method: Method, behaviour: Behaviour, request: Message, call: Call) -> Message:
        """Looked at after what was begun before: who repeats a Delete may not find the resource any more."""
        work = partial(self._checked, method, behaviour, request, call)
        return self._auditor(method, request, call, work)

    def _checked(self, method: Method, behaviour: Behaviour, request: Message, call: Call) -> Message:
        if self._access.enforced:
            with self._database.read() as connection:
                permissions.check(connection, self._access, method, request, call.caller)
        return behaviour(request, call)

    async def run(self, method: Method, work: Callable[[], _Answer]) -> _Answer:
        """Do a call's work, for the event loop to wait for.

        On a database at hand one row is read at once: that takes as long as the way to a thread and back.
        """
        if method.reads_one and self._database.is_at_hand:
            return work()
        return await self.in_thread(work)

    async def in_thread(self, function: Callable[[*_Arguments], _Answer], *arguments: *_Arguments) -> _Answer:
        """Run what blocks in a thread of the API's own: pushes and pulls cannot take them all."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def close(self) -> None:
        """Lets the calls under way end."""
        self._threads.shutdown()


def _behaviours(*servicers: object) -> Mapping[str, Behaviour]:
    return {name: behaviour for servicer in servicers for name, behaviour in _methods_of(servicer)}


def _methods_of(servicer: Any) -> Iterator[tuple[str, Behaviour]]:  # noqa: ANN401 - any of the classes above
    """A servicer's methods are named for the service's: `get_last` is GetLast."""
    for method in METHODS.values():
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower()
        if method.service == servicer.SERVICE and hasattr(servicer, name):
            yield method.full_name, getattr(servicer, name)
