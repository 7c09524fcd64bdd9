"""The REST door as a document of OpenAPI 3.1, made from the descriptors as the door itself is."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from google.rpc.status_pb2 import Status

from careen.api import permissions, routing, validation
from careen.api.methods import METHODS, Method
from careen.api.routing import Place
from careen.api.schemas import Schema, Schemas

_PACKAGE = "yandex.cloud."
_REFUSALS: Mapping[str, str] = {
    "400": "The request is wrong, or the resource is not in the state for it",
    "401": "Nobody knows the caller",
    "403": "The caller may not",
    "404": "What is named does not exist",
    "405": "The path knows no such method",
    "409": "It exists already, or stands in the way",
    "429": "A limit is used up; see Retry-After",
    "499": "The operation was cancelled",
    "500": "careen's fault; its log tells more by the request id",
    "501": "Known, but not built",
    "503": "Not now; the same call may succeed later",
}
_HEADERS = {
    name: {"schema": {"type": "string"}, "description": said}
    for name, said in {
        "x-request-id": "by which the log knows the request",
        "x-server-trace-id": "as Yandex' service writes it",
    }.items()
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "An IAM token"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Api-Key <key>"},
}
_KNOWN: list[Schema] = [{"token": []}, {"apiKey": []}]  # nobody is asked with CAREEN_AUTH=off
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 200},
    "description": "The same call with the same key gives the same operation, for a day",
}


@cache
def document() -> dict[str, Any]:
    """The whole document; the same for ever."""
    schemas = Schemas()
    paths = {place.template: _path(place, schemas) for place in sorted(routing.places(), key=_by_path)}
    refusal = _json(schemas.reference(Status.DESCRIPTOR))
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "careen: Yandex Container Registry API",
            "version": "v1",
            "description": "Every method is also a method of gRPC, of the name that its operationId is. "
            f"int64 are strings, as in all JSON of protobuf. By gRPC only: {', '.join(_without_path())}.",
        },
        "security": _KNOWN,
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": {
                f"refused{status}": {"description": said, "headers": _HEADERS, "content": refusal}
                for status, said in _REFUSALS.items()
            },
            "securitySchemes": _SCHEMES,
        },
    }


def _without_path() -> list[str]:
    return [name.removeprefix(_PACKAGE) for name, method in METHODS.items() if method.http is None]


def _by_path(place: Place) -> str:
    return place.template


def _path(place: Place, schemas: Schemas) -> Schema:
    return {
        verb.lower(): _operation(verb, method, place, schemas)
        for verb, method in sorted(place.methods.items())
    }


def _operation(verb: str, method: Method, place: Place, schemas: Schemas) -> Schema:
    assert method.http is not None
    name = method.full_name.removeprefix(_PACKAGE)
    is_alias = verb != method.http.verb  # the operation's id must be one path's and verb's only
    operation: Schema = {
        "operationId": f"{name}.{verb.lower()}" if is_alias else name,
        "tags": [method.service.rpartition(".")[2]],
        "summary": _summary(method),
        "parameters": list(_parameters(method, place, schemas)),
        "responses": {
            "200": {
                "description": method.response.DESCRIPTOR.name,
                "headers": _HEADERS,
                "content": _json(schemas.reference(method.response.DESCRIPTOR)),
            },
            **{status: {"$ref": f"#/components/responses/refused{status}"} for status in _REFUSALS},
        },
    }
    if permissions.is_open(method):
        operation["security"] = []
    if method.http.has_body:
        operation["requestBody"] = {"required": True, "content": _json(_body(method, place, schemas))}
    return operation


def _summary(method: Method) -> str:
    """What begins an operation says what becomes of it."""
    name = method.name
    if method.metadata is None or method.result is None:
        return name
    metadata, result = method.metadata.DESCRIPTOR.name, method.result.DESCRIPTOR.name
    return f"{name}: an Operation with {metadata}, that ends in {result}"


def _parameters(method: Method, place: Place, schemas: Schemas) -> Iterator[Schema]:
    assert method.http is not None
    for field in method.request.DESCRIPTOR.fields:
        if field.name == place.variable:
            schema = {**schemas.field(field), "minLength": 1}
            yield {"name": field.name, "in": "path", "required": True, "schema": schema}
        elif not method.http.has_body:
            is_required = bool(validation.option(field, "required"))
            schema = schemas.parameter(field)
            yield {"name": field.json_name, "in": "query", "required": is_required, "schema": schema}
    if method.metadata is not None:
        yield _IDEMPOTENCY


def _body(method: Method, place: Place, schemas: Schemas) -> Schema:
    """The request without what stands in the path."""
    if not place.variable:
        return schemas.reference(method.request.DESCRIPTOR)
    fields = [field for field in method.request.DESCRIPTOR.fields if field.name != place.variable]
    required = [field.json_name for field in fields if validation.option(field, "required")]
    schema: Schema = {
        "type": "object",
        "properties": {field.json_name: schemas.field(field) for field in fields},
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
