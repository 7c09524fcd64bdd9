"""Pages of a list (yandex-cloud/docs, api-design-guide/concepts/pagination.md)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf.message import Message

from careen.api import filters, order
from careen.api.fields import Field
from careen.api.validation import InvalidRequest, invalid
from careen.store.paging import Page

_DEFAULT_SIZE = 100
_LARGEST_SIZE = 1000
_PAGE_BYTES = 3 << 20  # clients of gRPC refuse a message of more than 4 MiB
_BINDING_BYTES = 8
_AFTER = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)


class Items(Protocol):
    """A repeated field of messages."""

    def append(self, message: Any, /) -> None: ...  # noqa: ANN401 - each response has its own type


@dataclass(frozen=True, slots=True)
class Paging:
    """What a List request asks for. `page` has one row more than `size`, to see whether more follow."""

    size: int
    page: Page
    binding: bytes  # says of which query a token is

    def fill(self, items: Items, rows: Iterable[tuple[str, Message]]) -> str:
        """Append the page's messages to `items`; the token of the next page, "" on the last one.

        `rows` are messages with the keys that `Page.after` takes.
        """
        after, room = "", _PAGE_BYTES
        for number, (key, message) in enumerate(rows):
            room -= message.ByteSize()
            if number == self.size or (number and room < 0):
                return self._token(after)
            items.append(message)
            after = key
        return ""

    def _token(self, after: str) -> str:
        return base64.urlsafe_b64encode(self.binding + after.encode()).decode().rstrip("=")


def read(request: Message, *, filterable: Sequence[Field] = (), orderable: Sequence[Field] = ()) -> Paging:
    """The paging of any List request; raises InvalidRequest.

    `filterable` and `orderable` name fields of the store's list.
    """
    asked: Any = request
    size = asked.page_size or _DEFAULT_SIZE
    if not 0 < size <= _LARGEST_SIZE:
        raise invalid("page_size", f"the value must be 0-{_LARGEST_SIZE}")
    binding = _binding(request)
    page = Page(
        size=size + 1,
        after=_after(asked.page_token, binding),
        order=order.parse(getattr(request, "order_by", ""), orderable),
        where=filters.parse(getattr(request, "filter", ""), filterable),
    )
    return Paging(size, page, binding)


def _binding(request: Message) -> bytes:
    """Of all that a page token must not be carried over to: the method, the parent, filter and order."""
    query = type(request)()
    query.CopyFrom(request)
    query.ClearField("page_token")
    query.ClearField("page_size")
    text = request.DESCRIPTOR.full_name.encode() + b"\0" + query.SerializeToString(deterministic=True)
    return hashlib.sha256(text).digest()[:_BINDING_BYTES]


def _after(token: str, binding: bytes) -> str:
    if not token:
        return ""
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        after = data[_BINDING_BYTES:].decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _not_a_token() from error
    if data[:_BINDING_BYTES] != binding or not _AFTER.fullmatch(after):
        raise _not_a_token()
    return after


def _not_a_token() -> InvalidRequest:
    return invalid("page_token", "is not a token that this very query gave")
