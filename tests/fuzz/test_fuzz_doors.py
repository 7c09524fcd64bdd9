"""What callers write, at every door: understood, or refused in a sentence of careen's own."""

import base64
import hashlib
import json
import os
from contextlib import suppress
from typing import Any

from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yandex.cloud.containerregistry.v1.image_service_pb2 import ListImagesRequest

from careen.api import json_requests, paging
from careen.api.fields import Field
from careen.api.methods import METHODS, Method
from careen.auth import key_files
from careen.errors import Error
from careen.images import documents, history, reference
from careen.model import digest
from careen.registry import names

LENGTHS = {"": 50, "long": 20_000}  # examples for each parser
FUZZ = settings(
    max_examples=LENGTHS[os.environ.get("HYPOTHESIS_PROFILE", "")],
    deadline=5_000,  # milliseconds
    suppress_health_check=[HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
FIELDS = (Field("name", ("name",)),)
WORDS = st.sampled_from(
    ["name", "=", "!=", "IN", "NOT IN", "(", ")", ",", '"a"', '"', "\\", "AND", " ", "\n", "\0", "é", '"\\""']
)
PARTS = st.sampled_from(
    ["a", "A", ".", "/", ":", "@", "localhost", "[::1]", "sha256", "0" * 64, "-", "_", "\n", " ", "é", "5000"]
)
REST = [method for method in METHODS.values() if method.http is not None]


def refused_or(call: object, *arguments: object) -> object:
    assert callable(call)
    with suppress(Error):
        return call(*arguments)
    return None


def request(**fields: Any) -> Message:
    return ListImagesRequest(**fields)


@FUZZ
@given(JSON)
def test_page_tokens_of_others(position: object) -> None:
    """The seal of a token is no secret: whoever wants to makes one."""
    text = json.dumps(position).encode()
    asked = request(registry_id="a")
    query = hashlib.sha256(
        asked.DESCRIPTOR.full_name.encode() + b"\0" + asked.SerializeToString(deterministic=True)
    ).digest()
    sealed = hashlib.sha256(query + text).digest()[: paging._SEAL_BYTES] + text
    token = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    found = refused_or(paging.read, request(registry_id="a", page_token=token))
    assert found is None or isinstance(position, list)


@FUZZ
@given(
    st.text(max_size=100) | st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(data).decode())
)
def test_page_tokens_of_noise(token: str) -> None:
    refused_or(paging.read, request(page_token=token))


@FUZZ
@given(st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=60), st.text(max_size=20))
def test_filters_and_orders(text: str, order: str) -> None:
    def read() -> object:
        return paging.read(request(filter=text, order_by=order), filterable=FIELDS, orderable=FIELDS)

    refused_or(read)


@FUZZ
@given(st.sampled_from(REST), JSON, st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_requests_in_json(method: Method, body: object, query: dict[str, str]) -> None:
    assert method.http is not None
    fields = [each.json_name for each in method.request.DESCRIPTOR.fields]
    document = {**dict.fromkeys(fields, body), **(body if isinstance(body, dict) else {})}
    for text in (json.dumps(document), json.dumps(body), str(body)):
        refused_or(json_requests.read, method, {}, [], text.encode("utf-8", "surrogatepass"))
    refused_or(json_requests.read, method, {}, list(query.items()), b"")


@FUZZ
@given(JSON, st.text(max_size=40))
def test_key_files(value: object, text: str) -> None:
    names_ = ("id", "service_account_id", "created_at", "key_algorithm", "public_key", "private_key")
    for said in (json.dumps(dict.fromkeys(names_, value)), json.dumps(dict.fromkeys(names_, text)), text):
        file = refused_or(key_files.read, said)
        if isinstance(file, key_files.KeyFile):
            refused_or(key_files.public_half, file)
            assert not key_files.belongs(file, text)


@FUZZ
@given(st.lists(PARTS, max_size=9).map("".join) | st.text(max_size=60))
def test_references_digests_and_names(text: str) -> None:
    refused_or(reference.parse, text)
    refused_or(reference.repository_and_tag, text)
    refused_or(digest.parse, text)
    refused_or(names.check_tag, text)
    refused_or(names.registry_id, text)
    reference.same_image(text, text[::-1])


@FUZZ
@given(JSON, st.integers(0, 9))
def test_configs_of_images(value: object, layers: int) -> None:
    body = json.dumps({"os": value, "rootfs": value, "history": value}).encode()
    found = refused_or(documents.load_object, body)
    if isinstance(found, documents.Fields):
        commands = history.created_by(found.fields, layers)
        assert len(commands) == layers
        for field in ("os", "rootfs", "history"):
            refused_or(found.text, field)
            refused_or(found.texts, field)
            refused_or(found.child, field)
