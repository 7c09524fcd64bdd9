"""The methods of the API with their messages and HTTP rules, read from the descriptors in `yandexcloud`.

Nothing here is typed by hand: routes, operation types and constraints come from the options that Yandex wrote
(google.api.http, yandex.cloud.api.operation; github yandex-cloud/cloudapi).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from google.api.annotations_pb2 import http
from google.protobuf import empty_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from yandex.cloud.api.operation_pb2 import operation
from yandex.cloud.containerregistry.v1 import (
    image_service_pb2,
    lifecycle_policy_service_pb2,
    registry_service_pb2,
    repository_service_pb2,
    scan_policy_service_pb2,
    scanner_service_pb2,
)
from yandex.cloud.endpoint import api_endpoint_service_pb2
from yandex.cloud.iam.v1 import iam_token_service_pb2
from yandex.cloud.operation import operation_service_pb2
from yandex.cloud.resourcemanager.v1 import cloud_service_pb2, folder_service_pb2

# Of these services only what a client needs to find the folders that registries are in.
_ONLY = {
    "yandex.cloud.resourcemanager.v1.CloudService": {"List"},
    "yandex.cloud.resourcemanager.v1.FolderService": {"List"},
}
_FILES: tuple[FileDescriptor, ...] = (
    scanner_service_pb2.DESCRIPTOR,
    image_service_pb2.DESCRIPTOR,
    repository_service_pb2.DESCRIPTOR,
    registry_service_pb2.DESCRIPTOR,
    lifecycle_policy_service_pb2.DESCRIPTOR,
    scan_policy_service_pb2.DESCRIPTOR,
    operation_service_pb2.DESCRIPTOR,
    api_endpoint_service_pb2.DESCRIPTOR,
    iam_token_service_pb2.DESCRIPTOR,
    cloud_service_pb2.DESCRIPTOR,
    folder_service_pb2.DESCRIPTOR,
)


@dataclass(frozen=True, slots=True)
class HttpRule:
    verb: str  # "GET"
    path: str  # "/container-registry/v1/images/{image_id}:lastScanResult"
    has_body: bool  # the JSON body is the request message


@dataclass(frozen=True, slots=True)
class Method:
    full_name: str  # "yandex.cloud.containerregistry.v1.ScannerService.Scan"
    request: type[Message]
    response: type[Message]
    http: HttpRule | None  # None: by gRPC only
    metadata: type[Message] | None  # of the Operation that it starts; None: it starts none
    result: type[Message] | None  # the Operation's response

    @property
    def service(self) -> str:
        return self.full_name.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.full_name.rpartition(".")[2]

    @property
    def reads_one(self) -> bool:
        """Whether it reads a row or two and changes nothing: Get, GetByName, GetLast and the like."""
        return self.name.startswith("Get")

    @property
    def grpc_path(self) -> str:
        return f"/{self.service}/{self.name}"


def _http_rule(method: MethodDescriptor) -> HttpRule | None:
    rule = method.GetOptions().Extensions[http]
    verb = rule.WhichOneof("pattern")
    return HttpRule(verb.upper(), getattr(rule, verb), rule.body == "*") if verb else None


def _operation_type(file: FileDescriptor, name: str) -> type[Message] | None:
    """The class of `name`, which is relative to the file's package, to `yandex.cloud`, or full."""
    if not name:
        return None
    if name == empty_pb2.Empty.DESCRIPTOR.full_name:
        return empty_pb2.Empty
    for scope in (f"{file.package}.", "yandex.cloud.", ""):
        try:
            return GetMessageClass(file.pool.FindMessageTypeByName(scope + name))
        except KeyError:
            continue
    raise LookupError(f"{file.name} names an unknown message {name}")


def _methods(file: FileDescriptor) -> Iterator[Method]:
    for service in file.services_by_name.values():
        names = _ONLY.get(service.full_name, service.methods_by_name)
        for descriptor in (service.methods_by_name[name] for name in names):
            types = descriptor.GetOptions().Extensions[operation]
            yield Method(
                full_name=descriptor.full_name,
                request=GetMessageClass(descriptor.input_type),
                response=GetMessageClass(descriptor.output_type),
                http=_http_rule(descriptor),
                metadata=_operation_type(file, types.metadata),
                result=_operation_type(file, types.response),
            )


METHODS: Mapping[str, Method] = MappingProxyType(
    {method.full_name: method for file in _FILES for method in _methods(file)}
)
