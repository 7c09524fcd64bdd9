"""Calls of the source's gRPC services: discovered, authorized, repeated where that may help."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import grpc
from yandex.cloud.endpoint import api_endpoint_service_pb2 as endpoints
from yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import ApiEndpointServiceStub
from yandex.cloud.iam.v1 import iam_token_service_pb2 as iam
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub

from careen.errors import (
    Denied,
    Error,
    Exhausted,
    Invalid,
    NotFound,
    Precondition,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from careen.migration.answers import moment
from careen.migration.identity import Account, Given, Identity, Key
from careen.migration.pace import Pace

_TIMEOUT = 60  # seconds of one call
_ATTEMPTS = 8
_TOLD = 300  # characters of what the source says of an error
_REPEATED = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)
_KINDS: dict[grpc.StatusCode, type[Error]] = {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.PERMISSION_DENIED: Denied,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.FAILED_PRECONDITION: Precondition,
    grpc.StatusCode.INVALID_ARGUMENT: Invalid,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Exhausted,
    grpc.StatusCode.UNIMPLEMENTED: Unimplemented,
}
# gRPC does not tell a line that is down from a certificate that nobody here has signed.
_HINTS = {
    False: "; if it is there: --ca names who signed its certificate, --plaintext says that it has none",
    True: "; if it is there: is it without TLS (--plaintext)?",
}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Door:
    """Where the source's API is: HOST:PORT, and how it is known to be the source."""

    address: str
    ca: Path | None = None  # PEM; None = who is trusted anyway
    plaintext: bool = False

    @property
    def host(self) -> str:
        return self.address.rpartition(":")[0].strip("[]").lower()

    def channel(self, address: str) -> grpc.Channel:
        if self.plaintext:
            return grpc.insecure_channel(address)
        try:
            roots = self.ca.read_bytes() if self.ca else None
        except OSError as error:
            raise Invalid(f"{self.ca} cannot be read: {error.strerror}") from None
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(roots))

    def owns(self, host: str) -> bool:
        """Whether the host is the source's own: itself, or below its name, or both are this machine."""
        other = host.strip("[]").lower()
        return (
            other == self.host or other.endswith(f".{self.host}") or (_is_here(other) and _is_here(self.host))
        )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Wire:
    """The source's services by their names in discovery. Safe for threads; close it after use."""

    def __init__(self, door: Door, pace: Pace) -> None:
        self._door = door
        self._pace = pace
        self._channels: dict[str, grpc.Channel] = {}
        self.identity: Identity = Given("")
        self.addresses: dict[str, str] = {}
        self.addresses = self._discover()

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def sign_in(self, key: Key) -> None:
        """Be the service account from now on. What is asserted holds for this source only."""
        stub = IamTokenServiceStub(self.channel("iam"))

        def exchange(assertion: str) -> tuple[str, datetime]:
            request = iam.CreateIamTokenRequest(jwt=assertion)
            answer = self._repeated(stub.Create, request, secret=assertion)
            return answer.iam_token, moment(answer.expires_at)

        audience = f"https://iam.{self._door.address.removesuffix(':443')}/iam/v1/tokens"
        self.identity = Account(key, audience, exchange)

    def channel(self, service: str) -> grpc.Channel:
        address = self.addresses.get(service, self._door.address)
        if address not in self._channels:
            self._channels[address] = self._door.channel(address)
        return self._channels[address]

    def call(self, method: Callable[..., _Answer], request: object) -> _Answer:
        """The answer. Raises the kind of careen.errors that the source's code stands for."""
        token = self.identity.token()
        try:
            return self._repeated(method, request, bearer=token)
        except Unauthenticated:
            if not self.identity.renew(token):
                raise
        return self._repeated(method, request, bearer=self.identity.token())

    def _discover(self) -> dict[str, str]:
        """Only addresses of the source's own: whoever is sent elsewhere would take the token there."""
        stub = ApiEndpointServiceStub(self.channel("endpoint"))
        request = endpoints.ListApiEndpointsRequest(page_size=1000)
        try:
            answer = self._repeated(stub.List, request)
        except Unavailable as error:
            raise Unavailable(f"{error.message}{_HINTS[self._door.plaintext]}") from None
        named = {each.id: each.address for each in answer.endpoints[:1000]}
        return {id_: address for id_, address in named.items() if self._door.owns(address.rpartition(":")[0])}

    def _repeated(
        self, method: Callable[..., _Answer], request: object, *, bearer: str = "", secret: str = ""
    ) -> _Answer:
        """`secret` is what the request holds of it: the source may quote us."""
        metadata = (("authorization", f"Bearer {bearer}"),) if bearer else ()
        attempt = 0
        while True:
            try:
                with self._pace:
                    return method(request, timeout=_TIMEOUT, metadata=metadata)
            except grpc.RpcError as error:
                attempt += 1
                if error.code() not in _REPEATED or attempt == _ATTEMPTS:
                    raise _said(error, bearer or secret, self._door.address) from None
                if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                    self._pace.slow_down(attempt, _asked(error))
                else:
                    self._pace.rest(attempt)


def _asked(error: grpc.RpcError) -> float | None:
    """Seconds of a `retry-after` in the trailing metadata."""
    trailing = error.trailing_metadata() if hasattr(error, "trailing_metadata") else None
    for name, value in trailing or ():
        if name == "retry-after" and isinstance(value, str) and value.isdecimal() and value.isascii():
            return float(value[:6])
    return None


def _said(error: grpc.RpcError, secret: str, address: str) -> Error:
    """What the source says, without what we said to it."""
    text = str(error.details() or error.code().name)
    told = (text.replace(secret, "…") if secret else text)[:_TOLD]
    kind = _KINDS.get(error.code(), Unavailable)
    return kind(f"{address} answers {error.code().name}: {told}")
