"""Which credentials a registry is given, and to whom it may send us with them.

Credentials are those that the caller gives, or those of exactly this host in Docker's config.json. No
credential helper is run and no cloud is asked. A registry names the address of its token service itself
(WWW-Authenticate), so a hostile one could name anybody's: CVE-2024-35192 is of that kind. Hence the rule of
`may_receive`.
"""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from careen.errors import Invalid
from careen.images import documents
from careen.images.documents import Fields
from careen.images.place import Access
from careen.images.reference import DOCKER_HUB, host_name

_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_LABELS = 2  # of the shortest domain that belongs to one owner


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def find(host: str, access: Access) -> Credentials | None:
    """The credentials for `host`; None = go there as nobody. Raises Invalid for a broken config.json."""
    if access.user or access.password:
        return Credentials(access.user, access.password)
    if access.docker_config is None or not access.docker_config.is_file():
        return None
    return _from_docker_config(host, access.docker_config)


def may_receive(realm_host: str, registry_host: str) -> bool:
    """Whether a token service may be sent the registry's credentials.

    It must be on the same host or below the same domain, as `auth.docker.io` of `registry-1.docker.io`. That
    domain is the registry's host, or this without its first label. It has at least two labels, and is none
    under which strangers register, told by its shape: `co.uk`, `com.cn`. Addresses have no domain.
    """
    realm, registry = host_name(realm_host), host_name(registry_host)
    if realm == registry:
        return True
    domains = [registry, registry.partition(".")[2]]
    return any(_is_owned(domain) and f".{realm}".endswith(f".{domain}") for domain in domains)


def _is_owned(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) < _LABELS or labels[-1].isdigit() or ":" in domain:
        return False
    return len(labels) > _LABELS or not (len(labels[-1]) == 2 and len(labels[0]) <= 3)  # noqa: PLR2004 - co.uk


def _from_docker_config(host: str, path: Path) -> Credentials | None:
    try:
        auths = documents.load_object(path.read_bytes(), str(path)).child("auths")
        for name in auths.fields:
            if _same_host(name, host):
                return _decode(auths.child(name))
    except (OSError, ValueError) as error:
        raise Invalid(f"the credentials in {path} cannot be read ({type(error).__name__})") from None
    return None


def _same_host(name: str, host: str) -> bool:
    """config.json names hosts with or without `https://` and `/v1/`; one with another path is not this."""
    bare = name.removeprefix("https://").removeprefix("http://")
    bare = bare.removesuffix("/").removesuffix("/v1").removesuffix("/v2").lower()
    return bare == host.lower() or {bare, host} <= _HUB_NAMES


def _decode(entry: Fields) -> Credentials | None:
    encoded = entry.text("auth", default="")
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except binascii.Error as error:
        raise ValueError from error
    return Credentials(user, password) if colon else None
