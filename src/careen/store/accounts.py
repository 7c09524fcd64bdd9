"""Accounts and their credentials."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, select

from careen.errors import Exists
from careen.model.access import Account, SubjectType
from careen.model.credential import Credential, CredentialKind, Proof
from careen.store import access_bindings
from careen.store.inserts import insert_new
from careen.store.memory import remembered
from careen.store.paging import AnyRow
from careen.store.tables import accounts, credentials

ACCOUNT_COLUMNS = (
    accounts.c.id.label("account_id"),
    accounts.c.type,
    accounts.c.name,
    accounts.c.created_at.label("born_at"),
)

_PROOF = (
    select(*credentials.c["id", "secret"], *ACCOUNT_COLUMNS)
    .join(accounts)
    .where(credentials.c.id == bindparam("credential_id"), credentials.c.kind == bindparam("kind"))
)


def add(connection: Connection, account: Account) -> None:
    """Raises Exists when there is an account of that name or id."""
    row = {"id": account.id, "type": account.type, "name": account.name, "created_at": account.created_at}
    if not insert_new(connection, accounts, row):
        raise Exists(f"There is an account {account.name} or {account.id} already")


def get(connection: Connection, account_id: str) -> Account | None:
    return _one(connection, accounts.c.id == account_id)


def named(connection: Connection, name: str) -> Account | None:
    return _one(connection, accounts.c.name == name)


def every(connection: Connection) -> Sequence[Account]:
    """By name."""
    rows = connection.execute(select(*ACCOUNT_COLUMNS).order_by(accounts.c.name))
    return [account_of(row) for row in rows]


def delete(connection: Connection, account_id: str) -> None:
    """With its credentials, its tokens and its roles."""
    access_bindings.forget_subject(connection, account_id)
    connection.execute(accounts.delete().where(accounts.c.id == account_id))


def add_credential(connection: Connection, credential: Credential) -> None:
    row = {
        "id": credential.id,
        "account_id": credential.account_id,
        "kind": credential.kind,
        "secret": credential.secret,
        "created_at": credential.created_at,
    }
    connection.execute(credentials.insert().values(row))


def credentials_of(connection: Connection, account_id: str) -> Sequence[Credential]:
    """Oldest first."""
    query = select(credentials).where(credentials.c.account_id == account_id)
    rows = connection.execute(query.order_by(credentials.c.created_at, credentials.c.id))
    return [Credential(**row._asdict() | {"kind": CredentialKind(row.kind)}) for row in rows]


@remembered
def proof(connection: Connection, credential_id: str, kind: CredentialKind) -> Proof | None:
    row = connection.execute(_PROOF, {"credential_id": credential_id, "kind": kind}).one_or_none()
    return None if row is None else Proof(row.id, row.secret, account_of(row))


def delete_credential(connection: Connection, credential_id: str) -> bool:
    """Whether it was there. The tokens that were made with it end."""
    return connection.execute(credentials.delete().where(credentials.c.id == credential_id)).rowcount == 1


def account_of(row: AnyRow) -> Account:
    """From the ACCOUNT_COLUMNS of a row."""
    return Account(row.account_id, SubjectType(row.type), row.name, row.born_at)


def _one(connection: Connection, condition: ColumnElement[bool]) -> Account | None:
    row = connection.execute(select(*ACCOUNT_COLUMNS).where(condition)).one_or_none()
    return None if row is None else account_of(row)
