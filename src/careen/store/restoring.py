"""Rows as they were on another server: ids and times are kept."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict

from sqlalchemy import Connection, Table, select, update

from careen.model import ids
from careen.model.digest import Digest
from careen.model.finding import Finding
from careen.model.manifest import Manifest
from careen.model.policy import DryRun
from careen.model.registry import Blob, Image, Registry, Repository, ScanResult
from careen.store import blobs as blob_rows
from careen.store import index_parts, lifecycle, referrers, scans
from careen.store.columns import now
from careen.store.inserts import batched, insert, insert_all, insert_new
from careen.store.tables import (
    blobs,
    dry_runs,
    findings,
    image_blobs,
    image_children,
    image_layers,
    images,
    missing_children,
    registries,
    repositories,
    tags,
)


def put_registry(connection: Connection, registry: Registry) -> None:
    values = {"folder_id": registry.folder_id, "name": registry.name, "labels": dict(registry.labels)}
    if not insert_new(
        connection, registries, {"id": registry.id, "created_at": registry.created_at, **values}
    ):
        connection.execute(update(registries).where(registries.c.id == registry.id).values(values))


def put_repository(connection: Connection, repository: Repository) -> None:
    insert_new(connection, repositories, asdict(repository))


def put_blob(connection: Connection, blob: Blob) -> None:
    """A blob whose bytes are published before the transaction ends; where it is here already its id stays."""
    moment = now()
    row = {"digest": blob.digest, "size": blob.size, "created_at": moment, "touched_at": moment}
    if not insert_new(connection, blobs, {"id": blob.id or ids.new(), **row}):
        blob_rows.add(connection, blob.digest, blob.size)


def put_image(
    connection: Connection, image: Image, manifest: Manifest, body: bytes, children: Sequence[str]
) -> None:
    """The image with those of its blobs that are here; the others are known by digest and size.

    `children` are the ids of an index's images. An image that is there gets the blobs that it lacked.
    """
    here = _here(connection, image, manifest)
    config = here.get(manifest.config.digest) if manifest.config else None
    row = {
        "id": image.id,
        "registry_id": image.name.partition("/")[0],
        "repository_id": image.repository_id,
        "digest": manifest.digest,
        "media_type": manifest.media_type,
        "size": manifest.size,
        "config_id": config,
        "created_at": image.created_at,
        "last_modified": image.created_at,
        "body": body,
    }
    if insert_new(connection, images, row):
        if manifest.referral:
            referrers.add(connection, image.id, image.repository_id, manifest.digest, manifest.referral)
    else:
        connection.execute(update(images).where(images.c.id == image.id).values(config_id=config))
    _replace(connection, image_layers, image.id, _layers(image.id, manifest, here))
    _replace(connection, missing_children, image.id, ())
    _replace(connection, image_children, image.id, _children(image.id, children))
    index_parts.arrived(connection, image.repository_id, manifest.digest, image.id)
    _replace(connection, image_blobs, image.id, _claims(image, here))


def _here(connection: Connection, image: Image, manifest: Manifest) -> Mapping[Digest, str]:
    """The ids of the manifest's blobs that are stored, which the repository shows from now on."""
    named = [manifest.config, *manifest.layers] if manifest.config else []
    found: dict[Digest, str] = {}
    for digest in dict.fromkeys(descriptor.digest for descriptor in named):
        if (blob := blob_rows.get(connection, digest)) is not None:
            blob_rows.link(connection, image.repository_id, digest)
            found[digest] = blob.id
    return found


def _layers(image_id: str, manifest: Manifest, here: Mapping[Digest, str]) -> list[dict[str, object]]:
    return [
        {
            "image_id": image_id,
            "position": position,
            "blob_id": here.get(layer.digest),
            "digest": layer.digest,
            "size": layer.size,
        }
        for position, layer in enumerate(manifest.layers)
    ]


def _children(image_id: str, children: Sequence[str]) -> list[dict[str, object]]:
    return [{"image_id": image_id, "position": at, "child_id": child} for at, child in enumerate(children)]


def _claims(image: Image, here: Mapping[Digest, str]) -> list[dict[str, object]]:
    """What the image is to show where its blobs' own rows say something else, or are not there."""
    named = {blob.digest: (blob, False) for blob in image.layers}
    if image.config:
        named[image.config.digest] = image.config, True
    return [
        {
            "image_id": image.id,
            "digest": digest,
            "blob_id": blob.id,
            "size": blob.size,
            "is_config": is_config,
        }
        for digest, (blob, is_config) in named.items()
        if here.get(digest) != blob.id
    ]


def _replace(
    connection: Connection, table: Table, image_id: str, rows: Sequence[Mapping[str, object]]
) -> None:
    connection.execute(table.delete().where(table.c.image_id == image_id))
    insert_all(connection, table, rows)


def put_tags(
    connection: Connection, repository_id: str, wanted: Mapping[str, str], movable: Collection[str]
) -> None:
    """Point each tag at its image (name -> id), unless it points at one that is not `movable` by now."""
    query = select(tags.c.name, tags.c.image_id).where(tags.c.repository_id == repository_id)
    there = {row.name: row.image_id for row in connection.execute(query)}
    for name, image_id in wanted.items():
        if name not in there or (there[name] != image_id and there[name] in movable):
            _tag(connection, repository_id, name, image_id)


def _tag(connection: Connection, repository_id: str, name: str, image_id: str) -> None:
    row = {"repository_id": repository_id, "name": name, "image_id": image_id, "moved_at": now()}
    moved = insert(connection, tags).values(row)
    connection.execute(moved.on_conflict_do_update(index_elements=["repository_id", "name"], set_=row))


def put_dry_run(connection: Connection, run: DryRun, affected: Sequence[str]) -> None:
    """With those of the affected images that are here."""
    if insert_new(connection, dry_runs, asdict(run)):
        lifecycle.add_affected(connection, run.id, affected)


def known_images(connection: Connection, wanted: Iterable[str]) -> AbstractSet[str]:
    """Those of these ids that are images here."""
    return {
        id_
        for batch in batched(wanted)
        for id_ in connection.scalars(select(images.c.id).where(images.c.id.in_(batch)))
    }


def incomplete(connection: Connection, registry_id: str) -> AbstractSet[str]:
    """Ids of the registry's images that lack a blob (a foreign layer among them)."""
    lacking = select(image_layers.c.image_id).where(image_layers.c.blob_id.is_(None))
    configs = select(image_blobs.c.image_id).where(image_blobs.c.is_config)
    query = select(images.c.id).where(
        images.c.registry_id == registry_id,
        images.c.id.in_(lacking) | (images.c.config_id.is_(None) & images.c.id.in_(configs)),
    )
    return set(connection.scalars(query))


def put_scan(connection: Connection, scan: ScanResult, found: Sequence[Finding]) -> None:
    """A scan that has ended, with its findings in their order; one that is there stays."""
    if scans.get(connection, scan.id) is not None:
        return
    scans.add(connection, scan)
    rows = (scans.finding_row(scan.id, position, finding) for position, finding in enumerate(found))
    insert_all(connection, findings, rows)
