"""IAM tokens, by their id; and the keys with which tokens for the registry are signed."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, select, update

from careen.model.credential import IamToken, Proof
from careen.store.accounts import ACCOUNT_COLUMNS, account_of
from careen.store.inserts import insert_new
from careen.store.memory import remembered
from careen.store.tables import accounts, iam_tokens, signing_keys

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
def signing_keys_by_id(connection: Connection) -> Mapping[str, bytes]:
    """Newest first."""
    query = select(*signing_keys.c["id", "secret"]).order_by(signing_keys.c.created_at.desc())
    return {row.id: row.secret for row in connection.execute(query)}


def add_signing_key(connection: Connection, key_id: str, secret: bytes, now: datetime) -> None:
    """Unless there is one of that id."""
    insert_new(connection, signing_keys, {"id": key_id, "secret": secret, "created_at": now})
