"""Key files of service accounts, and what is none."""

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from careen.auth import key_files, logins
from careen.auth.key_files import KeyFile, KeyPair, NotAKeyFile

PAIR = KeyPair.new()
TEXT = key_files.write("ajekey", "ajeaccount", PAIR, datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC))
FILE = key_files.read(TEXT)


def with_private(text: str) -> KeyFile:
    return KeyFile("ajekey", "ajeaccount", PAIR.public, text)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_a_file_has_the_fields_of_yandex_files() -> None:
    written = json.loads(TEXT)
    assert {name: written[name] for name in ("id", "service_account_id", "created_at", "key_algorithm")} == {
        "id": "ajekey",
        "service_account_id": "ajeaccount",
        "created_at": "2026-11-26T12:00:00Z",
        "key_algorithm": "RSA_2048",
    }
    assert (FILE.id, FILE.account_id, FILE.public_key) == ("ajekey", "ajeaccount", PAIR.public)
    assert PAIR.private not in repr(FILE)
    assert PAIR.private not in repr(PAIR)


def test_a_private_half_belongs_to_its_public_half_only() -> None:
    assert key_files.belongs(FILE, PAIR.public)
    assert not key_files.belongs(FILE, KeyPair.new().public)
    assert key_files.public_half(FILE) == PAIR.public


def test_the_line_that_yandex_writes_before_the_key_is_read_over() -> None:
    line = "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <ajekey>\n"
    assert key_files.belongs(with_private(line + PAIR.private), PAIR.public)


@pytest.mark.parametrize(
    "private",
    ["", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", PAIR.public, PAIR.private[:-100], "\0"],
)
def test_what_is_no_private_key_belongs_to_nothing(private: str) -> None:
    assert not key_files.belongs(with_private(private), PAIR.public)
    with pytest.raises(NotAKeyFile) as refused:
        key_files.public_half(with_private(private))
    assert "BEGIN" not in refused.value.message


def test_only_rsa_of_a_usual_length_is_taken() -> None:
    for key in (
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
        ec.generate_private_key(ec.SECP256R1()),
    ):
        with pytest.raises(NotAKeyFile, match="RSA"):
            key_files.public_half(with_private(pem(key)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"id":1,"service_account_id":"b","private_key":"c"}',
        "[" * 9999,
        TEXT + " " * 20000,
    ],
)
def test_what_is_no_file_is_refused(text: str) -> None:
    with pytest.raises(NotAKeyFile):
        key_files.read(text)


@given(st.text(max_size=300))
def test_no_text_is_more_than_refused(text: str) -> None:
    with pytest.raises(NotAKeyFile):
        key_files.read(text)
    user, password = logins.decode(text)
    assert isinstance(user, str)
    assert isinstance(password, str)
