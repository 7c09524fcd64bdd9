"""What proves who a caller is, as it is kept: never the secret itself."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from careen.model.access import Account


class CredentialKind(StrEnum):
    KEY = "key"  # a service account's key pair (RSA), as in Yandex' key files
    API_KEY = "api-key"  # of a service account
    OAUTH = "oauth"  # a user's token, in the place of Yandex' OAuth tokens


@dataclass(frozen=True, slots=True)
class Credential:
    id: str
    account_id: str
    kind: CredentialKind
    secret: str  # of a key the public half (PEM), of all else the SHA-256 of the secret
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IamToken:
    id: str
    account_id: str
    secret: str  # the SHA-256 of the token
    created_at: datetime
    expires_at: datetime
    credential_id: str | None = None  # that it was made with; it ends with it
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A credential or a token with the account that it stands for."""

    id: str
    secret: str
    account: Account


@dataclass(frozen=True, slots=True)
class SigningKey:
    """With which tokens for the registry are signed."""

    id: str
    secret: bytes = field(repr=False)
    created_at: datetime
