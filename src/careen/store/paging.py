"""Pages of a list by key: exact while rows come and go, and as fast at the end as at the start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, and_, false, or_, type_coerce

from careen.errors import Invalid
from careen.store.columns import Timestamp

Query = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]
Order = tuple[tuple[str, bool], ...]  # (field, descending) pairs
Position = tuple[str | int, ...]  # what a row is ordered by, its key last: a row may go, its place stays

_LARGEST = 1 << 63
_Item = TypeVar("_Item")
_Other = TypeVar("_Other")


class UnknownField(Invalid): ...


class NoPosition(Invalid): ...


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    values: tuple[object, ...]  # one of which the field must have
    is_negated: bool = False  # none of which it may have


@dataclass(frozen=True, slots=True)
class Page:
    size: int = 100  # rows at most
    after: Position = ()  # of the last row of the page before; () = from the beginning
    order: Order = ()  # () = the list's own
    where: tuple[Condition, ...] = ()  # all of which a row must meet


class Listed(list[_Item]):
    """The rows of a page; `positions` says of each after what the rows behind it come."""

    def __init__(self, rows: Iterable[_Item], positions: Sequence[Position]) -> None:
        super().__init__(rows)
        self.positions = positions

    def made_into(self, values: Iterable[_Other]) -> "Listed[_Other]":
        """The same places, taken by what the rows stand for."""
        return Listed(values, self.positions)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list's fields, none of which may be NULL, and its order where the caller wants no other."""

    key: ColumnElement[Any]  # unique
    fields: Mapping[str, ColumnElement[Any]]
    default: Order
    tie: str = ""  # the field that decides between rows that are equal in what the caller wants


_Ordered = Sequence[tuple[ColumnElement[Any], bool]]


def fetch(connection: Connection, query: Query, listing: Listing, page: Page) -> Listed[AnyRow]:
    """The page of the query's rows; raises UnknownField and NoPosition."""
    order = _order(listing, page)
    wanted = query.where(*(_condition(listing, condition) for condition in page.where))
    if page.after:
        wanted = wanted.where(_beyond(order, page.after))
    marks = [column.label(f"position_{number}") for number, (column, _) in enumerate(order)]
    directions = [column.desc() if descending else column.asc() for column, descending in order]
    rows = connection.execute(wanted.add_columns(*marks).order_by(*directions).limit(page.size)).all()
    return Listed(rows, [tuple(row[-len(marks) :]) for row in rows])


def merge(parts: Sequence[Listed[_Item]], listing: Listing, page: Page) -> Listed[_Item]:
    """One page of what several lists have: `parts` are their pages of this size."""
    placed = [pair for part in parts for pair in zip(part.positions, part, strict=True)]
    for number, (_, descending) in reversed(list(enumerate(_order(listing, page)))):
        placed.sort(key=lambda pair: pair[0][number], reverse=descending)
    first = placed[: page.size]
    return Listed([row for _, row in first], [position for position, _ in first])


def _order(listing: Listing, page: Page) -> _Ordered:
    """The key ends every order, in the direction of the field before it: an index can be read either way."""
    asked = page.order or listing.default
    is_descending = asked[-1][1] if asked else False
    if listing.tie and listing.tie not in dict(asked):
        asked = (*asked, (listing.tie, is_descending))
    order = [(_plain(_field(listing, name)), descending) for name, descending in asked]
    return [*order, (listing.key, is_descending)]


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Positions hold what the database holds: of a time the milliseconds."""
    return type_coerce(column, BigInteger) if isinstance(column.type, Timestamp) else column


def _field(listing: Listing, name: str) -> ColumnElement[Any]:
    if name not in listing.fields:
        known = ", ".join(sorted(listing.fields))
        raise UnknownField(f"there is no field {name[:100]!r} to order or filter by, only: {known}")
    return listing.fields[name]


def _condition(listing: Listing, condition: Condition) -> ColumnElement[bool]:
    column = _field(listing, condition.field)
    (first, *more) = condition.values
    if more:
        return column.not_in(condition.values) if condition.is_negated else column.in_(condition.values)
    return column != first if condition.is_negated else column == first


def _beyond(order: _Ordered, position: Position) -> ColumnElement[bool]:
    """That a row comes after it; the bound on the first column alone is what an index can use."""
    if len(position) != len(order) or not all(map(_fits, (column for column, _ in order), position)):
        raise NoPosition("this is no position in the list", field="page_token")
    condition: ColumnElement[bool] = false()
    for (column, descending), value in reversed(list(zip(order, position, strict=True))):
        past = column < value if descending else column > value
        condition = or_(past, and_(column == value, condition))
    (first, descending), value = order[0], position[0]
    return and_(first <= value if descending else first >= value, condition)


def _fits(column: ColumnElement[Any], value: object) -> bool:
    if column.type.python_type is int:
        return isinstance(value, int) and -_LARGEST <= value < _LARGEST
    return isinstance(value, str)
