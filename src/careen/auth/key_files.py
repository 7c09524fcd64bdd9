"""Key files of service accounts, as `yc iam key create` writes them.

(yandex-cloud/docs, iam/concepts/authorization/key.)
"""

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from careen.errors import Invalid

_BITS = 2048
_MOST_BITS = 4096
_LARGEST = 16 << 10  # characters
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
_NAMES = ("id", "service_account_id", "private_key")


class NotAKeyFile(Invalid): ...


@dataclass(frozen=True, slots=True)
class KeyFile:
    id: str
    account_id: str
    public_key: str  # PEM; "" where the file has none
    private_key: str = field(repr=False)  # PEM (PKCS 8), which other text may precede


@dataclass(frozen=True, slots=True)
class KeyPair:
    public: str  # PEM
    private: str = field(repr=False)

    @classmethod
    def new(cls) -> "KeyPair":
        private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        text = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(_pem(private.public_key()), text.decode())


def write(key_id: str, account_id: str, pair: KeyPair, created_at: datetime) -> str:
    """The JSON of the file."""
    document = {
        "id": key_id,
        "service_account_id": account_id,
        "created_at": created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "key_algorithm": f"RSA_{_BITS}",
        "public_key": pair.public,
        "private_key": pair.private,
    }
    return json.dumps(document, indent=3) + "\n"


def read(text: str) -> KeyFile:
    """Raises NotAKeyFile; whether the key is a key is not looked at."""
    try:
        document: Any = json.loads(text) if len(text) <= _LARGEST else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not all(isinstance(document.get(name), str) for name in _NAMES):
        raise NotAKeyFile("not a key file of a service account")
    public = document.get("public_key")
    return KeyFile(
        id=document["id"],
        account_id=document["service_account_id"],
        public_key=public if isinstance(public, str) else "",
        private_key=document["private_key"],
    )


def public_half(file: KeyFile) -> str:
    """The public key (PEM) of the file's private key; raises NotAKeyFile."""
    return _pem(_private(file).public_key())


def belongs(file: KeyFile, public_key: str) -> bool:
    """Whether the file's private key is that of the public key: it must sign what this can verify."""
    challenge = secrets.token_bytes(32)
    try:
        signature = _private(file).sign(challenge, _PSS, hashes.SHA256())
        public(public_key).verify(signature, challenge, _PSS, hashes.SHA256())
    except (NotAKeyFile, InvalidSignature):
        return False
    return True


def public(text: str) -> rsa.RSAPublicKey:
    """Raises NotAKeyFile."""
    try:
        key = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotAKeyFile("the public key cannot be read") from error
    if not isinstance(key, rsa.RSAPublicKey) or not _BITS <= key.key_size <= _MOST_BITS:
        raise NotAKeyFile(f"the key must be RSA of {_BITS} to {_MOST_BITS} bits")
    return key


def _private(file: KeyFile) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(file.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotAKeyFile("the private key cannot be read") from None  # its text is in no trace
    if not isinstance(key, rsa.RSAPrivateKey) or not _BITS <= key.key_size <= _MOST_BITS:
        raise NotAKeyFile(f"the key must be RSA of {_BITS} to {_MOST_BITS} bits")
    return key


def _pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
