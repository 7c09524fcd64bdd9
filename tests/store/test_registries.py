from datetime import UTC, datetime

import pytest

from careen.errors import Exists
from careen.model import ids
from careen.model.registry import Registry, Repository
from careen.store import registries, repositories
from careen.store.columns import now
from careen.store.database import Database
from careen.store.paging import Page

MOMENT = datetime(2026, 11, 10, 12, 30, 15, 250000, UTC)


def test_a_registry_comes_back_as_it_was_added(database: Database) -> None:
    registry = Registry("crp1", "b1gfolder", "prod", MOMENT, {"team": "магазин", "env": ""})
    with database.write() as connection:
        registries.add(connection, registry)
    with database.read() as connection:
        assert registries.get(connection, "crp1") == registry
        assert registries.get(connection, "crp2") is None
        assert registries.page(connection, "b1gfolder", Page()) == [registry]
        assert registries.page(connection, "another", Page()) == []


def test_the_id_of_a_registry_is_given_once_and_the_transaction_goes_on(database: Database) -> None:
    registry = Registry("crp1", "b1gfolder", "prod", MOMENT)
    with database.write() as connection:
        registries.add(connection, registry)
        with pytest.raises(Exists):
            registries.add(connection, registry)
        assert registries.get(connection, "crp1") == registry


def test_a_repository_is_made_once(database: Database, repository: Repository) -> None:
    with database.write() as connection:
        again = repositories.upsert(connection, repository.registry_id, repository.name)
    with database.read() as connection:
        assert again == repository
        assert ids.is_id(repository.id)
        assert repositories.get(connection, repository.id) == repository
        assert repositories.by_name(connection, repository.name) == repository
        assert repositories.get(connection, "crp2") is None
        assert repositories.by_name(connection, "crp2/none") is None


def test_repositories_are_listed_by_registry_and_by_folder(
    database: Database, repository: Repository
) -> None:
    with database.write() as connection:
        registries.add(connection, Registry("crp2", "b1gfolder", "test", now()))
        registries.add(connection, Registry("crp3", "another", "test", now()))
        second = repositories.upsert(connection, "crp2", "crp2/b")
        third = repositories.upsert(connection, "crp3", "crp3/a")
    with database.read() as connection:
        assert repositories.page(connection, registry_id="crp3", page=Page()) == [third]
        in_folder = repositories.page(connection, folder_id="b1gfolder", page=Page())
        assert {one.id for one in in_folder} == {repository.id, second.id}
        by_name = repositories.page(connection, folder_id="b1gfolder", page=Page(order=(("name", True),)))
        names = sorted([repository.name, second.name], reverse=True)
        assert [one.name for one in by_name] == names
        assert repositories.names(connection) == sorted([repository.name, "crp2/b", "crp3/a"])
