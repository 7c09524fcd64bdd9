"""IamTokenService (yandex/cloud/iam/v1/iam_token_service.proto).

With authentication off it gives a token for any credential, which stands for nobody and opens nothing: the
SDKs exchange a service account's key for a token before their first call, so they must be given one.
"""

from dataclasses import dataclass
from typing import ClassVar

from yandex.cloud.iam.v1 import iam_token_service_pb2

from careen.api import messages
from careen.api.call import Call
from careen.auth.authentication import Authentication
from careen.auth.iam_tokens import LIFETIME, Issued
from careen.auth.iam_tokens import IamTokens as Tokens
from careen.auth.secrets import Form


@dataclass(frozen=True, slots=True)
class IamTokens:
    SERVICE: ClassVar = "yandex.cloud.iam.v1.IamTokenService"

    authentication: Authentication

    def create(
        self, request: iam_token_service_pb2.CreateIamTokenRequest, call: Call
    ) -> iam_token_service_pb2.CreateIamTokenResponse:
        if not self.authentication.enforced:
            return _response(self._of_nobody())
        tokens = Tokens(self.authentication)
        if request.WhichOneof("identity") == "jwt":
            return _response(tokens.for_jwt(request.jwt, call.client.address))
        return _response(tokens.for_oauth_token(request.yandex_passport_oauth_token, call.client.address))

    def create_for_service_account(
        self, request: iam_token_service_pb2.CreateIamTokenForServiceAccountRequest, _: Call
    ) -> iam_token_service_pb2.CreateIamTokenResponse:
        if not self.authentication.enforced:
            return _response(self._of_nobody())
        return _response(Tokens(self.authentication).for_service_account(request.service_account_id))

    def revoke(
        self, request: iam_token_service_pb2.RevokeIamTokenRequest, call: Call
    ) -> iam_token_service_pb2.RevokeIamTokenResponse:
        """Whoever has a token may end it."""
        if not self.authentication.enforced:
            return iam_token_service_pb2.RevokeIamTokenResponse()
        identity = Tokens(self.authentication).revoke(request.iam_token, call.client.address)
        return iam_token_service_pb2.RevokeIamTokenResponse(subject_id=identity.id)

    def _of_nobody(self) -> Issued:
        return Issued("", self.authentication.clock() + LIFETIME, Form.IAM_TOKEN.new().text)


def _response(issued: Issued) -> iam_token_service_pb2.CreateIamTokenResponse:
    return iam_token_service_pb2.CreateIamTokenResponse(
        iam_token=issued.text, expires_at=messages.timestamp(issued.expires_at)
    )
