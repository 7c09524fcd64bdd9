"""A source's list to its end, by pages of 1,000, though rows may come and go while it is read."""

from collections.abc import Callable, Sequence
from typing import Any

from careen.errors import Invalid
from careen.migration.answers import InvalidAnswer

_PAGE = 1000  # rows; the API's limit
_MOST = 1_000_000  # rows of one list
_BARREN = 3  # pages in a row that bring nothing new
_RESTARTS = 3

Call = Callable[[Any, Any], Any]  # (method, request) -> response; raises the kinds of careen.errors


class EndlessList(InvalidAnswer): ...


class ForgottenPage(Invalid):
    """The source does not know its own page token any more, as some do when the row before it is gone."""


def rows(
    call: Call,
    method: Any,  # noqa: ANN401 - any of the API's
    request: Any,  # noqa: ANN401 - and what it takes
    field: str,
    key: Callable[[Any], object] = lambda row: row.id,
) -> Sequence[Any]:
    """Every row once by its key, in its first place and as it was seen last. Raises EndlessList."""
    for _ in range(_RESTARTS):
        try:
            return _read(call, method, request, field, key)
        except ForgottenPage:
            continue
    raise EndlessList(f"the source does not let its {field} be read to the end")


def _read(
    call: Call,
    method: object,
    request: Any,  # noqa: ANN401 - as above
    field: str,
    key: Callable[[Any], object],
) -> Sequence[Any]:
    found: dict[object, Any] = {}
    request.page_size, request.page_token = _PAGE, ""
    barren = 0
    while True:
        response = _page(call, method, request)
        before = len(found)
        found |= {key(row): row for row in getattr(response, field)}
        if not response.next_page_token:
            return list(found.values())
        barren = 0 if len(found) > before else barren + 1
        if barren == _BARREN or len(found) > _MOST:
            raise EndlessList(f"the source's list of {field} has no end: {len(found)} rows so far")
        request.page_token = response.next_page_token


def _page(call: Call, method: object, request: Any) -> Any:  # noqa: ANN401 - as above
    try:
        return call(method, request)
    except Invalid as error:
        if not request.page_token:
            raise
        raise ForgottenPage(error.message) from error
