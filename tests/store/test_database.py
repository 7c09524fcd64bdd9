import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from careen.errors import Exists, Internal, Invalid, Unavailable
from careen.model.registry import Registry
from careen.store import registries, repositories
from careen.store.columns import now
from careen.store.database import Database
from careen.store.tables import metadata
from careen.store.tables import registries as registries_table

UPGRADE = """
import sys
from careen.store.database import Database
database = Database(sys.argv[1])
sys.stdin.readline()
database.upgrade()
database.close()
"""

# One transaction makes a registry and its repository; only then is it acknowledged on standard output.
WRITE_FOR_EVER = """
import sys
from careen.model.registry import Registry
from careen.store import registries, repositories
from careen.store.columns import now
from careen.store.database import Database
database = Database(sys.argv[1])
for number in range(1_000_000):
    name = f"{sys.argv[2]}-{number}"
    with database.write() as connection:
        registries.add(connection, Registry(name, "folder", name, now()))
        repositories.upsert(connection, name, f"{name}/repository")
    print(name, flush=True)
"""


def test_migrations_lead_to_the_schema_of_the_tables(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_is_described_as_one_made_from_the_tables(database: Database) -> None:
    with database.write() as connection:
        migrated = description(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert description(connection) == migrated


def description(connection: Connection) -> dict[str, Any]:
    """All that a database says of its tables; predicates of indexes and rules of deletion included."""
    inspector = inspect(connection)
    tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    return {
        table: {
            "columns": {column["name"]: repr(column) for column in inspector.get_columns(table)},
            "key": inspector.get_pk_constraint(table),
            "foreign": sorted(map(repr, inspector.get_foreign_keys(table))),
            "unique": sorted(map(repr, inspector.get_unique_constraints(table))),
            "indexes": sorted(_index(index) for index in inspector.get_indexes(table)),
        }
        for table in tables
    }


def _index(index: Any) -> str:
    where = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return f"{index['name']} {index['column_names']} {index['unique']} {where}"


def test_an_empty_database_is_not_current_until_it_is_upgraded(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    before = database.is_current()
    database.upgrade()
    database.upgrade()
    after = database.is_current()
    database.close()
    assert (before, after) == (False, True)


def test_processes_that_upgrade_at_the_same_time_do_not_collide(empty_database_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", UPGRADE, empty_database_url]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in started] == [b""] * 4
    database = Database(empty_database_url)
    assert database.is_current()
    database.close()


def test_a_database_of_a_newer_careen_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not database.is_current()
    with pytest.raises(Internal, match="another version of careen"):
        database.upgrade()


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://localhost/careen", "no url"])
def test_only_files_and_postgresql_are_databases(url: str) -> None:
    with pytest.raises(Invalid):
        Database(url)


def test_the_password_in_a_url_that_cannot_be_read_is_not_told() -> None:
    with pytest.raises(Invalid) as caught:
        Database("postgresql://careen:secret@host:notaport/careen")
    assert "secret" not in str(caught.value)


def test_a_database_that_is_down_is_unavailable() -> None:
    database = Database("postgresql://careen@127.0.0.1:1/careen")
    with pytest.raises(Unavailable), database.read():
        pass


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises((SQLAlchemyError, Unavailable)), database.read() as connection:
        registries.add(connection, registry("crp1"))
    with database.write() as connection:
        registries.add(connection, registry("crp1"))


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.read() as reader:
        assert registries.get(reader, "crp1") is None
        with database.write() as writer:
            registries.add(writer, registry("crp1"))
        assert registries.get(reader, "crp1") is None
    with database.read() as reader:
        assert registries.get(reader, "crp1") is not None


def test_an_exception_undoes_the_transaction(database: Database) -> None:
    with pytest.raises(Exists), database.write() as connection:  # noqa: PT012 - the second add fails
        registries.add(connection, registry("crp1"))
        registries.add(connection, registry("crp1"))
    with database.read() as connection:
        assert registries.get(connection, "crp1") is None


def test_foreign_keys_hold_and_a_registry_takes_its_repositories_along(database: Database) -> None:
    with pytest.raises(SQLAlchemyError), database.write() as connection:
        repositories.upsert(connection, "crpnone", "crpnone/web")
    with database.write() as connection:
        registries.add(connection, registry("crp1"))
        repositories.upsert(connection, "crp1", "crp1/web")
        connection.execute(registries_table.delete())
        assert repositories.names(connection) == []


def test_eight_threads_that_read_and_then_write_do_not_find_the_database_locked(database: Database) -> None:
    """A transaction that reads first is the one that SQLite would refuse to let write."""
    with database.write() as connection:
        registries.add(connection, registry("crp1"))

    def push(thread: int) -> None:
        for number in range(25):
            with database.write() as connection:
                assert registries.get(connection, "crp1") is not None
                repositories.upsert(connection, "crp1", f"crp1/shared/{number}")
                repositories.upsert(connection, "crp1", f"crp1/{thread}/{number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(push, range(8)))
    with database.read() as connection:
        assert len(repositories.names(connection)) == 25 + 8 * 25


def test_threads_that_upsert_the_same_repository_get_the_same_row(database: Database) -> None:
    with database.write() as connection:
        registries.add(connection, registry("crp1"))
    together = threading.Barrier(8, timeout=30)

    def upsert(_: int) -> str:
        together.wait()
        with database.write() as connection:
            return repositories.upsert(connection, "crp1", "crp1/web").id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(upsert, range(8)))) == 1


def test_a_writer_that_is_killed_leaves_whole_transactions_and_all_that_it_acknowledged(
    tmp_path: Path, sqlite_template: Path
) -> None:
    url = f"sqlite:///{tmp_path}/careen.db"
    (tmp_path / "careen.db").write_bytes(sqlite_template.read_bytes())
    acknowledged = [name for run in range(5) for name in _write_until_killed(url, f"run{run}", after=run * 7)]
    database = Database(url)
    with database.write() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        made = connection.scalars(select(registries_table.c.id)).all()
        assert sorted(f"{name}/repository" for name in made) == repositories.names(connection)
    database.close()
    assert set(acknowledged) <= set(made)
    assert len(acknowledged) >= 7 + 14 + 21 + 28


def _write_until_killed(url: str, prefix: str, after: int) -> list[str]:
    command = [sys.executable, "-c", WRITE_FOR_EVER, url, prefix]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        names = [writer.stdout.readline().strip() for _ in range(after + 1)]
        writer.kill()
        return names + writer.stdout.read().split()


def registry(registry_id: str) -> Registry:
    return Registry(id=registry_id, folder_id="folder", name="prod", created_at=now())
