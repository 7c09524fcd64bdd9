"""Answering a registry that asks who is there: Basic, or a token (distribution's spec/auth/token.md)."""

import re
from collections.abc import Mapping

import httpx

from careen.errors import Invalid, Unauthenticated
from careen.images import documents
from careen.images.credentials import Credentials, may_receive
from careen.images.exchange import RETRIED, RegistryUnavailable, bounded, safe_url, same_origin, wait_asked

_CHALLENGE = re.compile(r"(?i)\s*(bearer|basic)\b(.{0,4096})")
_PARAMETER = re.compile(r'([a-zA-Z]{1,32})="([^"]{0,2048})"')


class Login:
    """`header` is the value of Authorization for the registry at `base`; "" = nothing was asked for yet."""

    def __init__(
        self,
        http: httpx.Client,
        base: httpx.URL,
        name: str,
        credentials: Credentials | None,
        actions: str = "pull",
    ) -> None:
        self._http = http
        self._base = base
        self._name = name  # of the repository
        self._credentials = credentials
        self._actions = actions  # "pull", "pull,push"
        self.header = ""

    @property
    def means(self) -> str:
        return "these credentials" if self._credentials else "no credentials"

    def answer(self, refusal: httpx.Response) -> bool:
        """Whether the 401 told what to send, so that the request may be repeated with the new `header`."""
        if not same_origin(refusal.request.url, self._base):
            return False
        for challenge in refusal.headers.get_list("WWW-Authenticate"):
            match = _CHALLENGE.match(challenge)
            if match and match[1].lower() == "bearer":
                self.header = self._token(dict(_PARAMETER.findall(match[2])))
                return True
            if match and self._credentials:
                self.header = self._credentials.basic
                return True
        return False

    def _token(self, challenge: Mapping[str, str]) -> str:
        realm = safe_url(challenge.get("realm", ""), self._base, self._base.scheme)
        if realm is None:
            raise Invalid(f"{self._base.host} names a token service that is not https")
        # Not the scope that the registry asks for: this repository is all that is wanted.
        wanted = {
            "service": challenge.get("service", ""),
            "scope": f"repository:{self._name}:{self._actions}",
        }
        given = self._credentials_for(realm)
        headers = {"Authorization": given.basic} if given else {}
        request = self._http.build_request("GET", realm.copy_merge_params(wanted), headers=headers)
        answer = self._http.send(request, stream=True)
        try:
            self._check(answer, realm)
            fields = documents.load_object(bounded(answer), "the token service's answer")
        finally:
            answer.close()
        token = fields.text("token", default="") or fields.text("access_token")
        if not token.isascii():
            raise Invalid(f"{realm.host} sent a token that is none")
        return f"Bearer {token}"

    def _credentials_for(self, realm: httpx.URL) -> Credentials | None:
        return self._credentials if may_receive(realm.host, self._base.host) else None

    def _check(self, answer: httpx.Response, realm: httpx.URL) -> None:
        if answer.status_code in RETRIED:
            raise RegistryUnavailable(f"{realm.host} answered {answer.status_code}", wait=wait_asked(answer))
        if answer.is_success:
            return
        said = f"the token service {realm.host} of {self._base.host} answered {answer.status_code}"
        if self._credentials and not self._credentials_for(realm):
            said += "; it belongs to somebody else, so the credentials were not sent there"
        raise Unauthenticated(said)
