"""JWTs of service accounts, right and forged."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from careen.auth import assertions
from careen.auth.assertions import InvalidAssertion
from careen.auth.key_files import KeyPair

PAIR, OTHER = KeyPair.new(), KeyPair.new()
NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
TOKENS = "https://iam.api.cloud.yandex.net/iam/v1/tokens"


def signed(key: Any = PAIR.private, algorithm: str = "PS256", **changed: Any) -> str:
    """A JWT as the SDKs make it, save what is `changed`; None leaves a claim out."""
    claims = {"iss": "ajeaccount", "aud": TOKENS, "iat": NOW, "exp": NOW + timedelta(hours=1), **changed}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "ajekey"})


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def forged(header: dict[str, Any], signature: bytes = b"") -> str:
    payload = signed().split(".")[1]
    return f"{base64url(json.dumps(header).encode())}.{payload}.{base64url(signature)}"


def test_a_jwt_names_its_key_and_its_account() -> None:
    claim = assertions.claim(signed())
    assert (claim.key_id, claim.account_id) == ("ajekey", "ajeaccount")
    assertions.verify(signed(), PAIR.public, NOW)


@pytest.mark.parametrize(
    "audience",
    [
        TOKENS,
        "https://iam.localhost:8443/iam/v1/tokens",  # Python's SDK, with the port that it was given
        "https://iam.127.0.0.1:8443/iam/v1/tokens",
        "https://iam.[::1]:8443/iam/v1/tokens",
        ["https://iam.api.yandexcloud.kz/iam/v1/tokens"],
    ],
)
def test_every_sdk_names_another_audience(audience: Any) -> None:
    assertions.verify(signed(aud=audience), PAIR.public, NOW)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"aud": "https://example.org/"}, "`aud`"),
        ({"aud": None}, "`aud`"),
        ({"aud": "https://evil.example/iam/v1/tokens/../x"}, "`aud`"),
        ({"exp": NOW}, "expired"),
        ({"exp": NOW - timedelta(seconds=1)}, "expired"),
        ({"exp": NOW + timedelta(hours=2)}, "an hour"),
        ({"exp": None}, "`exp`"),
        ({"exp": 1e300}, "`exp`"),
        ({"iat": None}, "`iat`"),
        ({"iat": True}, "`iat`"),
        ({"iat": NOW + timedelta(minutes=2), "exp": NOW + timedelta(minutes=3)}, "future"),
        ({"nbf": NOW + timedelta(minutes=2)}, "future"),
        ({"iat": NOW + timedelta(seconds=30), "exp": NOW + timedelta(seconds=20)}, "an hour"),
    ],
)
def test_claims_that_do_not_hold_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidAssertion, match=message):
        assertions.verify(signed(**changed), PAIR.public, NOW)


def test_clocks_may_differ_by_a_little() -> None:
    assertions.verify(signed(iat=NOW + timedelta(seconds=30)), PAIR.public, NOW)


def test_another_key_does_not_fit() -> None:
    with pytest.raises(InvalidAssertion, match="signature"):
        assertions.verify(signed(OTHER.private), PAIR.public, NOW)


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "RS512"])
def test_no_other_algorithm_is_taken(algorithm: str) -> None:
    text = signed(algorithm=algorithm)
    with pytest.raises(InvalidAssertion, match="PS256"):
        assertions.claim(text)
    with pytest.raises(InvalidAssertion, match="signature"):
        assertions.verify(text, PAIR.public, NOW)


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
def test_an_unsigned_jwt_is_refused(name: str) -> None:
    text = forged({"alg": name, "kid": "ajekey"})
    with pytest.raises(InvalidAssertion):
        assertions.claim(text)
    with pytest.raises(InvalidAssertion):
        assertions.verify(text, PAIR.public, NOW)


def test_the_public_key_is_no_shared_secret() -> None:
    """The old confusion: signed with HMAC, by the public key that everybody has."""
    header, payload = base64url(b'{"alg":"HS256","kid":"ajekey"}'), signed().split(".")[1]
    mac = hmac.digest(PAIR.public.encode(), f"{header}.{payload}".encode(), hashlib.sha256)
    text = f"{header}.{payload}.{base64url(mac)}"
    for refuse in (assertions.claim, lambda text: assertions.verify(text, PAIR.public, NOW)):
        with pytest.raises(InvalidAssertion):
            refuse(text)


@pytest.mark.parametrize("header", [{"kid": 7}, {"kid": None}, {}, {"kid": ["a"]}])
def test_a_jwt_without_a_key_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidAssertion):
        assertions.claim(forged({"alg": "PS256", **header}, b"x"))


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(base64url), st.just("." * 9000)))
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(InvalidAssertion):
        assertions.claim(text)
    with pytest.raises(InvalidAssertion):
        assertions.verify(text, PAIR.public, NOW)


def test_what_is_kept_may_be_no_key() -> None:
    elliptic = serialization.Encoding.PEM  # any text that is no RSA key
    with pytest.raises(InvalidAssertion):
        assertions.verify(signed(), str(elliptic), NOW)
