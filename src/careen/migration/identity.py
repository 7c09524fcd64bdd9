"""Who careen is to the source: nobody, the bearer of a given IAM token, or a service account with its key.

Key files are Yandex' authorized keys; they are exchanged for IAM tokens (IamTokenService.Create with a JWT,
PS256). Only tokens and such JWTs travel, and only to the source.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import jwt

from careen.errors import Invalid

_EARLY = timedelta(minutes=5)  # before a token's end another is fetched
_ASSERTED = timedelta(minutes=5)  # how long an assertion holds

Exchange = Callable[[str], tuple[str, datetime]]  # assertion -> IAM token, and when it ends


class InvalidKey(Invalid): ...


class Identity(Protocol):
    def token(self) -> str:
        """The IAM token to send; "" = none."""

    def renew(self, stale: str) -> bool:
        """Whether there is another token than the one that the source would not take any more."""


@dataclass(frozen=True, slots=True)
class Given:
    """A token that somebody made; "" = nobody."""

    value: str = field(repr=False)

    def token(self) -> str:
        return self.value

    def renew(self, stale: str) -> bool:  # noqa: ARG002 - there is only one
        return False


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    service_account_id: str
    private_key: str = field(repr=False)  # PEM

    def assertion(self, audience: str, now: datetime) -> str:
        """The JWT that proves who we are. Raises InvalidKey."""
        claims = {"iss": self.service_account_id, "aud": audience, "iat": now, "exp": now + _ASSERTED}
        try:
            return jwt.encode(claims, self.private_key, algorithm="PS256", headers={"kid": self.id})
        except (ValueError, TypeError, jwt.PyJWTError):
            raise InvalidKey("the private key of the service account's key cannot be read") from None


def read_key(path: Path) -> Key:
    """An authorized key's file, as `yc iam key create` writes it; raises InvalidKey."""
    try:
        document = json.loads(path.read_text())
        texts = [document[name] for name in ("id", "service_account_id", "private_key")]
    except OSError as error:
        raise InvalidKey(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        texts = [None]
    if not all(isinstance(text, str) and text for text in texts):
        raise InvalidKey(
            f"{path} is no service account's key: a JSON with id, service_account_id and private_key"
        )
    return Key(*texts)


class Account:
    """A service account, whose tokens come and go. Safe for threads."""

    def __init__(self, key: Key, audience: str, exchange: Exchange) -> None:
        self._key = key
        self._audience = audience
        self._exchange = exchange
        self._lock = threading.Lock()
        self._token = ""
        self._ends = datetime.fromtimestamp(0, UTC)

    def token(self) -> str:
        with self._lock:
            if datetime.now(UTC) > self._ends - _EARLY:
                self._fetch()
            return self._token

    def renew(self, stale: str) -> bool:
        with self._lock:
            if self._token == stale:  # nobody else has seen to it
                self._fetch()
            return self._token != stale

    def _fetch(self) -> None:
        now = datetime.now(UTC)
        token, ends = self._exchange(self._key.assertion(self._audience, now))
        # A token that ends sooner than it is renewed would be fetched for every call.
        self._token, self._ends = token, max(ends, now + 2 * _EARLY)
