"""The table of errors, against the specification's table of codes."""

import json

import pytest

from careen import errors as kinds
from careen.model import digest as digests
from careen.model.digest import InvalidDigest
from careen.registry import errors
from careen.store.images import MissingBlob

SPECIFIED = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
}


def test_what_the_client_did_wrong_has_a_code_of_the_specification() -> None:
    for kind, (status, code) in errors.ANSWERS.items():
        if status < 500:
            assert code in SPECIFIED, kind


@pytest.mark.parametrize("kind", kinds.Error.__subclasses__())
def test_every_kind_of_error_has_an_answer_of_its_own(kind: type[kinds.Error]) -> None:
    assert kind in errors.ANSWERS
    assert errors.answer(kind("no")) == errors.ANSWERS[kind]


def test_an_error_that_is_not_named_is_answered_as_its_kind_is() -> None:
    class Peculiar(kinds.Denied): ...

    assert errors.answer(Peculiar("no")) == (403, "DENIED")


def test_the_detail_names_the_digest_that_is_missing() -> None:
    digest = digests.of(b"gone")
    (error,) = json.loads(bytes(errors.response(MissingBlob(digest)).body))["errors"]
    assert error["code"] == "MANIFEST_BLOB_UNKNOWN"
    assert error["detail"] == {"digest": digest}


def test_an_invalid_digest_is_a_bad_request() -> None:
    assert errors.answer(InvalidDigest("no")) == (400, "DIGEST_INVALID")
