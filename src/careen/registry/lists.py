"""Pages of tags and of repositories (OCI distribution-spec, "Listing tags"; Docker's `_catalog`)."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from careen.registry import names
from careen.registry.door import RegistryDoor
from careen.registry.errors import PageInvalid
from careen.store import images, repositories

_MAX_PAGE = 1000  # also where none is asked for: the Link header says that there is more
_MAX_LAST = 255


@dataclass(frozen=True, slots=True)
class _Page:
    size: int
    last: str  # the page begins after it

    @classmethod
    def of(cls, request: Request) -> "_Page":
        size = request.query_params.get("n", str(_MAX_PAGE))
        last = request.query_params.get("last", "")
        if not (size.isascii() and size.isdigit()):
            raise PageInvalid(f"n is a number, not {size[:20]!r}", field="n")
        if len(last) > _MAX_LAST or not last.isprintable():
            raise PageInvalid("last is no entry of a list", field="last")
        return cls(min(_MAX_PAGE, int(size[:18])), last)

    def response(self, path: str, fields: dict[str, object], key: str, found: Sequence[str]) -> Response:
        """`found` is the page and one more entry, where there is one."""
        entries = found[: self.size]
        headers = {}
        if entries and len(found) > len(entries):
            query = urlencode({"n": self.size, "last": entries[-1]})
            headers["Link"] = f'<{path}?{query}>; rel="next"'
        return JSONResponse({**fields, key: list(entries)}, headers=headers)


class Lists:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    def tags(self, request: Request) -> Response:
        page, name = _Page.of(request), request.path_params["name"]
        with self._door.database.read() as connection:
            repository = names.find(connection, name)
            found = images.tags(connection, repository.id, after=page.last, limit=page.size + 1)
        return page.response(f"/v2/{name}/tags/list", {"name": name}, "tags", found)

    def catalog(self, request: Request) -> Response:
        page = _Page.of(request)
        with self._door.database.read() as connection:
            every = sorted(repositories.names(connection))
        start = bisect_right(every, page.last)
        return page.response("/v2/_catalog", {}, "repositories", every[start : start + page.size + 1])
