"""What a database must give back as it was given, whatever came from an image."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from careen.store.columns import Document, Fields, Packed, String, Timestamp, now
from careen.store.database import Database

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)

samples = Table(
    "samples",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("text", String),
    Column("time", Timestamp),
    Column("packed", Packed),
    Column("document", Document),
    Column("fields", Fields),
)

on_one_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def with_samples(database: Database) -> Database:
    with database.write() as connection:
        samples.create(connection)
    return database


@on_one_database
@given(text=ANY_TEXT, document=ANY_JSON)
def test_text_and_documents_come_back_whatever_is_in_them(
    with_samples: Database, text: str, document: object
) -> None:
    with with_samples.write() as connection:
        values = {"text": text, "packed": document, "document": document}
        row = connection.execute(insert(samples).values(values).returning(samples)).one()
        found = connection.scalar(select(samples.c.id).where(samples.c.text == text, samples.c.id == row.id))
    assert (row.text, row.packed, row.document) == (text, document, document)
    assert found == row.id


@pytest.mark.parametrize(
    "text", ["", "a\x00b", "\x01", '\x01"x"', "\udcff.so", "\x01\x00", "плагин", "\U0001f6a2"]
)
def test_text_that_databases_refuse_is_kept(with_samples: Database, text: str) -> None:
    with with_samples.write() as connection:
        row = connection.execute(insert(samples).values(text=text).returning(samples.c.text))
        assert row.scalar() == text


def test_text_is_ordered_by_code_point(with_samples: Database) -> None:
    words = ["a", "B", "a.b", "a-b", "a_b", "ä", "Z", "1.10", "1.9", "v1", "V2"]
    with with_samples.write() as connection:
        connection.execute(insert(samples), [{"text": word} for word in words])
        ordered = connection.scalars(select(samples.c.text).order_by(samples.c.text)).all()
    assert ordered == sorted(words)


def test_times_come_back_in_utc_to_the_millisecond(with_samples: Database) -> None:
    moscow = timezone(timedelta(hours=3))
    given_time = datetime(2026, 11, 10, 2, 59, 59, 123999, moscow)
    with with_samples.write() as connection:
        row = connection.execute(insert(samples).values(time=given_time).returning(samples.c.time))
        assert row.scalar() == datetime(2026, 11, 9, 23, 59, 59, 123000, UTC)
        assert connection.scalar(select(func.count()).where(samples.c.time == given_time)) == 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_is_cut_to_milliseconds_and_never_rounded(moment: datetime) -> None:
    column = Timestamp()
    kept = column.process_result_value(column.process_bind_param(moment, None), None)  # type: ignore[arg-type] # no dialect is asked
    assert kept == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        Timestamp().process_bind_param(datetime(2026, 11, 10), None)  # type: ignore[arg-type] # noqa: DTZ001 - the point


def test_now_survives_a_column() -> None:
    assert now().microsecond % 1000 == 0
    assert now().tzinfo is UTC


def test_fields_can_be_searched_on_postgresql(with_samples: Database) -> None:
    with with_samples.write() as connection:
        connection.execute(insert(samples).values(fields={"team": "shop"}))
        found = select(samples.c.fields).where(samples.c.fields["team"].as_string() == "shop")
        assert connection.scalars(found).all() == [{"team": "shop"}]
