"""The tokens that clients ask for before they push or pull, by GET or as OAuth2 has it.

(distribution.github.io/distribution, "Token Authentication Specification", "OAuth2 Token Authentication".)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from careen.auth.access import Access
from careen.auth.registry_tokens import CATALOG, LIFETIME, RegistryTokens
from careen.auth.roles import Right
from careen.errors import Invalid, Unauthenticated
from careen.model.access import Identity
from careen.registry import bodies
from careen.registry.caller import Callers
from careen.registry.door import RegistryDoor
from careen.store import ancestry
from careen.store.columns import now

_ANONYMOUS = "anonymous"  # the token of those whom nobody asks who they are: with authentication off
_SCOPE = re.compile(r"(?P<type>[a-z0-9]+)(?:\([a-z0-9]+\))?:(?P<name>[^ ]{1,300}):(?P<actions>[a-z*,]{1,60})")
_MOST_SCOPES = 64
_LARGEST_FORM = 64 << 10  # bytes
_RIGHTS = {"pull": Right.PULL, "push": Right.PUSH, "delete": Right.PUSH}
_EVERY = "*"

_Form = Mapping[str, str]
_Granted = dict[str, frozenset[str]]


class Tokens:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door
        self._access = Access(door.authentication.enforced)
        self._callers = Callers(door)
        self._tokens = RegistryTokens(door.authentication)

    async def issue(self, request: Request) -> Response:
        """What is asked for and the roles allow; less is no error. Raises Challenge for wrong credentials."""
        form = await _form(request) if request.method == "POST" else {}
        scopes = [form["scope"]] if "scope" in form else request.query_params.getlist("scope")
        if not self._door.authentication.enforced:
            return _response(_ANONYMOUS, {})
        return await run_in_threadpool(self._issue, request, form, _parse(scopes))

    def _issue(self, request: Request, form: _Form, wanted: _Granted) -> Response:
        try:
            caller = self._callers.by_form(request, form) if form else self._callers.identify(request)
        except Unauthenticated as error:
            raise self._callers.refusal(request, error) from error
        with self._door.database.read() as connection:
            granted = {name: self._allowed(connection, caller, name, asked) for name, asked in wanted.items()}
        given = {name: actions for name, actions in granted.items() if actions}
        return _response(self._tokens.issue(caller, given), given)

    def _allowed(
        self, connection: Connection, caller: Identity, name: str, asked: Iterable[str]
    ) -> frozenset[str]:
        if name == CATALOG:
            return frozenset({_EVERY}) if caller.is_known else frozenset()
        path = ancestry.of_name(connection, name)
        actions = _RIGHTS if _EVERY in asked else _RIGHTS.keys() & set(asked)
        if path is None:
            return frozenset()
        return frozenset(
            each for each in actions if self._access.allows(connection, caller, _RIGHTS[each], path)
        )


async def _form(request: Request) -> _Form:
    """The OAuth2 form; raises Invalid for another grant than of a password or a refresh token."""
    body = await bodies.read(request, _LARGEST_FORM)
    try:
        form = dict(parse_qsl(body.decode("ascii"), max_num_fields=32))
    except ValueError as error:
        raise Invalid("the body is no form") from error
    if form.get("grant_type") not in {"password", "refresh_token"}:
        raise Invalid("grant_type is password or refresh_token", field="grant_type")
    return form


def _parse(texts: Sequence[str]) -> _Granted:
    """Repositories -> actions. A scope that cannot be read asks for nothing, as the specification has it."""
    wanted: dict[str, set[str]] = {}
    for text in " ".join(texts).split(" ")[:_MOST_SCOPES]:
        match = _SCOPE.fullmatch(text)
        if match and match["type"] == "repository":
            wanted.setdefault(match["name"], set()).update(match["actions"].split(","))
        elif match and f"{match['type']}:{match['name']}" == CATALOG:
            wanted.setdefault(CATALOG, set()).update(match["actions"].split(","))
    return {name: frozenset(actions) for name, actions in wanted.items()}


def _response(token: str, granted: _Granted) -> Response:
    issued_at = now().strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {
        "token": token,
        "access_token": token,
        "expires_in": int(LIFETIME.total_seconds()),  # clients come again when it is over
        "issued_at": issued_at,
        "scope": " ".join(_written(name, actions) for name, actions in sorted(granted.items())),
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


def _written(name: str, actions: Iterable[str]) -> str:
    kind = "" if name == CATALOG else "repository:"
    return f"{kind}{name}:{','.join(sorted(actions))}"
