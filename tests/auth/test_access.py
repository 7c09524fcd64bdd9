"""Where roles reach: down from the cloud to folders, registries and repositories, never sideways or up."""

from datetime import UTC, datetime

import pytest

from careen.auth import accounts
from careen.auth.access import Access, MissingRole
from careen.auth.roles import ROLES, Right, least
from careen.errors import Unauthenticated
from careen.model import ids
from careen.model.access import (
    ALL_AUTHENTICATED,
    ALL_USERS,
    ANONYMOUS,
    CLOUD,
    AccessBinding,
    Identity,
    Path,
    Resource,
    ResourceKind,
    SubjectType,
)
from careen.model.registry import Registry
from careen.store import access_bindings, ancestry, registries, repositories
from careen.store import accounts as stored
from careen.store.database import Database

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ACCESS = Access(enforced=True)
CALLER = Identity("ajecaller", SubjectType.SERVICE, "ci")
PULLER = "container-registry.images.puller"


@pytest.fixture
def paths(database: Database) -> dict[str, Path]:
    """Two registries in a folder, one of them with two repositories."""
    made, other = (Registry(ids.new(), "b1g", name, NOW) for name in ("one", "two"))
    with database.write() as connection:
        for registry in (made, other):
            registries.add(connection, registry)
        for name in ("app", "base"):
            repositories.upsert(connection, made.id, f"{made.id}/{name}")
        found = {
            "folder": ancestry.of_folder("b1g"),
            "registry": ancestry.of_registry(connection, made.id),
            "app": ancestry.of_name(connection, f"{made.id}/app"),
            "base": ancestry.of_name(connection, f"{made.id}/base"),
            "other": ancestry.of_registry(connection, other.id),
            "nowhere": ancestry.of_name(connection, f"{made.id}/nowhere"),
        }
    paths = {name: path for name, path in found.items() if path is not None}
    assert len(paths) == len(found)
    return paths


def bind(
    database: Database, resource: Resource, role: str, subject: str, type_: str = "serviceAccount"
) -> None:
    with database.write() as connection:
        access_bindings.add(connection, resource, AccessBinding(role, type_, subject))


def reached(database: Database, paths: dict[str, Path], right: Right, caller: Identity = CALLER) -> set[str]:
    with database.read() as connection:
        return {name for name, path in paths.items() if ACCESS.allows(connection, caller, right, path)}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("folder", {"folder", "registry", "app", "base", "other", "nowhere"}),
        ("registry", {"registry", "app", "base", "nowhere"}),
        ("app", {"app"}),
        ("other", {"other"}),
    ],
)
def test_a_role_reaches_all_that_lies_in_its_place(
    database: Database, paths: dict[str, Path], place: str, expected: set[str]
) -> None:
    bind(database, paths[place][0], PULLER, CALLER.id)
    assert reached(database, paths, Right.PULL) == expected
    assert reached(database, paths, Right.PUSH) == set()
    assert reached(database, paths, Right.PULL, Identity("ajeother", SubjectType.SERVICE)) == set()


def test_everything_is_the_clouds(database: Database, paths: dict[str, Path]) -> None:
    bind(database, CLOUD, "editor", CALLER.id)
    assert reached(database, paths, Right.EDIT) == set(paths)
    assert reached(database, paths, Right.ADMINISTER) == set()


def test_what_all_may_do_anybody_may(database: Database, paths: dict[str, Path]) -> None:
    bind(database, paths["app"][0], PULLER, ALL_USERS, "system")
    bind(database, paths["base"][0], PULLER, ALL_AUTHENTICATED, "system")
    assert reached(database, paths, Right.PULL, ANONYMOUS) == {"app"}
    assert reached(database, paths, Right.PULL) == {"app", "base"}


def test_an_id_of_one_kind_is_none_of_another(database: Database, paths: dict[str, Path]) -> None:
    bind(database, Resource(ResourceKind.FOLDER, paths["registry"][0].id), PULLER, CALLER.id)
    assert reached(database, paths, Right.PULL) == set()


def test_a_denial_names_the_least_role_and_the_place(database: Database, paths: dict[str, Path]) -> None:
    with database.read() as connection:
        with pytest.raises(MissingRole) as denied:
            ACCESS.require(connection, CALLER, Right.SCAN, paths["registry"])
        assert denied.value.role == "container-registry.images.scanner"
        assert denied.value.message.startswith("Permission denied")
        assert paths["registry"][0].id in denied.value.message
        with pytest.raises(Unauthenticated):
            ACCESS.require(connection, ANONYMOUS, Right.SCAN, paths["app"])


def test_with_authentication_off_nothing_is_asked(database: Database, paths: dict[str, Path]) -> None:
    with database.read() as connection:
        Access(enforced=False).require(connection, ANONYMOUS, Right.FORCE_DELETE, paths["registry"])


def test_roles_go_with_what_they_are_on(database: Database, paths: dict[str, Path]) -> None:
    registry, app = paths["registry"][0], paths["app"][0]
    for resource in (registry, app, CLOUD):
        bind(database, resource, PULLER, CALLER.id)
    with database.write() as connection:
        registries.delete(connection, registry.id)
        assert access_bindings.of_subject(connection, CALLER.id) == [(CLOUD, PULLER)]


def test_roles_and_secrets_go_with_an_account(database: Database) -> None:
    with database.write() as connection:
        account = accounts.make(connection, "ci", SubjectType.SERVICE, NOW)
        access_bindings.add(connection, CLOUD, AccessBinding(PULLER, account.type, account.id))
        stored.delete(connection, account.id)
        assert stored.every(connection) == []
        assert access_bindings.of_subject(connection, account.id) == []


def test_who_force_deletes_may_nothing_else_and_nobody_else_may() -> None:
    may = {role for role, rights in ROLES.items() if Right.FORCE_DELETE in rights}
    assert may == {"container-registry.registries.forceDeleter"}
    assert ROLES["container-registry.registries.forceDeleter"] == {Right.FORCE_DELETE}


def test_each_right_has_a_role_to_ask_for() -> None:
    assert {right.name: least(right).removeprefix("container-registry.") for right in Right} == {
        "VIEW": "viewer",
        "VIEW_POLICIES": "viewer",
        "PULL": "images.puller",
        "PUSH": "images.pusher",
        "SCAN": "images.scanner",
        "EDIT": "editor",
        "ADMINISTER": "admin",
        "FORCE_DELETE": "registries.forceDeleter",
    }


def test_a_denial_does_not_tell_whether_there_is_a_repository(
    database: Database, paths: dict[str, Path]
) -> None:
    def told(place: str) -> Resource:
        with database.read() as connection, pytest.raises(MissingRole) as denied:
            ACCESS.require(connection, CALLER, Right.PUSH, paths[place])
        return denied.value.on

    assert told("app") == told("nowhere") == paths["registry"][0]
    bind(database, paths["app"][0], PULLER, CALLER.id)
    assert told("app") == paths["app"][0]
    assert told("base") == told("nowhere")
