"""IAM tokens: given for a JWT, a user's token or another account, and revoked; `proving` checks them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from careen.auth import assertions, proving, secrets
from careen.auth.assertions import Claim, InvalidAssertion
from careen.auth.authentication import Authentication, InvalidToken
from careen.auth.secrets import Form
from careen.errors import NotFound
from careen.model.access import Identity, SubjectType
from careen.model.credential import CredentialKind, IamToken
from careen.store import accounts, iam_tokens

LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Issued:
    account_id: str
    expires_at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IamTokens:
    authentication: Authentication

    def for_jwt(self, text: str, address: str) -> Issued:
        """Again and again until the JWT expires, as at Yandex.

        Raises InvalidAssertion and TooManyFailures.
        """
        claim = self._claim(text, address)
        # JWTs are new nearly always, so what is remembered of a success is who came from where.
        who = f"{claim.account_id}@{address}"
        with self.authentication.attempt(address, who, account=claim.account_id):
            return self._trade(text, claim)

    def for_oauth_token(self, text: str, address: str) -> Issued:
        """Raises InvalidToken and TooManyFailures."""
        who = self.authentication
        with who.attempt(address, secrets.digest(text)), who.database.write() as connection:
            identity = proving.oauth_token(connection, text)
            if identity is None:
                raise InvalidToken
            credential_id = proving.credential_of(identity.proof)
            return issue(connection, identity.id, who.clock(), credential_id=credential_id)

    def for_service_account(self, account_id: str) -> Issued:
        """Whether the caller may ask for it is looked at before; raises NotFound."""
        with self.authentication.database.write() as connection:
            account = accounts.get(connection, account_id)
            if account is None or account.type is not SubjectType.SERVICE:
                raise NotFound.of("ServiceAccount", account_id)
            return issue(connection, account_id, self.authentication.clock())

    def revoke(self, text: str, address: str) -> Identity:
        """Whose token it was; raises InvalidToken for one that does not hold, and TooManyFailures."""
        who = self.authentication
        with who.attempt(address, secrets.digest(text)):
            # Strangers guess here, and have to prove something before they hold up who writes.
            with who.database.read() as connection:
                self._owner(connection, text)
            with who.database.write() as connection:
                identity = self._owner(connection, text)
                iam_tokens.revoke(connection, Form.IAM_TOKEN.id_of(text))
        return identity

    def prune(self) -> int:
        """Forget the tokens that have expired; to be called again and again."""
        with self.authentication.database.write() as connection:
            return iam_tokens.prune(connection, self.authentication.clock())

    def _owner(self, connection: Connection, text: str) -> Identity:
        identity = proving.iam_token(connection, text, self.authentication.clock())
        if identity is None:
            raise InvalidToken
        return identity

    def _claim(self, text: str, address: str) -> Claim:
        try:
            return assertions.claim(text)
        except InvalidAssertion:
            with self.authentication.attempt(address, ""):
                raise

    def _trade(self, text: str, claim: Claim) -> Issued:
        moment = self.authentication.clock()
        with self.authentication.database.read() as connection:
            proof = accounts.proof(connection, claim.key_id, CredentialKind.KEY)
        if proof is None or proof.account.id != claim.account_id:
            raise InvalidAssertion("The JWT's signature is wrong")  # as for a key that does not fit
        assertions.verify(text, proof.secret, moment)
        with self.authentication.database.write() as connection:
            return issue(connection, claim.account_id, moment, credential_id=claim.key_id)


def issue(
    connection: Connection, account_id: str, now: datetime, *, credential_id: str | None = None
) -> Issued:
    """A new token of the account, good for LIFETIME."""
    secret = Form.IAM_TOKEN.new()
    token = IamToken(
        id=secret.id,
        account_id=account_id,
        secret=secrets.digest(secret.text),
        created_at=now,
        expires_at=now + LIFETIME,
        credential_id=credential_id,
    )
    iam_tokens.add(connection, token)
    return Issued(account_id, token.expires_at, secret.text)
