"""The REST door's description: complete, and true."""

import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi import definitions

from careen.api import openapi
from careen.api.methods import METHODS

OPEN = {
    "endpoint.ApiEndpointService.Get",
    "endpoint.ApiEndpointService.List",
    "iam.v1.IamTokenService.Create",
    "iam.v1.IamTokenService.Revoke",
}
SCHEMATHESIS = Path(sysconfig.get_path("scripts")) / "schemathesis"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method"
)


def operations() -> dict[str, Any]:
    paths = openapi.document()["paths"].values()
    return {operation["operationId"]: operation for path in paths for operation in path.values()}


def test_every_method_with_a_path_is_described() -> None:
    by_rest = {name.removeprefix("yandex.cloud.") for name, method in METHODS.items() if method.http}
    assert operations().keys() == by_rest | {"operation.OperationService.Cancel.post"}
    assert len(by_rest) == len(METHODS) - 1  # ForceDelete has none


def test_the_document_is_valid_openapi() -> None:
    document = openapi.document()
    assert document["openapi"].startswith("3.1.")
    jsonschema_rs.validate(definitions.OPENAPI_31, document)
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_who_must_be_known_is_said() -> None:
    schemes = openapi.document()["components"]["securitySchemes"]
    for name, operation in operations().items():
        asked = operation.get("security", openapi.document()["security"])
        is_open = name in OPEN
        assert (asked == []) is is_open, name
        assert all(schemes.keys() >= each.keys() for each in asked)
        assert operation["responses"].keys() >= {"200", "400", "401", "403", "404", "429", "500"}


def test_every_reference_leads_to_a_schema(still_world: Any) -> None:
    document = still_world.http.get("/openapi.json").json()
    assert document == openapi.document()

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [found for each in value.values() for found in references(each)]
        if isinstance(value, list):
            return [found for each in value for found in references(each)]
        return []

    for reference in references(document["paths"]) + references(document["components"]):
        _, _, kind, name = reference.split("/")
        assert name in document["components"][kind]


def test_the_constraints_are_those_of_the_protos() -> None:
    schemas = openapi.document()["components"]["schemas"]
    create = schemas["yandex.cloud.containerregistry.v1.CreateRegistryRequest"]
    assert create["required"] == ["folderId"]
    assert create["properties"]["folderId"] == {"type": "string", "maxLength": 50, "minLength": 1}
    body = {"folderId": "b1g", "name": "abc", "labels": {"a": "b"}, "secure": True}
    assert jsonschema_rs.is_valid(create, body)
    for wrong in ({"name": "abc"}, {**body, "name": "A"}, {**body, "secure": "yes"}, {**body, "else": 1}):
        assert not jsonschema_rs.is_valid(create, wrong)


def test_the_page_shows_every_operation_and_asks_no_other_host(still_world: Any) -> None:
    answer = still_world.http.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert all(f'id="{name}"' in answer.text for name in operations())
    assert "RegistryService.ForceDelete" in answer.text
    assert answer.text.count("Open to everybody") == len(OPEN)
    assert "<code>429</code>" in answer.text
    for loader in ("src=", "<script", "<link", "@import", "url("):
        assert loader not in answer.text


@pytest.mark.timeout(600)
def test_schemathesis_finds_no_answer_that_is_not_described(world: Any, tmp_path: Path) -> None:
    world.executor.go.set()
    url = f"{world.http.base_url}/openapi.json".replace("//openapi", "/openapi")
    phases = ["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "2026"]
    ended = subprocess.run(
        [SCHEMATHESIS, "run", url, "--checks", CHECKS, *phases],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "*", "NO_COLOR": "1"},
    )
    assert ended.returncode == 0, ended.stdout[:6000]
    assert f"Tested: {len(operations())}" in ended.stdout
