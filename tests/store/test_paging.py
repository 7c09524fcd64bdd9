from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from careen.model import ids
from careen.model.registry import Registry
from careen.store import images, registries, repositories, scans
from careen.store.database import Database
from careen.store.paging import Condition, NoPosition, Order, Page, Position, UnknownField
from careen.store.tables import registries as registries_table

EPOCH = datetime(2026, 11, 10, tzinfo=UTC)
ORDERS: st.SearchStrategy[Order] = st.lists(
    st.tuples(st.sampled_from(["name", "created_at"]), st.booleans()), max_size=3
).map(tuple)
# Few names and times, so that many rows are equal in them.
NAMES = st.sampled_from(["", "a", "B", "щ", "a.b"])
REGISTRIES = st.builds(
    Registry,
    id=st.builds(ids.new),
    folder_id=st.just(""),
    name=NAMES,
    created_at=st.integers(0, 3).map(lambda days: EPOCH + timedelta(days=days)),
)


@pytest.fixture(scope="module")
def shared_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('paging')}/careen.db")
    database.upgrade()
    yield database
    database.close()


def in_folder(connection: Connection, made: list[Registry]) -> str:
    folder = ids.new()
    for one in made:
        registries.add(connection, Registry(one.id, folder, one.name, one.created_at))
    return folder


def walk(
    connection: Connection, folder: str, order: Order, size: int, between: Callable[[Registry], None]
) -> list[Registry]:
    """Every page; `between` is given the last row before each further page."""
    seen: list[Registry] = []
    after: Position = ()
    while page := registries.page(connection, folder, Page(size=size, after=after, order=order)):
        assert len(page) <= size
        seen += page
        after = page.positions[-1]
        between(page[-1])
    return seen


def sorted_as(order: Order, rows: list[Registry]) -> list[Registry]:
    fields = order or (("created_at", False),)
    ordered = sorted(rows, key=lambda row: row.id, reverse=fields[-1][1])
    for field, descending in reversed(fields):
        ordered.sort(key=lambda row: getattr(row, field), reverse=descending)
    return ordered


@settings(max_examples=150, deadline=None)
@given(made=st.lists(REGISTRIES, max_size=12), order=ORDERS, size=st.integers(1, 13))
def test_pages_of_any_size_in_any_order_have_each_row_once_and_in_order(
    shared_database: Database, made: list[Registry], order: Order, size: int
) -> None:
    with shared_database.write() as connection:
        folder = in_folder(connection, made)
        walked = walk(connection, folder, order, size, lambda _: None)
    assert [row.id for row in walked] == [row.id for row in sorted_as(order, made)]


@settings(max_examples=150, deadline=None)
@given(
    made=st.lists(REGISTRIES, max_size=10),
    order=ORDERS,
    size=st.integers(1, 5),
    changes=st.lists(st.tuples(st.lists(REGISTRIES, max_size=2), st.integers(0, 20)), max_size=6),
)
def test_rows_that_stay_are_seen_once_while_others_come_and_go(
    shared_database: Database,
    made: list[Registry],
    order: Order,
    size: int,
    changes: list[tuple[list[Registry], int]],
) -> None:
    gone: set[str] = set()
    coming = iter(changes)

    with shared_database.write() as connection:
        folder = in_folder(connection, made)

        def change(last: Registry) -> None:
            added, victim = next(coming, ([], -1))
            for one in added:
                registries.add(connection, Registry(one.id, folder, one.name, one.created_at))
            doomed = [last.id, *(one.id for one in made)]
            if 0 <= victim < len(doomed):
                gone.add(doomed[victim])
                connection.execute(registries_table.delete().where(registries_table.c.id == doomed[victim]))

        walked = [row.id for row in walk(connection, folder, order, size, change)]
    assert len(walked) == len(set(walked))
    assert {one.id for one in made} - gone <= set(walked)


def test_a_walk_is_in_order_on_both_engines(database: Database) -> None:
    names = ["b", "B", "a-b", "a.b", "ab", "щ", ""]
    made = [Registry(ids.new(), "", name, EPOCH + timedelta(hours=i % 2)) for i, name in enumerate(names)]
    for order in ((("name", False),), (("name", True),), (("created_at", True), ("name", False)), ()):
        with database.write() as connection:
            folder = in_folder(connection, again := [renamed(one) for one in made])
            walked = walk(connection, folder, order, 2, lambda _: None)
        assert [row.id for row in walked] == [row.id for row in sorted_as(order, again)]


def renamed(registry: Registry) -> Registry:
    return Registry(ids.new(), "", registry.name, registry.created_at)


def test_a_filter_keeps_the_rows_that_meet_it(database: Database) -> None:
    folder = ids.new()
    made = [Registry(ids.new(), folder, name, EPOCH) for name in ("a", "b", "a")]
    with database.write() as connection:
        for registry in made:
            registries.add(connection, registry)

        def found(*names: str, is_negated: bool = False) -> list[int]:
            where = (Condition("name", names, is_negated=is_negated),)
            page = registries.page(connection, folder, Page(where=where))
            return sorted(made.index(row) for row in page)

        assert found("a") == [0, 2]
        assert found("a' OR '1'='1") == []
        assert found("a", "b") == [0, 1, 2]
        assert found("a", is_negated=True) == [1]
        assert found("a", "c", is_negated=True) == [1]


def test_a_row_that_no_longer_meets_the_filter_still_marks_the_place(database: Database) -> None:
    made = [Registry(ids.new(), "", "a", EPOCH + timedelta(hours=hour)) for hour in range(3)]
    with database.write() as connection:
        folder = in_folder(connection, made)
        where = (Condition("name", ("a",)),)
        first = registries.page(connection, folder, Page(size=1, where=where))
        renamed = registries_table.update().where(registries_table.c.id == made[0].id).values(name="b")
        connection.execute(renamed)
        rest = registries.page(connection, folder, Page(after=first.positions[0], where=where))
    assert [row.id for row in rest] == [made[1].id, made[2].id]


@pytest.mark.parametrize(
    "page", [Page(order=(("id; DROP TABLE", True),)), Page(where=(Condition("labels", ("x",)),))]
)
def test_an_unknown_field_is_refused(database: Database, page: Page) -> None:
    with database.read() as connection, pytest.raises(UnknownField, match="only: created_at, name"):
        registries.page(connection, "folder", page)


@pytest.mark.parametrize(
    "after",
    [("crp1",), (1, "crp1", 2), ("1", "crp1"), (1, 2), (1 << 63, "crp1"), (1.5, "crp1"), (None, "crp1")],
)
def test_what_is_no_position_in_the_list_is_refused(database: Database, after: Any) -> None:
    with database.read() as connection, pytest.raises(NoPosition):
        registries.page(connection, "folder", Page(after=after))


LISTS: dict[str, Callable[[Connection, Page], object]] = {
    "registries": lambda connection, page: registries.page(connection, "folder", page),
    "registries by name": lambda connection, page: registries.page(
        connection, "folder", replace(page, order=(("name", True),))
    ),
    "repositories": lambda connection, page: repositories.page(connection, registry_id="crp1", page=page),
    "images": lambda connection, page: images.page(connection, registry_id="crp1", page=page),
    "images by change": lambda connection, page: images.page(
        connection, registry_id="crp1", page=replace(page, order=(("last_modified", True),))
    ),
    "images by digest": lambda connection, page: images.page(
        connection, registry_id="crp1", page=replace(page, order=(("digest", False),))
    ),
    "scans by status": lambda connection, page: scans.page(
        connection, repository_id="crp2", page=replace(page, order=(("status", False),))
    ),
    "failed scans of an image": lambda connection, page: scans.page(
        connection, image_id="crp3", page=replace(page, where=(Condition("status", (3,)),))
    ),
    "scans of a repository": lambda connection, page: scans.page(connection, repository_id="crp2", page=page),
    "scans of an image": lambda connection, page: scans.page(connection, image_id="crp3", page=page),
    "findings": lambda connection, page: scans.findings(connection, "che1", page=page),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_from_an_index_in_its_order(shared_database: Database, name: str) -> None:
    plans: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if "ORDER BY" in statement:
            cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    with shared_database.read() as connection:
        event.listen(connection, "before_cursor_execute", explain)
        LISTS[name](connection, Page())
        event.remove(connection, "before_cursor_execute", explain)
    assert any("USING" in step and "INDEX" in step for step in plans), plans
    assert not any("TEMP B-TREE" in step for step in plans), plans
