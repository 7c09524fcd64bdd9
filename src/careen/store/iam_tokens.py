"""IAM tokens, by their id; and the keys with which tokens for the registry are signed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, select, update

from careen.model.credential import IamToken, Proof, SigningKey
from careen.store.accounts import ACCOUNT_COLUMNS, account_of
from careen.store.inserts import insert_new
from careen.store.memory import remembered
from careen.store.tables import accounts, iam_tokens
from careen.store.tables import signing_keys as signing_keys_table

_NEVER = datetime.min.replace(tzinfo=UTC)

# Asked at every call, so it is put together once.
_PROOF = (
    select(*iam_tokens.c["id", "secret", "expires_at"], *ACCOUNT_COLUMNS)
    .join(accounts)
    .where(iam_tokens.c.id == bindparam("token_id"), ~iam_tokens.c.revoked)
)


def add(connection: Connection, token: IamToken) -> None:
    connection.execute(iam_tokens.insert(), asdict(token))


def proof(connection: Connection, token_id: str, now: datetime) -> Proof | None:
    """None for a token that is unknown, expired or revoked."""
    found, expires_at = _proof(connection, token_id)
    return found if expires_at > now else None


@remembered
def _proof(connection: Connection, token_id: str) -> tuple[Proof | None, datetime]:
    """With the moment at which it ends."""
    row = connection.execute(_PROOF, {"token_id": token_id}).one_or_none()
    if row is None:
        return None, _NEVER
    return Proof(row.id, row.secret, account_of(row)), row.expires_at


def revoke(connection: Connection, token_id: str) -> None:
    connection.execute(update(iam_tokens).where(iam_tokens.c.id == token_id).values(revoked=True))


def prune(connection: Connection, now: datetime) -> int:
    """Forget what has expired; gives the number."""
    return connection.execute(iam_tokens.delete().where(iam_tokens.c.expires_at <= now)).rowcount


@remembered
def signing_keys(connection: Connection) -> Sequence[SigningKey]:
    """Newest first."""
    columns = signing_keys_table.c
    query = select(*columns["id", "secret", "created_at"]).order_by(columns.created_at.desc(), columns.id)
    return [SigningKey(*row) for row in connection.execute(query)]


def add_signing_key(connection: Connection, key: SigningKey) -> None:
    """Unless there is one of that id."""
    insert_new(connection, signing_keys_table, asdict(key))


def forget_signing_keys(connection: Connection, *, before: datetime) -> None:
    """Those that were made before then."""
    connection.execute(signing_keys_table.delete().where(signing_keys_table.c.created_at < before))
