"""What a user may set: read once from the environment, then passed on as arguments."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from careen.errors import Invalid

_LAST_PORT = 65535
_LONGEST = 36500  # days

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class InvalidSetting(Invalid):
    """Names the environment variable at fault and what it may be."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default; the README's table says what each is for."""

    data: Path
    http: Address
    grpc: Address
    grpc_plaintext: Address | None
    database_url: str
    blobs: Path
    blob_grace: timedelta  # how long a blob that no image uses is kept
    upload_grace: timedelta  # how long one may pause within a push
    feeds_mirror: str
    feeds_interval: float  # seconds
    feeds: tuple[str, ...]  # names; empty = all
    feeds_replaced: Mapping[str, str]  # the beginning of upstreams' addresses -> a URL or folder instead
    feeds_may_lose: float  # share of a document's records, 0 to 1
    feeds_may_be_invalid: float  # the same
    feeds_stale: float  # seconds after which a feed that could not be had is called stale
    workers: int
    push_wait: float  # seconds that a push waits for the indexing of its image, at most
    policies_interval: float  # seconds
    scan_results: int  # newest of an image that are kept
    scan_results_days: int  # for which they are kept
    operations_days: int  # for which operations that ended are kept
    budgets: Mapping[str, str]  # CAREEN_BUDGET_<NAME> -> text: limits on hostile input
    sparse_indexes: bool  # whether an index may name images that are not there
    kernel_headers: bool  # whether the kernel's vulnerabilities count for its headers
    tls_names: tuple[str, ...]  # further names for careen's own certificate
    audit: str  # a path, "stdout" or "" = none
    auth: bool  # whether callers must say who they are
    proxies: tuple[Network, ...]  # whose X-Forwarded-For is believed

    @property
    def snapshots(self) -> Path:
        return self.data / "snapshots"

    @property
    def feed_documents(self) -> Path:
        return self.data / "feeds"

    @property
    def tls(self) -> Path:
        return self.data / "tls"


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that `environment` asks for; raises InvalidSetting."""
    data = Path(environment.get("CAREEN_DATA") or "careen-data").absolute()
    addresses = [
        _address(environment, "CAREEN_HTTP", "127.0.0.1:8080"),
        _address(environment, "CAREEN_GRPC", "127.0.0.1:8443"),
    ]
    plaintext = environment.get("CAREEN_GRPC_PLAINTEXT", "127.0.0.1:8444")
    if plaintext:
        addresses.append(_parse_address("CAREEN_GRPC_PLAINTEXT", plaintext))
    return Settings(
        data=data,
        http=addresses[0],
        grpc=addresses[1],
        grpc_plaintext=addresses[2] if plaintext else None,
        database_url=environment.get("CAREEN_DATABASE_URL") or f"sqlite:///{data / 'careen.db'}",
        blobs=_blobs(environment, data),
        blob_grace=_period(environment, "CAREEN_BLOB_GRACE", timedelta(days=1)),
        upload_grace=_period(environment, "CAREEN_UPLOAD_GRACE", timedelta(days=7)),
        feeds_mirror=environment.get("CAREEN_FEEDS_MIRROR", ""),
        feeds_interval=_number(environment, "CAREEN_FEEDS_INTERVAL", 6 * 3600.0),
        feeds=_names(environment, "CAREEN_FEEDS"),
        feeds_replaced=_replaced(environment, "CAREEN_FEEDS_REPLACE"),
        feeds_may_lose=_share(environment, "CAREEN_FEEDS_MAY_LOSE", "20%"),
        feeds_may_be_invalid=_share(environment, "CAREEN_FEEDS_MAY_BE_INVALID", "10%"),
        feeds_stale=_number(environment, "CAREEN_FEEDS_STALE", 3 * 86400.0),
        policies_interval=_number(environment, "CAREEN_POLICIES_INTERVAL", 60.0),
        scan_results=int(_number(environment, "CAREEN_SCAN_RESULTS", 100.0)),
        scan_results_days=_days(environment, "CAREEN_SCAN_RESULTS_DAYS", 365),
        operations_days=_days(environment, "CAREEN_OPERATIONS_DAYS", 30),
        workers=int(_number(environment, "CAREEN_WORKERS", float(os.cpu_count() or 1))),
        push_wait=_number(environment, "CAREEN_PUSH_WAIT", 20.0, least=0),
        budgets={name: value for name, value in environment.items() if name.startswith("CAREEN_BUDGET_")},
        sparse_indexes=_switch(environment, "CAREEN_SPARSE_INDEXES"),
        kernel_headers=_switch(environment, "CAREEN_KERNEL_HEADERS"),
        tls_names=_names(environment, "CAREEN_TLS_NAMES"),
        audit=environment.get("CAREEN_AUDIT", str(data / "audit.jsonl")),
        auth=_auth(environment, addresses),
        proxies=tuple(map(_network, _names(environment, "CAREEN_PROXIES"))),
    )


def _names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _replaced(environment: Mapping[str, str], name: str) -> Mapping[str, str]:
    """`OLD=NEW, …`: addresses of upstreams, or their beginnings, and where to ask instead."""
    found = {}
    for pair in _names(environment, name):
        old, _, new = pair.partition("=")
        if not old.startswith(("https://", "http://")) or not new:
            raise InvalidSetting(f"{name} is https://UPSTREAM=URL-OR-PATH, …, not {pair!r}")
        found[old] = new if "://" in new else str(Path(new).absolute())
    return found


def _share(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name) or default
    percent = re.fullmatch(r"([0-9]{1,3})\s*%", text)
    if not percent or int(percent[1]) > 100:  # noqa: PLR2004 - a hundred percent
        raise InvalidSetting(f"{name} is a share such as 20%, not {text!r}")
    return int(percent[1]) / 100


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "off"
    if text not in {"on", "off"}:
        raise InvalidSetting(f"{name} is on or off, not {text!r}")
    return text == "on"


def _period(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    seconds = _number(environment, name, default.total_seconds())
    return timedelta(seconds=min(seconds, _LONGEST * 86400.0))


def _days(environment: Mapping[str, str], name: str, default: int) -> int:
    return min(int(_number(environment, name, float(default))), _LONGEST)


def _number(environment: Mapping[str, str], name: str, default: float, *, least: int = 1) -> float:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number < float("inf"):
        raise InvalidSetting(f"{name} is a number of {least} or more, not {text!r}")
    return number


def _address(environment: Mapping[str, str], name: str, default: str) -> Address:
    return _parse_address(name, environment.get(name) or default)


def _parse_address(name: str, text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > _LAST_PORT:
        raise InvalidSetting(f"{name} is HOST:PORT, for example 127.0.0.1:8080, not {text!r}")
    return Address(host.strip("[]"), int(port))


def _blobs(environment: Mapping[str, str], data: Path) -> Path:
    text = environment.get("CAREEN_BLOBS", "")
    if "://" in text:
        raise InvalidSetting("CAREEN_BLOBS: this version keeps blobs in a folder only")
    return Path(text).absolute() if text else data / "blobs"


def _auth(environment: Mapping[str, str], addresses: list[Address]) -> bool:
    """Off is for loopback only: whoever can reach an address may do everything then."""
    text = environment.get("CAREEN_AUTH", "")
    if text not in {"", "off", "on"}:
        raise InvalidSetting(f"CAREEN_AUTH is on or off, not {text!r}")
    reachable = [address for address in addresses if not address.is_loopback]
    if text == "off" and reachable:
        raise InvalidSetting(f"CAREEN_AUTH=off: {reachable[0]} can be reached by others")
    return text == "on" or bool(reachable)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise InvalidSetting(f"CAREEN_PROXIES: {text!r} is no address and no network") from error
