"""What refers to a manifest: signatures, SBOMs … (OCI distribution-spec, "Listing Referrers")."""

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from careen.images.manifest import OCI_INDEX
from careen.model import digest as digests
from careen.model.digest import Digest
from careen.registry import names
from careen.registry.door import RegistryDoor
from careen.registry.errors import PageInvalid
from careen.registry.pages import Page
from careen.store import referrers, repositories
from careen.store.referrers import Referrer

_MAX_BODY = 4 << 20  # bytes of one answer, as of a manifest; annotations may be large
_BATCH = 20  # referrers read at a time
_MAX_TYPE = 255  # characters (RFC 6838, 4.2: 127 for each half)


class Referrers:
    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    def get(self, request: Request) -> Response:
        """An index, also an empty one: the subject need not be there, nor the repository."""
        name, subject = request.path_params["name"], digests.parse(request.path_params["digest"])
        page, artifact_type = Page.of(request), request.query_params.get("artifactType", "")
        if len(artifact_type) > _MAX_TYPE or not artifact_type.isprintable():
            raise PageInvalid("artifactType is no media type", field="artifactType")
        headers = {"OCI-Filters-Applied": "artifactType"} if artifact_type else {}
        with self._door.database.read() as connection:
            found = self._found(connection, name, subject, artifact_type, page)
            entries, next_page = _that_fit(found, page.size)
        if next_page:
            filters = {"artifactType": artifact_type} if artifact_type else {}
            headers |= page.link(f"/v2/{name}/referrers/{subject}", next_page, **filters)
        index = f'{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{",".join(entries)}]}}'
        return Response(index, media_type=OCI_INDEX, headers=headers)

    def _found(
        self, connection: Connection, name: str, subject: Digest, artifact_type: str, page: Page
    ) -> Iterator[Referrer]:
        """All of them after the page's beginning, few at a time: each may be as large as a manifest."""
        names.check_registry(connection, name)
        repository, after = repositories.by_name(connection, name), page.last
        while repository is not None:
            batch = referrers.page(
                connection, repository.id, subject, artifact_type=artifact_type, after=after, limit=_BATCH
            )
            if not batch:
                return
            yield from batch
            after = batch[-1].digest


def _that_fit(found: Iterable[Referrer], size: int) -> tuple[list[str], str]:
    """As many as an answer may hold, at least one, as JSON; and the last of them, if there are more."""
    entries: list[str] = []
    last, room = "", _MAX_BODY
    for referrer in found:
        entry = json.dumps(_descriptor(referrer), ensure_ascii=False, separators=(",", ":"))
        room -= len(entry.encode()) + 1
        if len(entries) == size or (entries and room < 0):
            return entries, last
        entries.append(entry)
        last = referrer.digest
    return entries, ""


def _descriptor(referrer: Referrer) -> dict[str, object]:
    described: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": referrer.size,
    }
    if referrer.artifact_type:
        described["artifactType"] = referrer.artifact_type
    if referrer.annotations:
        described["annotations"] = dict(referrer.annotations)
    return described
