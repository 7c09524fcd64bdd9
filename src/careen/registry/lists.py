"""Pages of tags and of repositories (OCI distribution-spec, "Listing tags"; Docker's `_catalog`)."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from careen.auth.access import Access
from careen.auth.roles import Right
from careen.registry import names
from careen.registry.asks import CALLER
from careen.registry.door import RegistryDoor
from careen.registry.pages import Page
from careen.store import images, repositories


class Lists:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door
        self._access = Access(door.authentication.enforced)

    def tags(self, request: Request) -> Response:
        page, name = Page.of(request), request.path_params["name"]
        with self._door.database.read() as connection:
            repository = names.find(connection, name)
            found = images.tags(connection, repository.id, after=page.last, limit=page.size + 1)
        return _response(page, f"/v2/{name}/tags/list", {"name": name}, "tags", found)

    def catalog(self, request: Request) -> Response:
        """Of what the caller may see."""
        page = Page.of(request)
        with self._door.database.read() as connection:
            territory = self._access.territory(connection, request.scope[CALLER], Right.VIEW)
            within = None if territory.is_everything else territory.resources
            found = repositories.names(connection, after=page.last, limit=page.size + 1, within=within)
        return _response(page, "/v2/_catalog", {}, "repositories", found)


def _response(
    page: Page, path: str, fields: Mapping[str, object], key: str, found: Sequence[str]
) -> Response:
    """`found` is the page and one more entry, where there is one."""
    entries = list(found[: page.size])
    more = entries and len(found) > len(entries)
    headers = page.link(path, entries[-1]) if more else None
    return JSONResponse({**fields, key: entries}, headers=headers)
