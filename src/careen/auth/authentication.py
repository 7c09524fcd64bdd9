"""Who is calling, by what the caller brought."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection

from careen.auth import proving, secrets
from careen.auth.clients import Network
from careen.auth.limits import Failures
from careen.errors import Unauthenticated
from careen.model.access import ANONYMOUS, Identity
from careen.store.columns import now
from careen.store.database import Database

_MESSAGE = "Token is invalid or has expired."
_IPV6_SITE = 64  # bits: one customer has that many addresses, and more


class InvalidToken(Unauthenticated):
    def __init__(self) -> None:
        super().__init__(_MESSAGE)


Prove = Callable[[Connection, str, datetime], Identity | None]


def _api_key(connection: Connection, text: str, _: datetime) -> Identity | None:
    return proving.api_key(connection, text)


_SCHEMES: dict[str, Prove] = {"bearer": proving.iam_token, "api-key": _api_key}


@dataclass(frozen=True, slots=True)
class Authentication:
    """With `enforced` False (CAREEN_AUTH=off) everybody is anonymous, whatever they bring."""

    database: Database
    enforced: bool
    failures: Failures = field(default_factory=Failures)
    proxies: Sequence[Network] = ()  # whose X-Forwarded-… is believed
    clock: Callable[[], datetime] = now

    def identify(self, authorization: str, address: str) -> Identity:
        """By the header of an API call: `Bearer <IAM token>` or `Api-Key <key>`; without one, anonymous.

        Raises InvalidToken and TooManyFailures.
        """
        if not self.enforced or not authorization:
            return ANONYMOUS
        scheme, _, text = authorization.partition(" ")
        with self.attempt(address, secrets.digest(authorization)), self.database.read() as connection:
            prove = _SCHEMES.get(scheme.lower())
            identity = prove(connection, text.strip(), self.clock()) if prove else None
            if identity is None:
                raise InvalidToken
        return identity

    @contextmanager
    def attempt(self, address: str, proof: str, *, account: str = "") -> Iterator[None]:
        """One attempt to authenticate: it fails with Unauthenticated, which is counted.

        `proof` names the attempt's secret, without giving it away.
        """
        names = [f"address {_site(address)}", *([f"account {account}"] if account else [])]
        self.failures.check(names, proof)
        try:
            yield
        except Unauthenticated:
            self.failures.failed(names)
            raise
        self.failures.succeeded(proof)


@lru_cache(1000)
def _site(address: str) -> str:
    """What one caller can hold: an IPv4 address, or an IPv6 network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> _IPV6_SITE)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
