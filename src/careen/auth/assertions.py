"""JWTs by which service accounts ask for IAM tokens.

(yandex-cloud/docs, iam/operations/iam-token/create-for-sa; RFC 7519, RFC 7518.)
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from careen.auth import key_files
from careen.auth.key_files import NotAKeyFile
from careen.errors import Unauthenticated

_ALGORITHM = "PS256"
_LONGEST = timedelta(hours=1)
_SKEW = timedelta(minutes=1)  # by which clocks may differ
_TOKENS = "https://iam.<endpoint>/iam/v1/tokens"  # each SDK writes the host that it believes to call
_AUDIENCE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,253}/iam/v1/tokens/?", re.ASCII)
_LONGEST_TEXT = 8000  # characters


class InvalidAssertion(Unauthenticated):
    """Says what is wrong with a JWT, but not whether there is such a key."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a JWT says, unproved."""

    key_id: str
    account_id: str


def claim(text: str) -> Claim:
    """Raises InvalidAssertion for what cannot be a JWT of ours."""
    try:
        header = jwt.get_unverified_header(text) if len(text) <= _LONGEST_TEXT else {}
        payload: Any = jwt.decode(text, options={"verify_signature": False}) if header else {}
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise InvalidAssertion("The JWT cannot be read") from None
    if header.get("alg") != _ALGORITHM:
        raise InvalidAssertion(f"The JWT must be signed with {_ALGORITHM}")
    key_id, account_id = header.get("kid"), payload.get("iss")
    if not isinstance(key_id, str) or not isinstance(account_id, str):
        raise InvalidAssertion("The JWT must name its key in `kid` and its service account in `iss`")
    return Claim(key_id, account_id)


def verify(text: str, public_key: str, now: datetime) -> None:
    """Raises InvalidAssertion unless the key signed it and it holds now."""
    try:
        # PyJWT's own checks of time take no clock, so they are made below.
        payload = jwt.decode(
            text, key_files.public(public_key), algorithms=[_ALGORITHM], options=_SIGNATURE_ONLY
        )
    except (jwt.PyJWTError, NotAKeyFile, ValueError):
        raise InvalidAssertion("The JWT's signature is wrong") from None
    _check_claims(payload, now)


_SIGNATURE_ONLY: Any = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}


def _check_claims(payload: dict[str, Any], now: datetime) -> None:
    begins, ends = _moment(payload, "iat"), _moment(payload, "exp")
    starts = _moment(payload, "nbf") if "nbf" in payload else begins
    faults = {
        f"The JWT's `aud` must be {_TOKENS}": not _is_for_us(payload.get("aud")),
        "The JWT's `iat` or `nbf` lies in the future": max(begins, starts) > now + _SKEW,
        "The JWT has expired": ends <= now,
        "The JWT must hold for an hour at most": not begins < ends <= begins + _LONGEST + _SKEW,
    }
    for message, is_fault in faults.items():
        if is_fault:
            raise InvalidAssertion(message)


def _moment(payload: dict[str, Any], name: str) -> datetime:
    value = payload.get(name)
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidAssertion(f"The JWT must say `{name}` in seconds")
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidAssertion(f"The JWT must say `{name}` in seconds") from None


def _is_for_us(audience: object) -> bool:
    """Any host's token service: the SDKs write another than the one they call."""
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(each, str) and _AUDIENCE.fullmatch(each) for each in named)
