"""Errors as google.rpc.Status."""

from dataclasses import replace

import pytest
import structlog
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import RequestInfo

from careen import errors
from careen.api import status
from careen.api.call import Call

CALL = Call("localhost:8443")


@pytest.mark.parametrize(
    ("kind", "code", "http"),
    [
        (errors.Invalid, Code.INVALID_ARGUMENT, 400),
        (errors.NotFound, Code.NOT_FOUND, 404),
        (errors.Exists, Code.ALREADY_EXISTS, 409),
        (errors.Denied, Code.PERMISSION_DENIED, 403),
        (errors.Exhausted, Code.RESOURCE_EXHAUSTED, 429),
        (errors.Unimplemented, Code.UNIMPLEMENTED, 501),
        (errors.Internal, Code.INTERNAL, 500),
        (errors.Unavailable, Code.UNAVAILABLE, 503),
        (errors.Unauthenticated, Code.UNAUTHENTICATED, 401),
    ],
)
def test_every_kind_has_its_code(kind: type[errors.Error], code: int, http: int) -> None:
    special = type("Special", (kind,), {})
    told = status.of(special("Some words"), CALL)
    assert (told.code, told.message, status.http_status(told.code)) == (code, "Some words", http)
    assert status.of_kind(special("Some words").kind, "Some words").code == code


def test_no_kind_was_forgotten() -> None:
    for kind in errors.Error.__subclasses__():
        assert status.of(kind("Some words"), CALL).code != 0


def test_an_error_of_ours_is_logged_and_told_by_its_id_only() -> None:
    with structlog.testing.capture_logs() as logged:
        told = status.of(ValueError("the password is 1234"), CALL)
    assert (told.code, told.message) == (13, f"Internal error; request id {CALL.request_id}")
    assert "1234" not in str(told)
    assert logged[0]["request_id"] == CALL.request_id
    assert "1234" in str(logged[0]["exc_info"])


def test_the_log_has_the_clients_id_as_plain_text_of_bounded_length() -> None:
    sent = "41-a\x1b[31m\n" + "b" * 500
    with structlog.testing.capture_logs() as logged:
        status.of(ValueError("words"), replace(CALL, client_request_id=sent))
        status.of(ValueError("words"), CALL)
    assert logged[0]["client_request_id"] == "41-a?[31m?" + "b" * 90
    assert "client_request_id" not in logged[1]


def test_an_operation_that_failed_in_an_unknown_way_is_our_fault() -> None:
    assert status.of_kind("NoSuchKind", "words").code == Code.INTERNAL


def test_a_status_always_fits_into_the_trailers_of_grpc() -> None:
    told = status.of(errors.NotFound.of("Image", "я" * 100_000), CALL)
    assert len(told.message.encode()) <= 1000
    assert len(told.SerializeToString()) < 4096
    info = RequestInfo()
    assert told.details[-1].Unpack(info)
    assert info.request_id == CALL.request_id
