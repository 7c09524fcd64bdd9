"""Secrets that careen gives out. What is kept of one is its SHA-256: it has far too many bits to be guessed.

They look as Yandex' do (yandex-cloud/docs, iam/concepts/authorization), so that what searches for leaked
secrets finds them:

    IAM token    t1.<17>.<86>          17 characters are the id of the row, by which the secret is found;
    API key      AQVN<17><21>          the comparison of the whole is then constant in time
    OAuth token  y0_<17><43>
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import Enum

from careen.model import ids

_ID = r"(?P<id>[0-9a-v]{17})"


class Form(Enum):
    """The prefix, what stands between the id and the rest, and the number of characters of that."""

    IAM_TOKEN = ("t1.", ".", 86)
    API_KEY = ("AQVN", "", 21)
    OAUTH = ("y0_", "", 43)

    def new(self) -> "Secret":
        prefix, separator, length = self.value
        identifier = ids.new(ids.ACCOUNT)
        rest = secrets.token_urlsafe(length)[:length]
        return Secret(identifier, prefix + identifier.removeprefix(ids.ACCOUNT) + separator + rest)

    def id_of(self, text: str) -> str:
        """The id within a secret of this form; "" for any other text."""
        prefix, separator, length = self.value
        pattern = rf"{re.escape(prefix)}{_ID}{re.escape(separator)}[A-Za-z0-9_-]{{{length}}}"
        match = re.fullmatch(pattern, text, re.ASCII)
        return ids.ACCOUNT + match["id"] if match else ""


@dataclass(frozen=True, slots=True)
class Secret:
    id: str
    text: str

    def __repr__(self) -> str:
        return f"Secret({self.id!r})"  # never the text


def digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def is_of(text: str, kept: str) -> bool:
    """Whether `kept` is the digest of the text; takes as long for any."""
    return hmac.compare_digest(digest(text), kept)
