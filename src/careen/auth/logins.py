"""Names and passwords as `docker login` sends them.

(yandex-cloud/docs, container-registry/operations/authentication.)
"""

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass, field

from sqlalchemy import Connection

from careen.auth import key_files, proving, secrets
from careen.auth.authentication import Authentication
from careen.auth.key_files import NotAKeyFile
from careen.auth.secrets import Form
from careen.errors import Unauthenticated
from careen.model.access import Identity

_REMEMBERED = 1000  # key files that have proved themselves: to prove one again takes milliseconds
PROBLEM = "Authentication problem"


class BadPassword(Unauthenticated):
    """In the words of Yandex' registry."""


@dataclass(frozen=True, slots=True)
class Logins:
    authentication: Authentication
    # The digest of a key file -> the proof that it was found to be.
    _proved: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def identify(self, user: str, password: str, address: str) -> Identity:
        """Raises BadPassword and TooManyFailures."""
        digest = secrets.digest(f"{user}:{password}")
        with self.authentication.attempt(address, digest, account=_named(user, password)):
            with self.authentication.database.read() as connection:
                identity = self._prove(connection, user, password, digest)
            if identity is None:
                raise BadPassword(PROBLEM)
            return identity

    def _prove(self, connection: Connection, user: str, password: str, digest: str) -> Identity | None:
        moment = self.authentication.clock()
        if user == "iam":
            _require(Form.IAM_TOKEN.id_of(password), "IAM token")
            return proving.iam_token(connection, password, moment)
        if user == "oauth":
            _require(Form.OAUTH.id_of(password), "OAuth token")
            return proving.oauth_token(connection, password)
        if user == "api_key":
            _require(Form.API_KEY.id_of(password), "API key")
            return proving.api_key(connection, password)
        return self._by_key_file(connection, password, digest) if user == "json_key" else None

    def _by_key_file(self, connection: Connection, text: str, digest: str) -> Identity | None:
        known = self._proved.get(digest)
        if known is not None:
            return proving.again(connection, known, self.authentication.clock())
        try:
            file = key_files.read(text)
        except NotAKeyFile:
            raise BadPassword("Password is invalid - must be JSON key") from None
        identity = proving.key_file(connection, file)
        if identity is not None:
            self._proved[digest] = identity.proof
            while len(self._proved) > _REMEMBERED:
                self._proved.popitem(last=False)
        return identity


def decode(basic: str) -> tuple[str, str]:
    """User and password of what follows `Basic`; nobody's, where it cannot be read."""
    try:
        user, _, password = base64.b64decode(basic, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def user_of(password: str) -> str:
    """By which name a secret is one's password, told by its form."""
    forms = {"iam": Form.IAM_TOKEN, "oauth": Form.OAUTH, "api_key": Form.API_KEY}
    return next((user for user, form in forms.items() if form.id_of(password)), "json_key")


def _named(user: str, password: str) -> str:
    """The account that a key file says it is of; "" for what does not say."""
    try:
        return key_files.read(password).account_id if user == "json_key" else ""
    except NotAKeyFile:
        return ""


def _require(found: str, kind: str) -> None:
    if not found:
        raise BadPassword(f"Password is invalid - must be {kind}")
