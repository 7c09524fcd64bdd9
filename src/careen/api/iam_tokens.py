"""IamTokenService (yandex/cloud/iam/v1/iam_token_service.proto) of a server that asks nobody who they are.

The SDKs exchange a service account's key for a token before their first call, so they must be given one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from yandex.cloud.iam.v1 import iam_token_service_pb2

from careen.api import messages
from careen.api.call import Call

_LIFETIME = timedelta(hours=12)
_TOKEN_BYTES = 96


@dataclass(frozen=True, slots=True)
class IamTokens:
    SERVICE: ClassVar = "yandex.cloud.iam.v1.IamTokenService"

    clock: Callable[[], datetime]

    def create(
        self, _: iam_token_service_pb2.CreateIamTokenRequest, __: Call
    ) -> iam_token_service_pb2.CreateIamTokenResponse:
        """A token for any credential: it stands for nobody and opens nothing."""
        return iam_token_service_pb2.CreateIamTokenResponse(
            iam_token="t1." + secrets.token_urlsafe(_TOKEN_BYTES),
            expires_at=messages.timestamp(self.clock() + _LIFETIME),
        )
