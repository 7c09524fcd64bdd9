"""Tokens for the registry (Docker's "Token Authentication Specification"): of an hour, for some repositories.

Signed and not stored, because anybody may ask for one. Each names the credential or token it was for,
and ends with it; what its bearer may do is looked up at every use, so it gives no more than the roles do.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from sqlalchemy import Connection

from careen.auth import proving
from careen.auth.authentication import Authentication
from careen.model.access import ANONYMOUS, Identity
from careen.store import iam_tokens

LIFETIME = timedelta(hours=1)
CATALOG = "registry:catalog"  # the scope's key of the list of all repositories

_ALGORITHM = "HS256"
_AUDIENCE = "careen:registry"
_KEY_BYTES = 32
_FIRST_KEY = "1"
_LONGEST = 16 << 10  # characters


@dataclass(frozen=True, slots=True)
class RegistryTokens:
    authentication: Authentication

    def issue(self, identity: Identity, scope: Mapping[str, frozenset[str]]) -> str:
        moment = self.authentication.clock()
        claims = {
            "aud": _AUDIENCE,
            "sub": identity.id,
            "proof": identity.proof,
            "access": {name: sorted(actions) for name, actions in sorted(scope.items())},
            "iat": int(moment.timestamp()),
            "exp": int((moment + LIFETIME).timestamp()),
        }
        key_id, key = next(iter(self._keys().items()))
        return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": key_id})

    def read(self, connection: Connection, text: str, now: datetime) -> Identity | None:
        """Who it was given to, with its scope; None for what is no token of ours, or one that has ended."""
        claims = self._claims(connection, text)
        if claims is None or claims["exp"] <= now.timestamp():
            return None
        identity = proving.again(connection, claims["proof"], now) if claims["proof"] else ANONYMOUS
        if identity is None or identity.id != claims["sub"]:
            return None
        scope = {name: frozenset(actions) for name, actions in claims["access"].items()}
        return Identity(identity.id, identity.type, identity.name, identity.proof, scope)

    def _claims(self, connection: Connection, text: str) -> dict[str, Any] | None:
        if len(text) > _LONGEST:
            return None
        try:
            key_id = jwt.get_unverified_header(text).get("kid")
            key = iam_tokens.signing_keys_by_id(connection).get(str(key_id))
            if key is None:
                return None
            options: Any = {"verify_exp": False, "verify_iat": False, "require": ["exp", "sub"]}
            return jwt.decode(text, key, algorithms=[_ALGORITHM], audience=_AUDIENCE, options=options)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None

    def _keys(self) -> Mapping[str, bytes]:
        """Made by whoever needs one first."""
        database = self.authentication.database
        with database.read() as connection:
            found = iam_tokens.signing_keys_by_id(connection)
        if found:
            return found
        with database.write() as connection:
            new = secrets.token_bytes(_KEY_BYTES)
            iam_tokens.add_signing_key(connection, _FIRST_KEY, new, self.authentication.clock())
            return iam_tokens.signing_keys_by_id(connection)
