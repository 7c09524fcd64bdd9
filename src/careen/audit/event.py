"""One event (yandex-cloud/docs, audit-trails/concepts/format): a line of JSON with names in snake_case."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from careen.model.access import Identity, Path, SubjectType

CONTAINER_REGISTRY, IAM = "containerregistry", "iam"
STARTED, DONE, ERROR = "STARTED", "DONE", "ERROR"

_SUBJECTS = {
    SubjectType.USER: "YANDEX_PASSPORT_USER_ACCOUNT",
    SubjectType.SERVICE: "SERVICE_ACCOUNT",
    SubjectType.FEDERATED: "FEDERATED_USER_ACCOUNT",
}
_KINDS = {
    "cloud": "resource-manager.cloud",
    "folder": "resource-manager.folder",
    "registry": "container-registry.registry",
    "repository": "container-registry.repository",
}


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked, and from where."""

    caller: Identity
    address: str = ""
    port: int = 0
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    code: int  # of google.rpc.Code
    message: str
    is_denial: bool = False
    is_unknown_caller: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    name: str  # "CreateRegistry"
    origin: Origin
    path: Path = ()  # where it happened, narrowest first
    details: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)  # of the request; never a secret
    response: Mapping[str, Any] = field(default_factory=dict)
    status: str = DONE
    failure: Failure | None = None
    source: str = CONTAINER_REGISTRY
    id: str = field(default_factory=lambda: str(uuid4()))
    time: datetime = field(default_factory=_now)

    def line(self) -> str:
        """The event as one line of JSON, without the line's end."""
        return json.dumps(self._document(), ensure_ascii=True, separators=(",", ":"))

    def _document(self) -> dict[str, Any]:
        failure = self.failure
        document: dict[str, Any] = {
            "event_id": self.id,
            "event_source": self.source,
            "event_type": f"yandex.cloud.audit.{self.source}.{self.name}",
            "event_time": self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "authentication": _authentication(self.origin.caller, failure),
            "authorization": {
                "authorized": not (failure and (failure.is_denial or failure.is_unknown_caller))
            },
            "resource_metadata": {"path": _resources(self.path)},
            "request_metadata": _request_metadata(self.origin),
            "event_status": ERROR if failure else self.status,
            "details": dict(self.details),
            "request_parameters": dict(self.parameters),
            "response": dict(self.response),
        }
        if failure:
            document["error"] = {"code": failure.code, "message": failure.message}
        return document


def _authentication(caller: Identity, failure: Failure | None) -> dict[str, Any]:
    kind, _, identifier = caller.proof.partition(":")
    told: dict[str, Any] = {
        "authenticated": caller.is_known and not (failure and failure.is_unknown_caller),
        "subject_type": _SUBJECTS.get(caller.type, "SUBJECT_TYPE_UNSPECIFIED"),
        "subject_id": caller.id,
        "subject_name": caller.name,
    }
    if kind:
        told["token_info"] = {f"{kind.replace('-', '_')}_id": identifier}
    return told


def _resources(path: Path) -> Sequence[Mapping[str, str]]:
    """Widest first, as Audit Trails has it."""
    return [{"resource_type": _KINDS[each.kind], "resource_id": each.id} for each in reversed(path)]


def _request_metadata(origin: Origin) -> dict[str, Any]:
    told: dict[str, Any] = {
        "remote_address": origin.address,
        "user_agent": origin.user_agent[:1000],
        "request_id": origin.request_id,
    }
    return told | ({"remote_port": str(origin.port)} if origin.port else {})
