"""Pages of a list by key: exact while rows come and go, and as fast at the end as at the start."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, or_

from careen.errors import Invalid

Query = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]
Order = tuple[tuple[str, bool], ...]  # (field, descending) pairs


class UnknownField(Invalid): ...


class ExpiredPage(Invalid): ...


@dataclass(frozen=True, slots=True)
class Page:
    size: int = 100  # rows at most
    after: str = ""  # id of the last row of the page before; "" = from the beginning
    order: Order = ()  # () = the list's own
    where: Mapping[str, object] = field(default_factory=dict)  # field -> the value it must have


@dataclass(frozen=True, slots=True)
class Listing:
    """A list's fields, none of which may be NULL, and its order where the caller wants no other."""

    key: ColumnElement[Any]  # unique; ends every order, in the direction of the field before it
    fields: Mapping[str, ColumnElement[Any]]
    default: Order
    parse: Callable[[str], object] = str  # `after` as the key's type; raises ValueError


_Ordered = Sequence[tuple[ColumnElement[Any], bool]]


def fetch(connection: Connection, query: Query, listing: Listing, page: Page) -> Sequence[AnyRow]:
    """The page of the query's rows; raises UnknownField and ExpiredPage."""
    order = _order(listing, page)
    wanted = query.where(*(_field(listing, name) == value for name, value in page.where.items()))
    if page.after:
        wanted = wanted.where(_beyond(order, _last_row(connection, query, listing, page)))
    directions = [column.desc() if descending else column.asc() for column, descending in order]
    return connection.execute(wanted.order_by(*directions).limit(page.size)).all()


def _order(listing: Listing, page: Page) -> _Ordered:
    order = [(_field(listing, name), descending) for name, descending in page.order or listing.default]
    return [*order, (listing.key, order[-1][1] if order else False)]


def _field(listing: Listing, name: str) -> ColumnElement[Any]:
    if name not in listing.fields:
        known = ", ".join(sorted(listing.fields))
        raise UnknownField(f"there is no field {name[:100]!r} to order or filter by, only: {known}")
    return listing.fields[name]


def _last_row(connection: Connection, query: Query, listing: Listing, page: Page) -> AnyRow:
    """Where the page before ended. It need not match the filter any more, but it must exist."""
    columns = [column for column, _ in _order(listing, page)]
    try:
        key = listing.parse(page.after)
    except ValueError as error:
        raise ExpiredPage("the page token has expired", field="page_token") from error
    last = query.with_only_columns(*columns, maintain_column_froms=True).where(listing.key == key)
    row = connection.execute(last).first()
    if row is None:
        raise ExpiredPage("the page token has expired", field="page_token")
    return row


def _beyond(order: _Ordered, last: AnyRow) -> ColumnElement[bool]:
    """That a row comes after `last`; the bound on the first column alone is what an index can use."""
    condition: ColumnElement[bool] = false()
    for (column, descending), value in reversed(list(zip(order, last, strict=True))):
        past = column < value if descending else column > value
        condition = or_(past, and_(column == value, condition))
    (first, descending), value = order[0], last[0]
    return and_(first <= value if descending else first >= value, condition)
