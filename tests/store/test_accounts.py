"""Accounts, credentials and tokens, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from careen.auth import accounts, proving, secrets
from careen.auth import iam_tokens as tokens
from careen.errors import Exists
from careen.model.access import Account, SubjectType
from careen.model.credential import CredentialKind, SigningKey
from careen.store import accounts as stored
from careen.store import iam_tokens
from careen.store.database import Database

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def account(database: Database) -> Account:
    with database.write() as connection:
        return accounts.make(connection, "ci", SubjectType.SERVICE, NOW)


def test_an_account_is_found_by_name_and_by_id(database: Database, account: Account) -> None:
    with database.read() as connection:
        assert accounts.find(connection, "ci") == accounts.find(connection, account.id) == account
        assert stored.every(connection) == [account]


def test_names_and_ids_are_taken_once(database: Database, account: Account) -> None:
    with database.write() as connection:
        for name, account_id in (("ci", ""), ("other", account.id)):
            with pytest.raises(Exists):
                accounts.make(connection, name, SubjectType.USER, NOW, account_id=account_id)
        assert stored.every(connection) == [account]


def test_a_secret_of_one_kind_is_none_of_another(database: Database, account: Account) -> None:
    with database.write() as connection:
        made = accounts.give(connection, account, CredentialKind.API_KEY, NOW)
        assert proving.api_key(connection, made.secret) is not None
        assert proving.oauth_token(connection, made.secret) is None
        assert proving.iam_token(connection, made.secret, NOW) is None
        assert stored.proof(connection, made.credential.id, CredentialKind.KEY) is None
        assert made.secret not in repr(made)
        assert made.credential.secret == secrets.digest(made.secret)


def test_a_token_ends_when_it_expires_and_is_forgotten_then(database: Database, account: Account) -> None:
    with database.write() as connection:
        issued = tokens.issue(connection, account.id, NOW)
        assert issued.text not in repr(issued)
        assert issued.expires_at - NOW == timedelta(hours=12)
        just_before = issued.expires_at - timedelta(milliseconds=1)
        assert proving.iam_token(connection, issued.text, just_before) is not None
        assert proving.iam_token(connection, issued.text, issued.expires_at) is None
        assert iam_tokens.prune(connection, just_before) == 0
        assert iam_tokens.prune(connection, issued.expires_at) == 1


def test_a_token_that_was_revoked_proves_nothing(database: Database, account: Account) -> None:
    with database.write() as connection:
        issued = tokens.issue(connection, account.id, NOW)
        other = tokens.issue(connection, account.id, NOW)
        iam_tokens.revoke(connection, secrets.Form.IAM_TOKEN.id_of(issued.text))
        assert proving.iam_token(connection, issued.text, NOW) is None
        assert proving.iam_token(connection, other.text, NOW) is not None


def test_what_is_proved_once_can_be_asked_again(database: Database, account: Account) -> None:
    with database.write() as connection:
        made = accounts.give(connection, account, CredentialKind.API_KEY, NOW)
        identity = proving.api_key(connection, made.secret)
        assert identity is not None
        assert proving.again(connection, identity.proof, NOW) == identity
        stored.delete_credential(connection, made.credential.id)
        assert proving.again(connection, identity.proof, NOW) is None
        for nonsense in ("", "key", "king:aje", f"oauth:{made.credential.id}"):
            assert proving.again(connection, nonsense, NOW) is None


def test_one_signing_key_is_kept_whoever_makes_it(database: Database) -> None:
    with database.write() as connection:
        first = SigningKey("1", b"first", NOW)
        iam_tokens.add_signing_key(connection, first)
        iam_tokens.add_signing_key(connection, SigningKey("1", b"second", NOW))
        assert iam_tokens.signing_keys(connection) == [first]
