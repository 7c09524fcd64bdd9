"""Bad requests at every method of the API, by gRPC."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from yandex.cloud import validation_pb2

from careen.api.methods import METHODS, Method

SCAN = METHODS["yandex.cloud.containerregistry.v1.ScannerService.Scan"]
PAGED = [method for method in METHODS.values() if "page_token" in method.request.DESCRIPTOR.fields_by_name]
SINGLE = [
    method
    for method in METHODS.values()
    if method.name not in {"List", "Create", "Scan", "Upsert", "Revoke", "CreateForServiceAccount"}
]


def each(methods: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("method", methods, ids=lambda method: method.full_name[13:])


def fields(method: Method) -> Iterator[Any]:
    yield from method.request.DESCRIPTOR.fields


def option(field: Any, name: str) -> Any:
    return field.GetOptions().Extensions[getattr(validation_pb2, name)]


def texts(method: Method) -> Iterator[Any]:
    """The method's fields that hold one text."""
    yield from (each for each in fields(method) if each.type == each.TYPE_STRING and not each.is_repeated)


def good(world: Any, method: Method) -> Any:
    """The smallest request that is valid."""
    request = method.request()
    for field in fields(method):
        needed = option(field, "required") or (
            field.containing_oneof is not None and field == field.containing_oneof.fields[0]
        )
        if needed and field.type == field.TYPE_STRING:
            setattr(request, field.name, value(world, method, field))
        elif needed and field.type == field.TYPE_ENUM:
            setattr(request, field.name, 1)
        elif option(field, "size") in {"1-1000", ">0"}:
            fill(getattr(request, field.name).add())
    return request


def value(world: Any, method: Method, field: Any) -> str:
    """What has access bindings is of the kind that the method's service is for."""
    if field.name != "resource_id":
        return str(world.value(field))
    return str(world.repository.id if method.service.endswith("RepositoryService") else world.registry.id)


def fill(delta: Any) -> None:
    """A valid AccessBindingDelta or IpPermissionDelta."""
    delta.action = 1
    if delta.DESCRIPTOR.name == "IpPermissionDelta":
        delta.ip_permission.ip = "10.0.0.0/8"
        delta.ip_permission.action = 1
    else:
        delta.access_binding.role_id = "viewer"
        delta.access_binding.subject.id = "someone"
        delta.access_binding.subject.type = "userAccount"


def refusal(world: Any, method: Method, request: Message) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as refused:
        world.invoke(method.full_name, request)
    return refused.value


def told(error: Any) -> Status:
    """The google.rpc.Status in the trailers, which repeats code and message."""
    (details,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    status = Status.FromString(details)
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    return status


def violated(status: Any) -> list[str]:
    for detail in status.details:
        bad = BadRequest()
        if detail.Unpack(bad):
            return [violation.field for violation in bad.field_violations]
    return []


@each(METHODS.values())
def test_a_missing_required_field_is_named(still_world: Any, method: Method) -> None:
    required = [field.name for field in fields(method) if option(field, "required")]
    for name in required:
        request = good(still_world, method)
        request.ClearField(name)
        status = told(refusal(still_world, method, request))
        assert (status.code, violated(status)) == (3, [name])
        assert f"Request validation error: {name}: " in status.message


@each(METHODS.values())
def test_an_over_long_text_is_named(still_world: Any, method: Method) -> None:
    for field in texts(method):
        bound = "<=2000" if field.name == "page_token" else option(field, "length") or "<=1000"
        longest = int(bound.removeprefix("<="))
        request = good(still_world, method)
        setattr(request, field.name, "a" * (longest + 1))
        status = told(refusal(still_world, method, request))
        too_long = option(field, "length") or not option(field, "pattern")
        assert status.code == 3
        assert field.name in violated(status)
        assert f"<={longest}" in status.message or not too_long


@each(PAGED)
def test_a_negative_or_huge_page_size_is_named(still_world: Any, method: Method) -> None:
    for size in (-1, 1001, -(2**63), 2**63 - 1):
        request = with_parent(still_world, good(still_world, method))
        request.page_size = size
        assert violated(told(refusal(still_world, method, request))) == ["page_size"]


def with_parent(world: Any, request: Any) -> Any:
    """Lists of images and repositories need a parent, though the protos do not say so."""
    if request.DESCRIPTOR.name in {"ListImagesRequest", "ListRepositoriesRequest"}:
        request.registry_id = world.registry.id
    return request


@pytest.mark.parametrize(
    ("method", "field"),
    [
        (method, field)
        for method in PAGED
        for field in ("page_token", "filter", "order_by")
        if field in method.request.DESCRIPTOR.fields_by_name
    ],
)
def test_a_token_filter_or_order_that_makes_no_sense_is_named(
    still_world: Any, method: Method, field: str
) -> None:
    for nonsense in ("garbage", "AAAA", "=", '"', "é", 'colour = "red"', "name >", "name up", ", ,"):
        request = with_parent(still_world, good(still_world, method))
        setattr(request, field, nonsense)
        status = told(refusal(still_world, method, request))
        assert (status.code, violated(status)) == (3, [field]), nonsense


NAMES = ["name", "status", "severity", "package", "digest", "createdAt", "last_modified", "runAt"]
NAMES += ["affected_images_count", "id", "scanned_at", "labels", "Registry.name", "image.created_at"]
VALUES = ["", "a", "ACTIVE", "READY", "LOW", "2020-01-01T00:00:00Z", "1", "%", "' OR 1=1"]


@each(PAGED)
def test_no_filter_and_no_order_makes_the_server_fail(still_world: Any, method: Method) -> None:
    known = {field.name for field in fields(method)}
    asked = [("filter", f'{name} = "{value}"') for name in NAMES for value in VALUES]
    asked += [("order_by", f"{name} {direction}") for name in NAMES for direction in ("asc", "desc")]
    for field, text in asked:
        if field in known:
            request = with_parent(still_world, good(still_world, method))
            setattr(request, field, text)
            try:
                still_world.invoke(method.full_name, request)
            except grpc.RpcError as error:
                assert error.code().value[0] in {3, 5}, text  # noqa: PT017 - some are right


@each(METHODS.values())
def test_a_text_with_a_nul_is_refused(still_world: Any, method: Method) -> None:
    for field in texts(method):
        request = good(still_world, method)
        setattr(request, field.name, "a\0b")
        assert told(refusal(still_world, method, request)).code == 3


@each(METHODS.values())
def test_bytes_that_are_no_message_are_refused(still_world: Any, method: Method) -> None:
    raw = still_world.plaintext.unary_unary(method.grpc_path)
    with pytest.raises(grpc.RpcError) as refused:
        raw(b"\xff\xff\xff", timeout=30)
    assert told(refused.value).code == 3


@each(SINGLE)
def test_what_does_not_exist_is_not_found(still_world: Any, method: Method) -> None:
    request = good(still_world, method)
    setattr(request, next(fields(method)).name, "crp00000000000000000")
    assert told(refusal(still_world, method, request)).code == 5


def test_an_unknown_method_is_unimplemented(still_world: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        still_world.plaintext.unary_unary("/no.such.Service/Method")(b"", timeout=30)
    assert told(refused.value).code == 12


def test_an_id_that_is_too_long_is_no_reference(still_world: Any) -> None:
    for image_id, code in (("a" * 51, 3), ("a/" + "b" * 1000, 3), ("a/" + "b" * 60, 5)):
        assert told(refusal(still_world, SCAN, SCAN.request(image_id=image_id))).code == code


def test_calls_that_are_begun_and_never_made_keep_nobody_waiting(still_world: Any) -> None:
    released = threading.Event()

    def nothing() -> Iterator[bytes]:
        released.wait()
        yield from ()

    with grpc.insecure_channel(still_world.plaintext_address) as channel:
        begun = [channel.stream_unary(SCAN.grpc_path).future(nothing()) for _ in range(60)]
        try:
            assert still_world.call("yandex.cloud.endpoint.ApiEndpointService.List").endpoints
            assert still_world.http.get("/endpoints").is_success
        finally:
            for call in begun:
                call.cancel()
            released.set()
