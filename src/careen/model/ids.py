"""Resource ids as Yandex writes them: a prefix of three letters and 17 characters of base32hex."""

import re
import secrets

_ALPHABET = "0123456789abcdefghijklmnopqrstuv"
_ID = re.compile(r"[a-z][a-z0-9]{2}[0-9a-v]{17}")

REGISTRY = "crp"  # also repositories, images, blobs and operations
SCAN_RESULT = "che"
ACCOUNT = "aje"  # also their keys


def new(prefix: str = REGISTRY) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(17))


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None
