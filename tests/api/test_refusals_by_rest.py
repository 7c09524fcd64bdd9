"""Bad requests at every method of the API, by REST."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careen.api.methods import METHODS, Method

V1 = "/container-registry/v1"
BY_REST = [method for method in METHODS.values() if method.http is not None]
WITH_BODY = [method for method in BY_REST if method.http is not None and method.http.has_body]
WITHOUT_BODY = [method for method in BY_REST if method not in WITH_BODY]
PAGED = [method for method in WITHOUT_BODY if "page_token" in method.request.DESCRIPTOR.fields_by_name]


def each(methods: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("method", methods, ids=lambda method: method.full_name[13:])


def fields(method: Method) -> Iterator[Any]:
    yield from method.request.DESCRIPTOR.fields


def rest(answer: httpx.Response) -> Any:
    """The google.rpc.Status of a refusal."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == answer.json()["details"][-1]["requestId"]
    document: dict[str, Any] = answer.json()
    return document


def send(world: Any, method: Method, content: bytes = b"", query: Any = None) -> httpx.Response:
    assert method.http is not None
    path = method.http.path
    for field in fields(method):
        path = path.replace(f"{{{field.name}}}", world.value(field))
    response: httpx.Response = world.http.request(method.http.verb, path, params=query or {}, content=content)
    return response


@each(WITH_BODY)
def test_a_body_that_cannot_be_read_is_refused(still_world: Any, method: Method) -> None:
    bodies = {
        b'{"noSuchField": 1}': "noSuchField",
        b"{": "JSON",
        b"[]": "object",
        b'"text"': "object",
        b"null": "object",
        b"\xff": "JSON",
        b'{"a": 1, "a": 2}': "twice",
        b"[" * 100_000: "JSON",
        b'{"a": ' + b"9" * 10_000 + b"}": "",
        b" " * ((1 << 20) + 1): "larger",
    }
    for body, word in bodies.items():
        answer = send(still_world, method, body)
        assert answer.status_code == 400, body[:30]
        assert rest(answer)["code"] == 3
        assert word in answer.json()["message"]


@each(WITH_BODY)
def test_a_value_of_the_wrong_type_is_named(still_world: Any, method: Method) -> None:
    assert method.http is not None
    in_body = [field for field in fields(method) if f"{{{field.name}}}" not in method.http.path]
    for field in in_body:
        takes_text = field.type == field.TYPE_STRING or field.json_name == "updateMask"
        wrong = 1 if takes_text and not field.is_repeated else "wrong"
        answer = send(still_world, method, json.dumps({field.json_name: wrong}).encode())
        assert answer.status_code == 400
        assert rest(answer)["code"] == 3
        assert field.json_name in answer.text


@each(WITH_BODY)
def test_a_query_parameter_beside_a_body_is_refused(still_world: Any, method: Method) -> None:
    assert rest(send(still_world, method, b"{}", {"imageId": "crp"}))["code"] == 3


@each(WITHOUT_BODY)
def test_an_unknown_query_parameter_is_named(still_world: Any, method: Method) -> None:
    for name in ("noSuchField", "page_size.x", "a.b.c", "__class__", ""):
        answer = send(still_world, method, query={name: "1"})
        assert (answer.status_code, rest(answer)["code"]) == (400, 3), name
        assert name in answer.json()["message"]


@each(PAGED)
def test_a_query_parameter_of_the_wrong_type_is_named(still_world: Any, method: Method) -> None:
    for wrong in ("many", "1.5", "99999999999999999999", ""):
        answer = send(still_world, method, query={"pageSize": wrong})
        assert answer.status_code == 400, wrong
        assert "pageSize" in answer.text


@pytest.mark.parametrize("size", ["1_0", "\u0665", " 5", "+5", "0x5", "5.5", "NaN", "5_"])
def test_a_number_as_only_python_writes_it_is_refused(still_world: Any, size: str) -> None:
    answer = still_world.http.get(f"{V1}/registries", params={"folderId": "default", "pageSize": size})
    assert (answer.status_code, rest(answer)["details"][0]["fieldViolations"][0]["field"]) == (
        400,
        "pageSize",
    )
    rule = {"untagged": True, "retainedTop": size}
    body = {"repositoryId": still_world.repository.id, "status": "ACTIVE", "rules": [rule]}
    assert still_world.http.post(f"{V1}/lifecyclePolicies", json=body).status_code == 400


@pytest.mark.parametrize("status", ["0_1", " 1 ", "+1", "\u0661", "1.0", "ACTIVE "])
def test_a_value_of_an_enum_is_its_name_or_its_number(still_world: Any, status: str) -> None:
    body = {"repositoryId": still_world.repository.id, "status": status, "rules": [{"untagged": True}]}
    answer = still_world.http.post(f"{V1}/lifecyclePolicies", json=body)
    assert (answer.status_code, rest(answer)["details"][0]["fieldViolations"][0]["field"]) == (400, "status")


@pytest.mark.parametrize(
    "period", ["1_0s", "\u0665s", "+5s", "86400.s", "86400", "1e5s", "86400.0000000001s"]
)
def test_a_duration_as_only_python_writes_it_is_refused(still_world: Any, period: str) -> None:
    rule = {"untagged": True, "expirePeriod": period}
    body = {"repositoryId": still_world.repository.id, "status": "ACTIVE", "rules": [rule]}
    answer = still_world.http.post(f"{V1}/lifecyclePolicies", json=body)
    assert (answer.status_code, rest(answer)["code"]) == (400, 3)


def test_a_compressed_body_is_refused_in_words(still_world: Any) -> None:
    for encoding, content in (("gzip", gzip.compress(b"{}")), ("br", b"{}"), ("deflate, gzip", b"")):
        headers = {"content-encoding": encoding}
        answer = still_world.http.post(f"{V1}/scans", content=content, headers=headers)
        assert (answer.status_code, rest(answer)["message"]) == (400, "The body must not be compressed")
    body, headers = json.dumps({"imageId": "crp1"}), {"content-encoding": "identity"}
    assert rest(still_world.http.post(f"{V1}/scans", content=body, headers=headers))["code"] == 5


def test_a_field_in_both_spellings_is_refused(still_world: Any) -> None:
    answer = still_world.http.post(f"{V1}/scans", json={"imageId": "crp1", "image_id": "crp2"})
    assert rest(answer)["details"][0]["fieldViolations"][0] == {
        "field": "image_id",
        "description": "is given twice",
    }
    rule = {"untagged": True, "retainedTop": "1", "retained_top": "2"}
    body = {"repositoryId": still_world.repository.id, "status": "ACTIVE", "rules": [rule]}
    assert "given twice" in rest(still_world.http.post(f"{V1}/lifecyclePolicies", json=body))["message"]


@each(BY_REST)
def test_a_verb_that_a_path_has_not_is_refused(still_world: Any, method: Method) -> None:
    assert method.http is not None
    for verb in ("PUT", "HEAD", "TRACE"):
        answer = still_world.http.request(verb, method.http.path.replace("{", "").replace("}", ""))
        assert answer.status_code == 405
        assert method.http.verb in answer.headers["allow"]
        assert "x-request-id" in answer.headers


@pytest.mark.parametrize(
    "path", [V1, f"{V1}/", f"{V1}/scan", f"{V1}/images/a/b", "/operations", "/iam/v1/token", "/endpoints/a/b"]
)
def test_an_unknown_path_is_answered_in_the_same_form(still_world: Any, path: str) -> None:
    answer = still_world.http.get(path)
    assert (answer.status_code, rest(answer)["code"]) == (404, 5)


def test_all_that_is_wrong_is_said_at_once(still_world: Any) -> None:
    answer = still_world.http.get(f"{V1}/scans", params={"pageSize": "-1", "filter": "x" * 1001})
    assert [each["field"] for each in rest(answer)["details"][0]["fieldViolations"]] == [
        "id",
        "page_size",
        "filter",
    ]


def test_one_of_two_parents_must_be_chosen(still_world: Any) -> None:
    both = {"imageId": still_world.image.id, "repositoryId": still_world.repository.id}
    assert rest(still_world.http.get(f"{V1}/scans", params=both))["code"] == 3
    assert rest(still_world.http.get(f"{V1}/scans", params={"imageId": ""}))["code"] == 3
    assert rest(still_world.http.get(f"{V1}/images"))["code"] == 3
    assert rest(still_world.http.get(f"{V1}/repositories"))["code"] == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_document_makes_the_server_fail(still_world: Any, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(WITH_BODY))
    names = st.sampled_from([field.json_name for field in fields(method)]) | st.text(max_size=5)
    document = data.draw(st.dictionaries(names, JSON, max_size=4))
    answer = send(still_world, method, json.dumps(document).encode())
    assert answer.status_code in {200, 400, 404, 501}, answer.text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_query_makes_the_server_fail(still_world: Any, data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(WITHOUT_BODY))
    names = st.sampled_from([field.json_name for field in fields(method)]) | st.text("ab._", max_size=5)
    query = data.draw(st.dictionaries(names, st.text(max_size=20), max_size=4))
    answer = send(still_world, method, query=query)
    assert answer.status_code in {200, 400, 404, 501}, answer.text
