"""Making accounts, and what they prove themselves with."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from careen.auth import key_files, secrets
from careen.auth.key_files import KeyFile, KeyPair
from careen.auth.secrets import Form
from careen.errors import Invalid, NotFound
from careen.model import ids
from careen.model.access import Account, SubjectType
from careen.model.credential import Credential, CredentialKind
from careen.store import accounts

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)  # as Yandex' service accounts are named
_ID = re.compile(r"[a-z][a-z0-9]{2,49}", re.ASCII)
_OWNERS = {
    CredentialKind.KEY: SubjectType.SERVICE,
    CredentialKind.API_KEY: SubjectType.SERVICE,
    CredentialKind.OAUTH: SubjectType.USER,
}
_FORMS = {CredentialKind.API_KEY: Form.API_KEY, CredentialKind.OAUTH: Form.OAUTH}


class InvalidName(Invalid): ...


@dataclass(frozen=True, slots=True)
class Made:
    """A new credential with its secret, which nobody can be told again."""

    credential: Credential
    secret: str = field(repr=False)  # of a key the whole key file


def make(
    connection: Connection, name: str, type_: SubjectType, now: datetime, *, account_id: str = ""
) -> Account:
    """Raises InvalidName and Exists. An id is given where an account keeps the one it had elsewhere."""
    if not _NAME.fullmatch(name):
        raise InvalidName(
            "A name has 1 to 63 letters a-z, digits and -; it begins with a letter and does not end with -"
        )
    if account_id and not _ID.fullmatch(account_id):
        raise InvalidName(f"{account_id[:50]!r} is no id of an account")
    account = Account(account_id or ids.new(ids.ACCOUNT), type_, name, now)
    accounts.add(connection, account)
    return account


def find(connection: Connection, text: str) -> Account:
    """By name or id; raises NotFound."""
    found = accounts.named(connection, text) or accounts.get(connection, text)
    if found is None:
        raise NotFound.of("Account", text[:100])
    return found


def give(connection: Connection, account: Account, kind: CredentialKind, now: datetime) -> Made:
    """A new credential; raises Invalid for a kind that such an account does not have."""
    _check_kind(account, kind)
    if kind is CredentialKind.KEY:
        return _give_key(connection, account, now)
    secret = _FORMS[kind].new()
    credential = Credential(secret.id, account.id, kind, secrets.digest(secret.text), now)
    accounts.add_credential(connection, credential)
    return Made(credential, secret.text)


def take_over(connection: Connection, account: Account, file: KeyFile, now: datetime) -> Credential:
    """Accept a key that was made elsewhere; only its public half is kept.

    Raises NotAKeyFile, and Invalid where it is another account's.
    """
    _check_kind(account, CredentialKind.KEY)
    if file.account_id != account.id or not _ID.fullmatch(file.id):
        raise Invalid(f"The key {file.id[:50]!r} is one of {file.account_id[:50]!r}, not of {account.id}")
    credential = Credential(file.id, account.id, CredentialKind.KEY, key_files.public_half(file), now)
    accounts.add_credential(connection, credential)
    return credential


def _give_key(connection: Connection, account: Account, now: datetime) -> Made:
    pair = KeyPair.new()
    credential = Credential(ids.new(ids.ACCOUNT), account.id, CredentialKind.KEY, pair.public, now)
    accounts.add_credential(connection, credential)
    return Made(credential, key_files.write(credential.id, account.id, pair, now))


def _check_kind(account: Account, kind: CredentialKind) -> None:
    if account.type is not _OWNERS[kind]:
        raise Invalid(f"{account.name} is a {account.type}: it has no credentials of the kind {kind}")
