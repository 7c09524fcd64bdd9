"""Keys become tokens, tokens are renewed, and neither is told."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from careen.migration.identity import Account, Given, InvalidKey, Key, read_key

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
KEY = Key("ajekey", "ajeaccount", PEM)


def test_an_assertion_is_signed_as_yandex_asks() -> None:
    now = datetime.now(UTC)
    text = KEY.assertion("https://iam.example/iam/v1/tokens", now)
    assert jwt.get_unverified_header(text) == {"alg": "PS256", "typ": "JWT", "kid": "ajekey"}
    claims = jwt.decode(
        text, PRIVATE.public_key(), algorithms=["PS256"], audience="https://iam.example/iam/v1/tokens"
    )
    assert claims["iss"] == "ajeaccount"
    assert 0 < claims["exp"] - claims["iat"] <= 3600


def test_a_token_is_fetched_once_and_again_before_it_ends() -> None:
    tokens = iter(["first", "second", "third"])
    ends = iter([timedelta(hours=1), timedelta(minutes=1), timedelta(hours=1)])
    account = Account(KEY, "aud", lambda _: (next(tokens), datetime.now(UTC) + next(ends)))
    assert [account.token(), account.token()] == ["first", "first"]
    assert account.renew("first")
    assert account.token() == "second"
    assert account.renew("first")  # somebody else has seen to it
    assert account.token() == "second"


def test_a_given_token_is_all_there_is() -> None:
    assert Given("t1.secret").token() == "t1.secret"
    assert not Given("t1.secret").renew("t1.secret")


def test_secrets_are_not_shown() -> None:
    assert "PRIVATE" not in repr(KEY)
    assert "t1.secret" not in repr(Given("t1.secret"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"id": 1, "service_account_id": "a", "private_key": "b"}',
        '{"id": "a", "private_key": "b"}',
    ],
)
def test_a_file_that_is_no_key_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    with pytest.raises(InvalidKey, match=r"key\.json is no service account's key"):
        read_key(path)


def test_a_key_that_cannot_sign_is_told_without_itself(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps({"id": "a", "service_account_id": "b", "private_key": "-----BEGIN nothing"}))
    with pytest.raises(InvalidKey) as refused:
        read_key(path).assertion("aud", datetime.now(UTC))
    assert "BEGIN" not in refused.value.message
