"""Answers to clients that have the content already (RFC 9110, 13.1.2)."""

from collections.abc import Mapping

from starlette.responses import Response

_KEPT = ("ETag", "Docker-Content-Digest", "Cache-Control", "Vary")


def is_known(headers: Mapping[str, str], etag: str) -> bool:
    """Whether If-None-Match names what would be sent."""
    known = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]


def not_modified(headers: Mapping[str, str]) -> Response:
    """304, with those of the headers that a client may want to renew."""
    return Response(status_code=304, headers={name: headers[name] for name in _KEPT if name in headers})
