"""Names of images in registries, as Docker writes them (github.com/distribution/reference, reference.go)."""

import ipaddress
import re
from dataclasses import dataclass

from careen.errors import Invalid
from careen.model import digest as digests

DOCKER_HUB = "docker.io"

_HOST = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?){0,20}"
    r"|\[[0-9a-fA-F:.]{2,45}\])(?::[0-9]{1,5})?"
)
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_MAX_NAME = 255


class InvalidReference(Invalid): ...


@dataclass(frozen=True, slots=True)
class Reference:
    host: str  # "docker.io", "registry.example.com:5000"
    name: str  # "library/alpine"
    tag: str = ""
    digest: str = ""  # where both are given the digest decides

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """`alpine` is `docker.io/library/alpine:latest`, everywhere. Raises InvalidReference."""
    rest, has_digest, digest = text.partition("@")
    rest, tag = _split_tag(rest)
    host, name = _split_host(rest)
    if not _HOST.fullmatch(host) or len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise InvalidReference(f"{text[:300]!r} is no reference to an image, such as alpine:3.18")
    if tag and not _TAG.fullmatch(tag):
        raise InvalidReference(f"{tag[:300]!r} is no tag")
    if has_digest:
        return Reference(host, name, tag, digests.parse(digest))
    return Reference(host, name, tag or "latest")


def repository_and_tag(text: str) -> tuple[str, str]:
    """`name/of/repository` and `tag` of a name without a host; the tag is `latest` unless it is given."""
    name, tag = _split_tag(text)
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name) or not _TAG.fullmatch(tag or "latest"):
        raise InvalidReference(f"{text[:300]!r} is no name of a repository, with or without a tag")
    return name, tag or "latest"


def same_image(one: str, other: str) -> bool:
    """Whether two names mean the same image, however short they are written."""
    try:
        return one == other or parse(one) == parse(other)
    except Invalid:
        return False


def is_loopback(host: str) -> bool:
    """`localhost` or an address of this machine, with or without a port."""
    name = host_name(host)
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """The host without its port, in lower case, and without the brackets of an IPv6 address."""
    return re.sub(r":[0-9]+$", "", host).strip("[]").lower()


def _split_tag(text: str) -> tuple[str, str]:
    """A colon before a slash is that of a port."""
    rest, _, tag = text.rpartition(":")
    return (rest, tag) if rest and tag and "/" not in tag else (text, "")


def _split_host(text: str) -> tuple[str, str]:
    """The first part is a host if it looks like one: it has a dot or a port, or is localhost."""
    host, slash, name = text.partition("/")
    if slash and (host == "localhost" or "." in host or ":" in host):
        return _hub_name(host, name)
    return _hub_name(DOCKER_HUB, text)


def _hub_name(host: str, name: str) -> tuple[str, str]:
    if host in {DOCKER_HUB, "index.docker.io"}:
        return DOCKER_HUB, name if "/" in name else f"library/{name}"
    return host, name
