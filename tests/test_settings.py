from datetime import timedelta
from pathlib import Path

import pytest

from careen import settings
from careen.settings import Address, InvalidSetting


def test_without_an_environment_everything_has_its_default() -> None:
    read = settings.read({})
    assert read.data == Path("careen-data").absolute()
    assert (str(read.http), str(read.grpc)) == ("127.0.0.1:8080", "127.0.0.1:8443")
    assert read.grpc_plaintext == Address("127.0.0.1", 8444)
    assert read.database_url == f"sqlite:///{read.data}/careen.db"
    assert read.feeds_interval == 6 * 3600


def test_a_push_need_not_wait() -> None:
    assert settings.read({}).push_wait == 20
    assert settings.read({"CAREEN_PUSH_WAIT": "0"}).push_wait == 0


def test_what_nobody_needs_is_kept_for_a_while() -> None:
    read = settings.read({"CAREEN_UPLOAD_GRACE": "60", "CAREEN_BLOB_GRACE": "1e300"})
    assert settings.read({}).blob_grace == timedelta(days=1)
    assert read.upload_grace == timedelta(minutes=1)
    assert read.blob_grace > timedelta(days=10_000)


def test_an_empty_plaintext_address_turns_that_door_off() -> None:
    assert settings.read({"CAREEN_GRPC_PLAINTEXT": ""}).grpc_plaintext is None


def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert str(settings.read({"CAREEN_HTTP": "[::1]:9000"}).http) == "[::1]:9000"


def test_blobs_may_lie_elsewhere() -> None:
    assert settings.read({"CAREEN_DATA": "/data"}).blobs == Path("/data/blobs")
    assert settings.read({"CAREEN_BLOBS": "/big/disk"}).blobs == Path("/big/disk")


def test_upstreams_may_be_had_from_elsewhere() -> None:
    text = "https://a.example/x=/mirror/x, https://b.example=https://mirror.example/b"
    assert settings.read({"CAREEN_FEEDS_REPLACE": text}).feeds_replaced == {
        "https://a.example/x": "/mirror/x",
        "https://b.example": "https://mirror.example/b",
    }


def test_bounds_of_feeds_are_shares() -> None:
    read = settings.read({"CAREEN_FEEDS_MAY_LOSE": "35%"})
    assert (read.feeds_may_lose, read.feeds_may_be_invalid, read.feeds_stale) == (0.35, 0.1, 3 * 86400)


def test_names_are_separated_by_commas() -> None:
    read = settings.read({"CAREEN_FEEDS": "alpine, PyPI,", "CAREEN_TLS_NAMES": "scanner.example"})
    assert read.feeds == ("alpine", "PyPI")
    assert read.tls_names == ("scanner.example",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAREEN_PUSH_WAIT", "-1"),
        ("CAREEN_HTTP", "8080"),
        ("CAREEN_FEEDS_MAY_LOSE", "0.2"),
        ("CAREEN_FEEDS_MAY_BE_INVALID", "101%"),
        ("CAREEN_FEEDS_REPLACE", "debian=/mirror"),
        ("CAREEN_FEEDS_REPLACE", "https://a.example="),
        ("CAREEN_FEEDS_STALE", "soon"),
        ("CAREEN_HTTP", "localhost:http"),
        ("CAREEN_GRPC", "127.0.0.1:65536"),
        ("CAREEN_GRPC_PLAINTEXT", "127.0.0.1:-1"),
        ("CAREEN_WORKERS", "0"),
        ("CAREEN_BLOB_GRACE", "0"),
        ("CAREEN_UPLOAD_GRACE", "a week"),
        ("CAREEN_WORKERS", "two"),
        ("CAREEN_FEEDS_INTERVAL", "nan"),
        ("CAREEN_FEEDS_INTERVAL", "inf"),
        ("CAREEN_AUTH", "sometimes"),
        ("CAREEN_BLOBS", "s3://bucket"),
    ],
)
def test_a_value_that_cannot_be_names_its_setting(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        settings.read({name: value})


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "example.org:8080"])
def test_no_address_that_others_can_reach_is_served_without_authentication(address: str) -> None:
    with pytest.raises(InvalidSetting, match="reached by others"):
        settings.read({"CAREEN_HTTP": address, "CAREEN_AUTH": "off"})
