"""The token that clients ask for before they push or pull (Docker's "Token Authentication Specification")."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_ANONYMOUS = "anonymous"  # says who the caller is where nobody asks: with authentication off
_LIFETIME = 3600  # seconds; clients come again when it is over


async def issue(_: Request) -> Response:
    """Whatever `account`, `service` and `scope` say, and whatever credentials come along."""
    issued = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = {"token": _ANONYMOUS, "access_token": _ANONYMOUS, "expires_in": _LIFETIME, "issued_at": issued}
    return JSONResponse(token, headers={"Cache-Control": "no-store"})
