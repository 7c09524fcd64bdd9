"""Which right each method asks for, and on what (yandex-cloud/docs, container-registry/security).

A resource that is not there asks for no right: the servicer says NOT_FOUND to every known caller, as the real
service does. Ids cannot be guessed; for a name, which can, the registry where it would be stands in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Connection

from careen.api import references
from careen.api.methods import Method
from careen.auth.access import UNKNOWN_CALLER, Access
from careen.auth.roles import Right
from careen.errors import Unauthenticated
from careen.model.access import CLOUD, Identity, Path
from careen.model.registry import Operation
from careen.store import ancestry, operations

_Request = Any  # a message of any method
_Place = Callable[[Connection, _Request], Path | None]


@dataclass(frozen=True, slots=True)
class Need:
    """`right` on what `place` finds for a request."""

    right: Right
    place: _Place


def _image(connection: Connection, image_id: str) -> Path | None:
    """Of an id, or of a reference, which some methods take too."""
    name = references.repository_of(image_id)
    return ancestry.of_name(connection, name) if name else ancestry.of_image(connection, image_id)


def _folder(_: Connection, folder_id: str) -> Path:
    return ancestry.of_folder(folder_id)


_FIELDS = MappingProxyType({**ancestry.BY_FIELD, "image_id": _image, "folder_id": _folder})


def _by(*fields: str) -> _Place:
    """What the first field that is given names; the narrower stand before the wider."""

    def place(connection: Connection, request: _Request) -> Path | None:
        found = next(((field, getattr(request, field)) for field in fields if getattr(request, field)), None)
        return _FIELDS[found[0]](connection, found[1]) if found else None

    return place


def _bound(find: ancestry.Find) -> _Place:
    return lambda connection, request: find(connection, request.resource_id)


def _upserted(connection: Connection, request: _Request) -> Path | None:
    return ancestry.of_name(connection, request.name)


def _everything(_: Connection, __: _Request) -> Path:
    return (CLOUD,)


_FOLDER, _REGISTRY, _REPOSITORY = _by("folder_id"), _by("registry_id"), _by("repository_id")
_IMAGE, _SCAN_RESULT, _SCAN_POLICY = _by("image_id"), _by("scan_result_id"), _by("scan_policy_id")
_POLICY, _DRY_RUN = _by("lifecycle_policy_id"), _by("dry_run_lifecycle_policy_result_id")
_BOUND_REGISTRY, _BOUND_REPOSITORY = _bound(ancestry.of_registry), _bound(ancestry.of_repository)

_SERVICES: Mapping[str, Mapping[str, Need]] = {
    "containerregistry.v1.RegistryService": {
        "Get": Need(Right.VIEW, _REGISTRY),
        "List": Need(Right.VIEW, _FOLDER),
        "Create": Need(Right.EDIT, _FOLDER),
        "Update": Need(Right.EDIT, _REGISTRY),
        "Delete": Need(Right.EDIT, _REGISTRY),
        "ForceDelete": Need(Right.FORCE_DELETE, _REGISTRY),
        "ListAccessBindings": Need(Right.ADMINISTER, _BOUND_REGISTRY),
        "SetAccessBindings": Need(Right.ADMINISTER, _BOUND_REGISTRY),
        "UpdateAccessBindings": Need(Right.ADMINISTER, _BOUND_REGISTRY),
        "ListIpPermission": Need(Right.EDIT, _REGISTRY),
        "SetIpPermission": Need(Right.ADMINISTER, _REGISTRY),
        "UpdateIpPermission": Need(Right.ADMINISTER, _REGISTRY),
    },
    "containerregistry.v1.RepositoryService": {
        "Get": Need(Right.VIEW, _REPOSITORY),
        "GetByName": Need(Right.VIEW, _by("repository_name")),
        "List": Need(Right.VIEW, _by("registry_id", "folder_id")),
        "Upsert": Need(Right.PUSH, _upserted),
        "Delete": Need(Right.PUSH, _REPOSITORY),
        "ListAccessBindings": Need(Right.ADMINISTER, _BOUND_REPOSITORY),
        "SetAccessBindings": Need(Right.ADMINISTER, _BOUND_REPOSITORY),
        "UpdateAccessBindings": Need(Right.ADMINISTER, _BOUND_REPOSITORY),
    },
    "containerregistry.v1.ImageService": {
        "Get": Need(Right.VIEW, _IMAGE),
        "List": Need(Right.VIEW, _by("repository_name", "registry_id", "folder_id")),
        "Delete": Need(Right.PUSH, _IMAGE),
    },
    "containerregistry.v1.LifecyclePolicyService": {
        "Get": Need(Right.VIEW_POLICIES, _POLICY),
        "List": Need(Right.VIEW_POLICIES, _by("repository_id", "registry_id")),
        "Create": Need(Right.EDIT, _REPOSITORY),
        "Update": Need(Right.EDIT, _POLICY),
        "Delete": Need(Right.EDIT, _POLICY),
        "DryRun": Need(Right.EDIT, _POLICY),
        "GetDryRunResult": Need(Right.VIEW_POLICIES, _DRY_RUN),
        "ListDryRunResults": Need(Right.VIEW_POLICIES, _POLICY),
        "ListDryRunResultAffectedImages": Need(Right.VIEW_POLICIES, _DRY_RUN),
    },
    "containerregistry.v1.ScanPolicyService": {
        "Get": Need(Right.VIEW_POLICIES, _SCAN_POLICY),
        "GetByRegistry": Need(Right.VIEW_POLICIES, _REGISTRY),
        "Create": Need(Right.EDIT, _REGISTRY),
        "Update": Need(Right.EDIT, _SCAN_POLICY),
        "Delete": Need(Right.EDIT, _SCAN_POLICY),
    },
    "containerregistry.v1.ScannerService": {
        "Scan": Need(Right.SCAN, _IMAGE),
        "Get": Need(Right.SCAN, _SCAN_RESULT),
        "GetLast": Need(Right.SCAN, _IMAGE),
        "List": Need(Right.SCAN, _by("image_id", "repository_id")),
        "ListVulnerabilities": Need(Right.SCAN, _SCAN_RESULT),
    },
    "resourcemanager.v1.FolderService": {
        "List": Need(Right.VIEW, _everything),
    },
    "iam.v1.IamTokenService": {
        "CreateForServiceAccount": Need(Right.ADMINISTER, _everything),
    },
}
NEEDS: Mapping[str, Need] = MappingProxyType(
    {f"yandex.cloud.{service}.{name}": need for service, of in _SERVICES.items() for name, need in of.items()}
)

# For those who have no token yet.
PUBLIC = frozenset(
    {
        "yandex.cloud.endpoint.ApiEndpointService.Get",
        "yandex.cloud.endpoint.ApiEndpointService.List",
        "yandex.cloud.iam.v1.IamTokenService.Create",
    }
)

# For everybody, known or not: whoever has a token may end it. Yandex' SDK for Python sends no token to this
# service, so the one in the request must do.
PROVEN_BY_REQUEST = frozenset({"yandex.cloud.iam.v1.IamTokenService.Revoke"})

# For every known caller: operations are looked into one by one, and there is one cloud for all.
KNOWN = frozenset(
    {
        "yandex.cloud.operation.OperationService.Get",
        "yandex.cloud.operation.OperationService.Cancel",
        "yandex.cloud.resourcemanager.v1.CloudService.List",
    }
)


def is_open(method: Method) -> bool:
    """Whether strangers may call it."""
    return method.full_name in PUBLIC or method.full_name in PROVEN_BY_REQUEST


def check(connection: Connection, access: Access, method: Method, request: Message, caller: Identity) -> None:
    """Raises MissingRole or Unauthenticated; a method without a row here is refused to all."""
    if not access.enforced or is_open(method):
        return None
    if method.full_name in KNOWN:
        return _check_known(connection, access, method, request, caller)
    need = NEEDS[method.full_name]
    return check_at(connection, access, need.right, need.place(connection, request), caller)


def check_at(
    connection: Connection, access: Access, right: Right, path: Path | None, caller: Identity
) -> None:
    """Where the path is None, every known caller may hear that there is nothing."""
    if path is not None:
        access.require(connection, caller, right, path)
    elif access.enforced and not caller.is_known:
        raise Unauthenticated(UNKNOWN_CALLER)


def _check_known(
    connection: Connection, access: Access, method: Method, request: _Request, caller: Identity
) -> None:
    if not caller.is_known:
        raise Unauthenticated(UNKNOWN_CALLER)
    if not method.service.endswith(".OperationService"):
        return
    operation = operations.get(connection, request.operation_id)
    if operation is None or operation.created_by == caller.id:
        return
    right = NEEDS[operation.method].right if method.name == "Cancel" else _right_to_see(operation)
    access.require(connection, caller, right, _path_of(connection, operation))


def _right_to_see(operation: Operation) -> Right:
    """Whoever may see a subject may see what is done to it; its end has the subject in it."""
    service = operation.method.split(".")[-2]
    return _RIGHTS_TO_SEE.get(service, Right.VIEW)


_RIGHTS_TO_SEE: Mapping[str, Right] = MappingProxyType(
    {
        "ScannerService": Right.SCAN,
        "LifecyclePolicyService": Right.VIEW_POLICIES,
        "ScanPolicyService": Right.VIEW_POLICIES,
    }
)


def _path_of(connection: Connection, operation: Operation) -> Path:
    """Of what is still there of the operation's subject; where nothing is, only those see it who see all."""
    for field, value in operation.metadata.items():
        find = ancestry.BY_FIELD.get(field)
        path = find(connection, value) if find else None
        if path is not None:
            return path
    return (CLOUD,)
