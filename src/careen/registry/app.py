"""The paths of the OCI distribution API (distribution-spec v1.1, "Endpoints")."""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from careen.registry.admission import Admission
from careen.registry.blobs import Blobs
from careen.registry.door import RegistryDoor
from careen.registry.edge import guarded
from careen.registry.lists import Lists
from careen.registry.manifests import Manifests
from careen.registry.referrers import Referrers
from careen.registry.tokens import Tokens
from careen.registry.uploads import Uploads


def routes(door: RegistryDoor) -> list[BaseRoute]:
    """`/v2/…`, to be mounted in a Starlette application beside others."""
    blobs, uploads, manifests = Blobs(door), Uploads(door), Manifests(door)
    lists, referrers = Lists(door), Referrers(door)
    tokens = Tokens(door)
    upload, blob = "/{name:path}/blobs/uploads/{upload_id}", "/{name:path}/blobs/{digest}"
    manifest = "/{name:path}/manifests/{reference}"
    router = Router(
        [
            Route("/", _version),
            Route("/token", tokens.issue, methods=["GET", "POST"]),
            Route("/token/", tokens.issue, methods=["GET", "POST"]),
            Route("/_catalog", lists.catalog),
            Route("/{name:path}/tags/list", lists.tags),
            Route("/{name:path}/referrers/{digest}", referrers.get),
            Route("/{name:path}/blobs/uploads/", uploads.post, methods=["POST"]),
            Route(upload, uploads.get),
            Route(upload, uploads.patch, methods=["PATCH"]),
            Route(upload, uploads.put, methods=["PUT"]),
            Route(upload, uploads.delete, methods=["DELETE"]),
            Route(blob, blobs.get),
            Route(blob, blobs.delete, methods=["DELETE"]),
            Route(manifest, manifests.get),
            Route(manifest, manifests.put, methods=["PUT"]),
            Route(manifest, manifests.delete, methods=["DELETE"]),
        ],
        redirect_slashes=False,
    )
    mount = Mount("/v2", app=guarded(Admission(router, door)))
    # Starlette's does not match what has a newline in it, which then another door would answer.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return [mount]


async def _version(_: Request) -> Response:
    return JSONResponse({})
