"""From a secret to the account that it stands for."""

from datetime import datetime

from sqlalchemy import Connection

from careen.auth import key_files, secrets
from careen.auth.key_files import KeyFile
from careen.auth.secrets import Form
from careen.model.access import Identity
from careen.model.credential import CredentialKind, Proof
from careen.store import accounts, iam_tokens

_IAM = "iam-token"


def iam_token(connection: Connection, text: str, now: datetime) -> Identity | None:
    token_id = Form.IAM_TOKEN.id_of(text)
    found = iam_tokens.proof(connection, token_id, now) if token_id else None
    return _identity(_IAM, found) if found and secrets.is_of(text, found.secret) else None


def api_key(connection: Connection, text: str) -> Identity | None:
    return _long_lived(connection, Form.API_KEY, CredentialKind.API_KEY, text)


def oauth_token(connection: Connection, text: str) -> Identity | None:
    return _long_lived(connection, Form.OAUTH, CredentialKind.OAUTH, text)


def key_file(connection: Connection, file: KeyFile) -> Identity | None:
    """Of the whole file, which is what `docker login -u json_key` has for a password."""
    found = accounts.proof(connection, file.id, CredentialKind.KEY)
    if found is None or found.account.id != file.account_id:
        return None
    return _identity(CredentialKind.KEY, found) if key_files.belongs(file, found.secret) else None


def again(connection: Connection, proof: str, now: datetime) -> Identity | None:
    """Who an Identity's `proof` stands for, if it still does."""
    kind, _, identifier = proof.partition(":")
    if kind == _IAM:
        found = iam_tokens.proof(connection, identifier, now)
    elif kind in list(CredentialKind):
        found = accounts.proof(connection, identifier, CredentialKind(kind))
    else:
        return None
    return _identity(kind, found) if found else None


def credential_of(proof: str) -> str | None:
    """The id of the credential that an Identity's `proof` names; None for a token."""
    kind, _, identifier = proof.partition(":")
    return identifier if kind in list(CredentialKind) else None


def _long_lived(connection: Connection, form: Form, kind: CredentialKind, text: str) -> Identity | None:
    credential_id = form.id_of(text)
    found = accounts.proof(connection, credential_id, kind) if credential_id else None
    return _identity(kind, found) if found and secrets.is_of(text, found.secret) else None


def _identity(kind: str, proof: Proof) -> Identity:
    account = proof.account
    return Identity(account.id, account.type, account.name, f"{kind}:{proof.id}")
