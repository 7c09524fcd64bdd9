"""Whose credentials are used, and who may see them."""

import base64
import json
from pathlib import Path

import pytest

from careen.errors import Invalid
from careen.images.credentials import Credentials, find, may_receive
from careen.images.place import Access


@pytest.fixture
def docker_config(tmp_path: Path) -> Access:
    auths = {
        "https://index.docker.io/v1/": "hub:secret",
        "cr.example.com:5000": "user:pass:word",
        "https://other.example.com/v2/": "other:secret",
        "cr.example.com/team": "team:secret",
        "empty.example.com": "",
    }
    encoded = {name: {"auth": base64.b64encode(pair.encode()).decode()} for name, pair in auths.items()}
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({"auths": encoded, "credsStore": "must-not-run", "credHelpers": {"gcr.io": "x"}})
    )
    return Access(docker_config=path)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("cr.example.com:5000", Credentials("user", "pass:word")),
        ("CR.example.com:5000", Credentials("user", "pass:word")),
        ("other.example.com", Credentials("other", "secret")),
        ("docker.io", Credentials("hub", "secret")),
        ("cr.example.com", None),
        ("sub.other.example.com", None),
        ("example.com", None),
        ("gcr.io", None),
        ("empty.example.com", None),
    ],
)
def test_dockers_credentials_are_for_exactly_their_host(
    docker_config: Access, host: str, expected: Credentials | None
) -> None:
    assert find(host, docker_config) == expected


def test_what_the_caller_gives_comes_first(docker_config: Access) -> None:
    given = Access("me", "secret", docker_config.docker_config)
    assert find("cr.example.com:5000", given) == Credentials("me", "secret")
    assert "secret" not in repr(given)
    assert "secret" not in repr(find("any", given))


def test_without_a_configuration_nobody_is_there(tmp_path: Path) -> None:
    assert find("docker.io", Access()) is None
    assert find("docker.io", Access(docker_config=tmp_path / "absent")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"auths": []}',
        '{"auths": {"h": {"auth": "c2VjcmV0%"}}}',
        '{"auths": {"h": {"auth": "/w=="}}}',
    ],
)
def test_a_broken_configuration_is_said_without_its_content(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        find("h", Access(docker_config=path))
    assert str(path) in caught.value.message
    assert "c2VjcmV0" not in caught.value.message


@pytest.mark.parametrize(
    ("realm", "registry", "allowed"),
    [
        ("registry.example.com", "registry.example.com", True),
        ("127.0.0.1:5001", "127.0.0.1:5000", True),
        ("auth.docker.io", "registry-1.docker.io", True),
        ("example.com", "registry.example.com", True),
        ("auth.example.com", "example.com", True),
        ("auth.shop.co.uk", "cr.shop.co.uk", True),
        ("evil.com", "registry.example.com", False),
        ("registry.example.com.evil.com", "registry.example.com", False),
        ("evilexample.com", "registry.example.com", False),
        ("evil.co.uk", "shop.co.uk", False),
        ("evil.com.cn", "shop.com.cn", False),
        ("evil.com", "example.com", False),
        ("com", "example.com", False),
        ("evil", "localhost", False),
        ("10.0.0.2", "10.0.0.1", False),
        ("1.0.0.1", "10.0.0.1", False),
        ("[fe80::2]", "[fe80::1]", False),
        ("", "example.com", False),
    ],
)
def test_only_a_token_service_of_the_same_house_may_see_them(
    realm: str,
    registry: str,
    allowed: bool,  # noqa: FBT001 - a column
) -> None:
    assert may_receive(realm, registry) is allowed
