"""Keys that sign tokens for the registry, old and new."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from careen.auth.authentication import Authentication
from careen.auth.registry_tokens import LIFETIME, RegistryTokens
from careen.model.access import ANONYMOUS
from careen.store import iam_tokens
from careen.store.database import Database

START = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SCOPE = {"crp1/app": frozenset({"pull"})}
MINUTE = timedelta(minutes=1)


@dataclass
class Clock:
    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(database: Database, clock: Clock) -> RegistryTokens:
    return RegistryTokens(Authentication(database, enforced=True, clock=clock))


def holds(tokens: RegistryTokens, text: str) -> bool:
    authentication = tokens.authentication
    with authentication.database.read() as connection:
        return tokens.read(connection, text, authentication.clock()) is not None


def keys(tokens: RegistryTokens) -> list[str]:
    with tokens.authentication.database.read() as connection:
        return [key.id for key in iam_tokens.signing_keys(connection)]


def test_a_token_outlives_the_key_that_signed_it_to_its_own_end(tokens: RegistryTokens, clock: Clock) -> None:
    old = tokens.issue(ANONYMOUS, SCOPE)
    tokens.rotate()
    new = tokens.issue(ANONYMOUS, SCOPE)
    assert holds(tokens, old)
    assert holds(tokens, new)
    clock.moment += LIFETIME - MINUTE
    assert holds(tokens, old)
    clock.moment += MINUTE
    assert not holds(tokens, old)


def test_what_is_signed_with_an_old_key_later_is_worth_nothing_after_a_tokens_lifetime(
    tokens: RegistryTokens, clock: Clock, database: Database
) -> None:
    """Who stole the old key can forge whatever end he likes, but not the hour in which the key ends."""
    tokens.issue(ANONYMOUS, SCOPE)
    ahead = Clock(START + 30 * MINUTE)
    thief = RegistryTokens(Authentication(database, enforced=True, clock=ahead))
    forged = thief.issue(ANONYMOUS, SCOPE)
    tokens.rotate()
    clock.moment += LIFETIME - MINUTE
    assert holds(tokens, forged)
    clock.moment += 2 * MINUTE
    assert not holds(tokens, forged)


def test_the_newest_key_signs_however_quickly_they_come(tokens: RegistryTokens) -> None:
    first = tokens.issue(ANONYMOUS, SCOPE)
    made = [tokens.rotate().id for _ in range(3)]
    assert keys(tokens) == [*reversed(made), "1"]
    assert holds(tokens, first)
    assert holds(tokens, tokens.issue(ANONYMOUS, SCOPE))


def test_keys_that_can_have_signed_nothing_that_holds_are_forgotten(
    tokens: RegistryTokens, clock: Clock
) -> None:
    made = []
    for _ in range(4):
        made.append(tokens.rotate().id)
        clock.moment += LIFETIME / 2
    assert keys(tokens) == [made[3], made[2], made[1]]
    clock.moment += 3 * LIFETIME
    last = tokens.rotate().id
    assert keys(tokens) == [last, made[3]]


def test_another_server_signs_with_the_new_key_at_once(tokens: RegistryTokens, database: Database) -> None:
    beside = RegistryTokens(tokens.authentication)
    before = beside.issue(ANONYMOUS, SCOPE)
    tokens.rotate()
    after = beside.issue(ANONYMOUS, SCOPE)
    assert before.split(".")[0] != after.split(".")[0]
    assert holds(tokens, before)
    assert holds(tokens, after)
