"""A registry with a repository, and a way to push images into it."""

import json
from collections.abc import Callable, Sequence

import pytest

from careen.model import digest, ids
from careen.model.manifest import Descriptor, Manifest
from careen.model.registry import Image, Registry, Repository
from careen.store import blobs, images, registries, repositories
from careen.store.columns import now
from careen.store.database import Database
from careen.store.migrating import migrate

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

Push = Callable[..., Image]


@pytest.fixture
def repository(database: Database) -> Repository:
    registry = Registry(id=ids.new(), folder_id="b1gfolder", name="prod", created_at=now())
    with database.write() as connection:
        registries.add(connection, registry)
        return repositories.upsert(connection, registry.id, f"{registry.id}/shop/web")


@pytest.fixture
def push(database: Database, repository: Repository) -> Push:
    """push(b"layer 1", b"layer 2", tag="latest", to=repository): an image of these layers."""

    def push_image(*layers: bytes, tag: str = "", to: Repository = repository) -> Image:
        config = json.dumps({"os": "linux", "layers": [digest.of(layer) for layer in layers]}).encode()
        manifest, body = manifest_of(config, layers)
        with database.write() as connection:
            for data in (config, *layers):
                blobs.add(connection, digest.of(data), len(data))
                blobs.link(connection, to.id, digest.of(data))
            image = images.put(connection, to, manifest, body)
            if tag:
                images.tag(connection, image, tag)
            stored = images.get(connection, image.id)
            assert stored is not None
            return stored

    return push_image


def manifest_of(config: bytes, layers: Sequence[bytes]) -> tuple[Manifest, bytes]:
    described = Descriptor(CONFIG, digest.of(config), len(config))
    stack = tuple(Descriptor(LAYER, digest.of(layer), len(layer)) for layer in layers)
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": described.digest, "size": described.size},
            "layers": [{"mediaType": LAYER, "digest": one.digest, "size": one.size} for one in stack],
        }
    ).encode()
    return Manifest(MANIFEST, digest.of(body), len(body), described, stack), body


@pytest.fixture
def upgrade_to() -> Callable[[Database, str], None]:
    """Brings an empty database to the schema of an older version."""

    def upgrade(database: Database, revision: str) -> None:
        with database.write() as connection:
            migrate(connection, to=revision)

    return upgrade
