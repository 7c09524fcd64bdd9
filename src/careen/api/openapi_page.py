"""The page on which a person reads the API's description; all of it is in the one document."""

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from careen.api import openapi

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: #8881; padding: .6rem; overflow-x: auto; border-radius: .3rem; }
details { border: 1px solid #8884; border-radius: .3rem; margin: .4rem 0; padding: .3rem .6rem; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
td, th { border-bottom: 1px solid #8883; }
:root { color-scheme: light dark; }
"""

_ABOUT = """<p>The same for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).
Every answer has the headers <code>x-request-id</code> and <code>x-server-trace-id</code>;
every refusal is a google.rpc.Status.</p>"""


@cache
def page() -> str:
    document = openapi.document()
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(document['info']['title'])}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{_text(document['info']['title'])}</h1><p>{_text(document['info']['description'])}</p>",
            _ABOUT,
            *_services(document),
            *_refusals(document["components"]["responses"]),
            "<h2>Messages</h2>",
            *(_message(name, schema) for name, schema in document["components"]["schemas"].items()),
            "</body></html>",
        ]
    )


def _services(document: dict[str, Any]) -> Iterator[str]:
    service = ""
    operations = [
        (operation["tags"][0], path, verb, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]
    for tag, path, verb, operation in sorted(operations, key=lambda each: each[:3]):
        if tag != service:
            service = tag
            yield f"<h2>{_text(tag)}</h2>"
        yield _operation(path, verb, operation)


def _operation(path: str, verb: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<details id="{_text(operation["operationId"])}">',
        f"<summary><b>{verb.upper()}</b> <code>{_text(path)}</code> {_text(_name(operation))}</summary>",
        f"<p>{_text(operation['summary'])}<br><code>{_text(operation['operationId'])}</code></p>",
        *(["<p>Open to everybody, without a token</p>"] if operation.get("security") == [] else []),
        *_parameters(operation["parameters"]),
    ]
    if "requestBody" in operation:
        parts += ["<p>Body</p>", _schema(operation["requestBody"]["content"]["application/json"]["schema"])]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return "\n".join([*parts, "<p>Answer</p>", _schema(answer), "</details>"])


def _name(operation: dict[str, Any]) -> str:
    """Of the method; it is the same by every verb of a path."""
    name: str = operation["summary"].partition(":")[0]
    return name


def _refusals(responses: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Refusals</h2><p>Of every method:</p><table>"
    for name, said in responses.items():
        status = _text(name.removeprefix("refused"))
        yield f"<tr><td><code>{status}</code></td><td>{_text(said['description'])}</td></tr>"
    yield "</table>"


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[str]:
    if parameters:
        yield "<table><tr><th>Parameter</th><th>in</th><th></th></tr>"
        for each in parameters:
            needed = ", required" if each.get("required") else ""
            said = json.dumps(each["schema"], ensure_ascii=False)
            name = f"<td><code>{_text(each['name'])}</code></td>"
            yield f"<tr>{name}<td>{each['in']}{needed}</td><td><code>{_text(said)}</code></td></tr>"
        yield "</table>"


def _message(name: str, schema: dict[str, Any]) -> str:
    said = _schema(schema)
    return f'<details id="{_text(name)}"><summary><code>{_text(name)}</code></summary>{said}</details>'


def _schema(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference:
        return f'<p><a href="#{_text(reference)}"><code>{_text(reference)}</code></a></p>'
    return f"<pre>{_text(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"


def _text(text: str) -> str:
    return escape(text)
