"""Pages of a list (yandex-cloud/docs, api-design-guide/concepts/pagination.md)."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from careen.api import filters, order
from careen.api.fields import Field
from careen.api.validation import InvalidRequest, invalid
from careen.store.paging import Listed, Page, Position

_DEFAULT_SIZE = 100
_LARGEST_SIZE = 1000
_PAGE_BYTES = 3 << 20  # clients of gRPC refuse a message of more than 4 MiB
_SEAL_BYTES = 8
_Value = TypeVar("_Value")


class Items(Protocol):
    """A repeated field of messages."""

    def append(self, message: Any, /) -> None: ...  # noqa: ANN401 - each response has its own type


@dataclass(frozen=True, slots=True)
class Paging:
    """What a List request asks for. `page` has one row more than `size`, to see whether more follow."""

    size: int
    page: Page
    query: bytes  # a digest of it: a token is of one query only

    def fill(self, items: Items, found: Listed[_Value], write: Callable[[_Value], Message]) -> str:
        """Append what was found, written as messages, to `items`; the token of the next page, or ""."""
        room = _PAGE_BYTES
        for number, value in enumerate(found):
            message = write(value)
            room -= message.ByteSize()
            if number == self.size or (number and room < 0):
                return _token(self.query, found.positions[number - 1])
            items.append(message)
        return ""


def read(request: Message, *, filterable: Sequence[Field] = (), orderable: Sequence[Field] = ()) -> Paging:
    """The paging of any List request; raises InvalidRequest.

    `filterable` and `orderable` name fields of the store's list.
    """
    asked: Any = request
    size = asked.page_size or _DEFAULT_SIZE
    if not 0 < size <= _LARGEST_SIZE:
        raise invalid("page_size", f"the value must be 0-{_LARGEST_SIZE}")
    query = _query(request)
    page = Page(
        size=size + 1,
        after=_position(asked.page_token, query),
        order=order.parse(getattr(request, "order_by", ""), orderable),
        where=filters.parse(getattr(request, "filter", ""), filterable),
    )
    return Paging(size, page, query)


def _query(request: Message) -> bytes:
    """Of all that a page token must not be carried over to: the method, the parent, filter and order."""
    query = type(request)()
    query.CopyFrom(request)
    query.ClearField("page_token")
    query.ClearField("page_size")
    text = request.DESCRIPTOR.full_name.encode() + b"\0" + query.SerializeToString(deterministic=True)
    return hashlib.sha256(text).digest()


def _token(query: bytes, position: Position) -> str:
    text = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(query, text) + text).decode().rstrip("=")


def _seal(query: bytes, text: bytes) -> bytes:
    """Tells a token that was changed, or carried over, from one that this query gave."""
    return hashlib.sha256(query + text).digest()[:_SEAL_BYTES]


def _position(token: str, query: bytes) -> Position:
    if not token:
        return ()
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_a_token() from error
    seal, text = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
    if seal != _seal(query, text):
        raise _not_a_token()
    return _places(text)


def _places(text: bytes) -> Position:
    """The seal is no secret: who has made a token of their own may have written anything."""
    try:
        position = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_a_token() from error
    if not isinstance(position, list) or not all(type(part) in (str, int) for part in position):
        raise _not_a_token()
    return tuple(position)


def _not_a_token() -> InvalidRequest:
    return invalid("page_token", "is not a token that this very query gave")
