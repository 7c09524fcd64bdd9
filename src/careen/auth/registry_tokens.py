"""Tokens for the registry (Docker's "Token Authentication Specification"): of an hour, for some repositories.

Signed and not stored, because anybody may ask for one. Each names the credential or token it was for,
and ends with it; what its bearer may do is looked up at every use, so it gives no more than the roles do.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from sqlalchemy import Connection

from careen.auth import proving
from careen.auth.authentication import Authentication
from careen.model import ids
from careen.model.access import ANONYMOUS, Identity
from careen.model.credential import SigningKey
from careen.store import iam_tokens

LIFETIME = timedelta(hours=1)
CATALOG = "registry:catalog"  # the scope's key of the list of all repositories

_ALGORITHM = "HS256"
_AUDIENCE = "careen:registry"
_KEY_BYTES = 32
_FIRST_KEY = "1"
_TICK = timedelta(milliseconds=1)  # of the store's times
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
        key = self._newest()
        return jwt.encode(claims, key.secret, algorithm=_ALGORITHM, headers={"kid": key.id})

    def read(self, connection: Connection, text: str, now: datetime) -> Identity | None:
        """Who it was given to, with its scope; None for what is no token of ours, or one that has ended."""
        claims = self._claims(connection, text, now)
        if claims is None or claims["exp"] <= now.timestamp():
            return None
        identity = proving.again(connection, claims["proof"], now) if claims["proof"] else ANONYMOUS
        if identity is None or identity.id != claims["sub"]:
            return None
        scope = {name: frozenset(actions) for name, actions in claims["access"].items()}
        return Identity(identity.id, identity.type, identity.name, identity.proof, scope)

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on; what was signed before is good to its end."""
        moment = self.authentication.clock()
        with self.authentication.database.write() as connection:
            known = iam_tokens.signing_keys(connection)
            if known:  # one at a time in whatever order their clocks put them
                moment = max(moment, known[0].created_at + _TICK)
            key = SigningKey(ids.new(ids.ACCOUNT), secrets.token_bytes(_KEY_BYTES), moment)
            iam_tokens.add_signing_key(connection, key)
            *_, oldest = _good([key, *known], moment)
            iam_tokens.forget_signing_keys(connection, before=oldest.created_at)
        return key

    def _claims(self, connection: Connection, text: str, now: datetime) -> dict[str, Any] | None:
        if len(text) > _LONGEST:
            return None
        try:
            key_id = jwt.get_unverified_header(text).get("kid")
            keys = {key.id: key.secret for key in _good(iam_tokens.signing_keys(connection), now)}
            key = keys.get(str(key_id))
            if key is None:
                return None
            options: Any = {"verify_exp": False, "verify_iat": False, "require": ["exp", "sub"]}
            return jwt.decode(text, key, algorithms=[_ALGORITHM], audience=_AUDIENCE, options=options)
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None

    def _newest(self) -> SigningKey:
        """Made by whoever needs one first."""
        database = self.authentication.database
        with database.read() as connection:
            found = iam_tokens.signing_keys(connection)
        if found:
            return found[0]
        with database.write() as connection:
            first = SigningKey(_FIRST_KEY, secrets.token_bytes(_KEY_BYTES), self.authentication.clock())
            iam_tokens.add_signing_key(connection, first)
            return iam_tokens.signing_keys(connection)[0]


def _good(keys: Iterable[SigningKey], now: datetime) -> Iterator[SigningKey]:
    """Of all keys, newest first, those that have signed within a token's lifetime."""
    for key in keys:
        yield key
        if key.created_at <= now - LIFETIME:
            return
