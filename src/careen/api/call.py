"""One call of the API, whichever door it came through."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from careen.model.access import ANONYMOUS, Identity
from careen.store.idempotency import Attempt


def _trace_id() -> str:
    """As Yandex writes it: trace, span, trace, sampled."""
    drawn = secrets.token_hex(16)
    trace, span = drawn[:16], drawn[16:]
    return f"{trace}:{span}:{trace}:1"


@dataclass(frozen=True, slots=True)
class Client:
    """The other end of the wire, as far as it can be told."""

    address: str = ""
    port: int = 0
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    grpc_address: str  # HOST:PORT where this caller finds the gRPC services, for discovery
    caller: Identity = ANONYMOUS
    idempotency_key: str = ""  # by which a client says that this is the same call again; "" = none
    authorization: str = field(default="", repr=False)  # the header of that name
    client: Client = Client()
    client_request_id: str = ""  # what the client calls it (x-client-request-id), for the log
    attempt: Attempt | None = None  # what the key stands for, once it is known which method it is of
    request_id: str = field(default_factory=lambda: str(uuid4()))
    trace_id: str = field(default_factory=_trace_id)

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer carries, so that a person can find it in the log."""
        return {"x-request-id": self.request_id, "x-server-trace-id": self.trace_id}
