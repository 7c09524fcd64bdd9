"""What is remembered between two reads never outlives a change, whoever made it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from careen.auth import iam_tokens
from careen.errors import NotFound
from careen.model import ids
from careen.model.access import AccessBinding, Account, Resource, ResourceKind, SubjectType
from careen.model.registry import Registry
from careen.store import access_bindings, accounts, ancestry, registries
from careen.store import iam_tokens as stored_tokens
from careen.store.columns import now
from careen.store.database import Database
from careen.store.memory import remembered

HERE = Resource(ResourceKind.FOLDER, "folder")
VIEWER = AccessBinding("viewer", SubjectType.SERVICE, "ajeci")

TAKE_ROLE_AWAY = """
import sys
from careen.model.access import AccessBinding, Resource, ResourceKind, SubjectType
from careen.store import access_bindings
from careen.store.database import Database
database = Database(sys.argv[1])
with database.write() as connection:
    binding = AccessBinding("viewer", SubjectType.SERVICE, "ajeci")
    assert access_bindings.remove(connection, Resource(ResourceKind.FOLDER, "folder"), binding)
database.close()
"""


def counted(find: Callable[[Connection, str], str]) -> tuple[Callable[[Connection, str], str], list[str]]:
    asked: list[str] = []

    def note(connection: Connection, question: str, /) -> str:
        asked.append(question)
        return find(connection, question)

    return remembered(note), asked


def answer(_: Connection, question: str) -> str:
    return question.upper()


def roles(database: Database) -> set[str]:
    with database.read() as connection:
        return set(access_bindings.roles(connection, (HERE,), ("ajeci",)))


def give(database: Database) -> None:
    with database.write() as connection:
        access_bindings.add(connection, HERE, VIEWER)


def test_a_question_is_asked_once_while_nothing_changes(sqlite_database: Database) -> None:
    find, asked = counted(answer)
    for _ in range(3):
        with sqlite_database.read() as connection:
            assert [find(connection, each) for each in "aab"] == ["A", "A", "B"]
    assert asked == ["a", "b"]


def test_a_question_is_asked_again_when_anything_has_changed(sqlite_database: Database) -> None:
    find, asked = counted(answer)
    for _ in range(2):
        with sqlite_database.read() as connection:
            find(connection, "a")
        give(sqlite_database)
    with sqlite_database.read() as connection:
        find(connection, "a")
    assert len(asked) == 2  # the second time there was nothing to give


def test_what_fails_is_not_remembered(sqlite_database: Database) -> None:
    def fail(_: Connection, name: str, /) -> str:
        raise NotFound(name)

    find, asked = counted(fail)
    for _ in range(2):
        with pytest.raises(NotFound), sqlite_database.read() as connection:
            find(connection, "a")
    assert len(asked) == 2


def test_a_writer_remembers_nothing(database: Database) -> None:
    find, asked = counted(answer)
    with database.write() as connection:
        find(connection, "a")
        find(connection, "a")
    assert len(asked) == 2


def test_memory_has_an_end(sqlite_database: Database) -> None:
    find, asked = counted(answer)
    for _ in range(2):
        with sqlite_database.read() as connection:
            for number in range(2_001):
                find(connection, str(number))
    assert len(asked) == 4_002


def test_what_no_name_is_as_long_as_is_not_remembered(sqlite_database: Database) -> None:
    find, asked = counted(answer)
    with sqlite_database.read() as connection:
        for _ in range(2):
            find(connection, "a" * 300)
            find(connection, "a" * 301)
    assert [len(each) for each in asked] == [300, 301, 301]


def test_a_role_that_is_taken_away_is_gone_at_once(database: Database) -> None:
    for _ in range(3):
        give(database)
        assert roles(database) == {"viewer"}
        with database.write() as connection:
            access_bindings.remove(connection, HERE, VIEWER)
        assert roles(database) == set()


def test_a_role_that_another_process_takes_away_is_gone_at_once(sqlite_database: Database) -> None:
    give(sqlite_database)
    assert roles(sqlite_database) == {"viewer"}
    subprocess.run([sys.executable, "-c", TAKE_ROLE_AWAY, str(sqlite_database._url)], check=True)
    assert roles(sqlite_database) == set()


def test_every_thread_sees_a_change_at_once(sqlite_database: Database) -> None:
    """Each has a connection of its own while all are at it, and each connection its own memory."""
    go, seen = threading.Barrier(5, timeout=30), []

    def look() -> None:
        for _ in range(20):
            go.wait()
            with sqlite_database.read() as connection:
                go.wait()
                seen.append(set(access_bindings.roles(connection, (HERE,), ("ajeci",))))
            go.wait()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        with sqlite_database.write() as connection:
            change = access_bindings.remove if number % 2 else access_bindings.add
            change(connection, HERE, VIEWER)
        for _ in range(3):
            go.wait()
        assert seen[-4:] == [set() if number % 2 else {"viewer"}] * 4
    for thread in threads:
        thread.join()


def test_a_reader_that_began_before_a_change_does_not_hear_of_it_and_the_next_does(
    sqlite_database: Database,
) -> None:
    with sqlite_database.read() as connection:
        give(sqlite_database)
        assert access_bindings.roles(connection, (HERE,), ("ajeci",)) == set()
    assert roles(sqlite_database) == {"viewer"}


def test_a_token_ends_with_its_time_though_nothing_changes(database: Database) -> None:
    account = Account(ids.new(ids.ACCOUNT), SubjectType.SERVICE, "ci", now())
    with database.write() as connection:
        accounts.add(connection, account)
        issued = iam_tokens.issue(connection, account.id, now())
        (token_id,) = connection.scalars(text("SELECT id FROM iam_tokens")).all()
    almost = issued.expires_at - timedelta(milliseconds=1)
    for moment, holds in ((now(), True), (almost, True), (issued.expires_at, False), (now(), True)):
        with database.read() as connection:
            assert (stored_tokens.proof(connection, token_id, moment) is not None) == holds


def test_a_registry_that_is_deleted_leads_nowhere(database: Database) -> None:
    made = Registry("crp" + "a" * 17, "folder", "", now())
    with database.write() as connection:
        registries.add(connection, made)
    for is_there in (True, False):
        with database.read() as connection:
            assert (ancestry.of_registry(connection, made.id) is not None) == is_there
        with database.write() as connection:
            registries.delete(connection, made.id)
