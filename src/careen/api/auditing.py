"""Which calls become events, and what is told of them.

(yandex-cloud/docs, audit-trails/audit/containerregistry.) Changes of images, tags and repositories are told
as they happen (`store.journal`), whatever call they come of; a call that made none of them is told as itself,
and so is every call that failed or was refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from google.protobuf import json_format, text_format
from google.protobuf.message import Message
from yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenResponse, RevokeIamTokenResponse
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import permissions, status
from careen.api.call import Call
from careen.api.methods import METHODS, Method
from careen.audit.changes import events_of
from careen.audit.event import CONTAINER_REGISTRY, DONE, IAM, STARTED, Event, Failure, Origin
from careen.audit.trail import Trail
from careen.auth import proving
from careen.auth.limits import Failures, TooManyFailures
from careen.errors import Denied, Error, Unauthenticated
from careen.model.access import Identity, Path
from careen.store import accounts, ancestry, journal
from careen.store.columns import now
from careen.store.database import Database

_REGISTRY, _REPOSITORY = "containerregistry.v1.RegistryService.", "containerregistry.v1.RepositoryService."
_LIFECYCLE = "containerregistry.v1.LifecyclePolicyService."
_NAMES = {
    f"{_REGISTRY}Create": "CreateRegistry",
    f"{_REGISTRY}Update": "UpdateRegistry",
    f"{_REGISTRY}Delete": "DeleteRegistry",
    f"{_REGISTRY}ForceDelete": "DeleteRegistry",
    f"{_REGISTRY}SetAccessBindings": "SetRegistryAccessBindings",
    f"{_REGISTRY}UpdateAccessBindings": "UpdateRegistryAccessBindings",
    f"{_REGISTRY}SetIpPermission": "SetIpPermission",
    f"{_REGISTRY}UpdateIpPermission": "UpdateIpPermission",
    f"{_REPOSITORY}Upsert": "CreateRepository",
    f"{_REPOSITORY}Delete": "DeleteRepository",
    f"{_REPOSITORY}SetAccessBindings": "SetRepositoryAccessBindings",
    f"{_REPOSITORY}UpdateAccessBindings": "UpdateRepositoryAccessBindings",
    "containerregistry.v1.ImageService.Delete": "DeleteImage",
    f"{_LIFECYCLE}Create": "CreateLifecyclePolicy",
    f"{_LIFECYCLE}Update": "UpdateLifecyclePolicy",
    f"{_LIFECYCLE}Delete": "DeleteLifecyclePolicy",
    f"{_LIFECYCLE}DryRun": "DryRunLifecyclePolicy",
    "containerregistry.v1.ScanPolicyService.Create": "CreateScanPolicy",
    "containerregistry.v1.ScanPolicyService.Update": "UpdateScanPolicy",
    "containerregistry.v1.ScanPolicyService.Delete": "DeleteScanPolicy",
    "containerregistry.v1.ScannerService.Scan": "ScanImage",
    "operation.OperationService.Cancel": "CancelOperation",
    "iam.v1.IamTokenService.Create": "CreateIamToken",
    "iam.v1.IamTokenService.CreateForServiceAccount": "CreateIamToken",
    "iam.v1.IamTokenService.Revoke": "RevokeIamToken",
}
EVENTS: Mapping[str, str] = MappingProxyType(
    {f"yandex.cloud.{name}": event for name, event in _NAMES.items()}
)

_SECRETS = frozenset({"jwt", "yandex_passport_oauth_token", "iam_token"})
_TOLD_BY_CHANGES = frozenset({"CreateRepository", "DeleteImage"})

Work = Callable[[], Message]


@dataclass(frozen=True, slots=True)
class Auditor:
    database: Database
    trail: Trail
    strangers: Failures = field(default_factory=Failures)  # whose attempts must not fill the disk

    def __call__(self, method: Method, request: Message, call: Call, work: Work) -> Message:
        """What `work` gives; raises what it raises, and Unavailable where nothing can be recorded."""
        if method.full_name not in EVENTS:
            return work()
        self.trail.require()
        path = self._path(method, request)
        event = self.event(method, call, request, path)
        try:
            with journal.watching() as changes:
                response = work()
        except Exception as error:
            self._failed(event, error)
            raise
        told = events_of(self.database, changes, event.origin, event.parameters)
        if not told or event.name not in _TOLD_BY_CHANGES:
            told = [self._done(event, response), *told]
        self.trail.write(*told)
        return response

    def refused(self, method: Method, call: Call, error: Error) -> None:
        """A call whose caller could not be told; nothing of the request is known."""
        if method.full_name in EVENTS:
            self._failed(self.event(method, call, method.request(), ()), error)

    def _failed(self, event: Event, error: Exception) -> None:
        if isinstance(error, TooManyFailures):
            return  # the failures before it are written down
        if not isinstance(error, Unauthenticated) or self.strangers.is_one_of_few(event.origin.address):
            self.trail.write(replace(event, failure=failure(error)))

    def event(self, method: Method, call: Call, request: Message, path: Path) -> Event:
        return Event(
            name=EVENTS[method.full_name],
            origin=origin(call),
            path=path,
            details={each.kind + "_id": each.id for each in path},
            parameters=_parameters(request),
            status=STARTED if method.name == "Scan" else DONE,
            source=IAM if ".iam." in method.full_name else CONTAINER_REGISTRY,
        )

    def _path(self, method: Method, request: Message) -> Path:
        need = permissions.NEEDS.get(method.full_name)
        if need is None:
            return ()
        with self.database.read() as connection:
            return need.place(connection, request) or ()

    def _done(self, event: Event, response: Message) -> Event:
        """With what the operation is about; its subject is there now, if it was made."""
        if isinstance(response, CreateIamTokenResponse):
            return self._of_token(event, response.iam_token)
        if isinstance(response, RevokeIamTokenResponse) and not event.origin.caller.is_known:
            return self._of_subject(event, response.subject_id)
        if not isinstance(response, Operation):
            return event
        metadata = json_format.MessageToDict(response.metadata, preserving_proto_field_name=True)
        ids = {name: value for name, value in metadata.items() if name != "@type"}
        path = event.path
        with self.database.read() as connection:
            for name, value in ids.items():
                find = ancestry.BY_FIELD.get(name)
                path = (find(connection, value) if find else None) or path
        details = {**{f"{each.kind}_id": each.id for each in path}, **ids}
        return replace(event, path=path, details=details, response={"operation_id": response.id})

    def _of_token(self, event: Event, token: str) -> Event:
        """Who asks for a token by a secret says with it who is asking."""
        with self.database.read() as connection:
            identity = proving.iam_token(connection, token, now())
        if identity is None:
            return event
        caller = event.origin.caller if event.origin.caller.is_known else identity
        details = {"subject_id": identity.id, "iam_token_id": identity.proof.partition(":")[2]}
        return replace(event, origin=replace(event.origin, caller=caller), details=details)

    def _of_subject(self, event: Event, account_id: str) -> Event:
        """Whoever had the token was, as far as can be told, whom it stood for."""
        with self.database.read() as connection:
            account = accounts.get(connection, account_id)
        if account is None:
            return event
        return replace(event, origin=replace(event.origin, caller=Identity.of(account)))


def _parameters(request: Message) -> Mapping[str, Any]:
    """What is asked for, as JSON, without secrets; a mask as it was written.

    JSON has no form for some durations, which a mask may leave out of what is done: they are told as text.
    """
    told: Any = type(request)()
    told.CopyFrom(request)
    mask = ",".join(told.update_mask.paths) if hasattr(told, "update_mask") else ""
    for name in _SECRETS.intersection(told.DESCRIPTOR.fields_by_name.keys()):
        told.ClearField(name)
    if mask:
        told.ClearField("update_mask")
    try:
        fields = json_format.MessageToDict(told, preserving_proto_field_name=True)
    except json_format.SerializeToJsonError:
        fields = {"text": text_format.MessageToString(told, as_one_line=True)}
    return {**fields, "update_mask": mask} if mask else fields


def origin(call: Call) -> Origin:
    client = call.client
    return Origin(call.caller, client.address, client.port, client.user_agent, call.request_id)


def failure(error: Exception) -> Failure:
    told = status.code_and_message(error)
    return Failure(
        *told, is_denial=isinstance(error, Denied), is_unknown_caller=isinstance(error, Unauthenticated)
    )


# A name here that the API does not have is a mistake of ours.
assert EVENTS.keys() <= METHODS.keys()
