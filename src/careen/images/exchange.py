"""What talking to any server over HTTP needs: bounds, safe addresses, waiting (RFC 9110)."""

import httpx

from careen.errors import Unavailable
from careen.images import documents

RETRIED = frozenset({408, 429, 500, 502, 503, 504})  # statuses that may be others next time

_MAX_DIGITS = 9


class RegistryUnavailable(Unavailable):
    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait  # seconds that the registry asks for; None = it does not say


def bounded(response: httpx.Response) -> bytes:
    """The body of a document, as it came; at most one byte more than `documents.LIMIT`."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > documents.LIMIT:
            break
    return bytes(body[: documents.LIMIT + 1])


def wait_asked(response: httpx.Response) -> float | None:
    """Seconds of a Retry-After header. Its other form, a date, is not what registries send."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def safe_url(text: str, base: httpx.URL, scheme: str) -> httpx.URL | None:
    """The address that a server spoken to by `scheme` sends us to; None if it is none to go to.

    Never from https to http, so never to the metadata service of a cloud.
    """
    try:
        url = base.join(text)
    except (httpx.InvalidURL, ValueError):
        return None
    is_sound = bool(text and url.host and not url.userinfo)
    return url if is_sound and url.scheme in {"https", scheme} else None


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
