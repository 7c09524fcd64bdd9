"""What indexing found in a layer, by the digest of its blob and the fingerprint of the indexers."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from careen.model import layer_json
from careen.model.digest import Digest
from careen.model.layer import LayerIndex, LayerTree
from careen.model.package import Package
from careen.store import documents
from careen.store.columns import now
from careen.store.inserts import batched, insert, insert_all
from careen.store.tables import layers, packages


def get(connection: Connection, digest: Digest, fingerprint: str) -> LayerIndex | None:
    row = connection.execute(select(layers).where(_is(digest, fingerprint))).one_or_none()
    return None if row is None else _index(row, _packages(connection, row.id))


def put(connection: Connection, fingerprint: str, index: LayerIndex) -> None:
    """Keep the index; where there is one already, that one stays."""
    statement = (
        insert(connection, layers)
        .values(fingerprint=fingerprint, indexed_at=now(), **_columns(index))
        .on_conflict_do_nothing()
        .returning(layers.c.id)
    )
    layer_id = connection.execute(statement).scalar()
    if layer_id is None:
        return
    rows = (
        {"layer_id": layer_id, "position": position, **documents.of_package(package)}
        for position, package in enumerate(index.packages)
    )
    insert_all(connection, packages, rows)


def missing(connection: Connection, digests: Sequence[Digest], fingerprint: str) -> list[Digest]:
    """Those that are not indexed yet, each once, in the order given."""
    wanted = dict.fromkeys(digests)
    for batch in batched(list(wanted)):
        query = select(layers.c.digest).where(layers.c.digest.in_(batch), layers.c.fingerprint == fingerprint)
        for digest in connection.scalars(query).all():
            del wanted[Digest(digest)]
    return list(wanted)


def _is(digest: Digest, fingerprint: str) -> ColumnElement[bool]:
    return and_(layers.c.digest == digest, layers.c.fingerprint == fingerprint)


def _packages(connection: Connection, layer_id: int) -> tuple[Package, ...]:
    query = (
        select(*(packages.c[field.name] for field in fields(Package)))
        .where(packages.c.layer_id == layer_id)
        .order_by(packages.c.position)
    )
    return tuple(Package(*row) for row in connection.execute(query))


def _columns(index: LayerIndex) -> dict[str, object]:
    return {
        "digest": index.digest,
        "distros": [documents.of_distro(distro) for distro in index.distros],
        "problems": documents.of_problems(index.problems),
        "whiteouts": index.tree.whiteouts,
        "opaque": index.tree.opaque,
        "symlinks": dict(index.tree.symlinks),
        "files": index.tree.files,
        "folders": index.tree.folders,
        "claims": layer_json.claims(index),
        "contents": dict(index.contents),
        "repositories": layer_json.repositories(index),
    }


def _index(row: Row[Any], found: tuple[Package, ...]) -> LayerIndex:
    return LayerIndex(
        digest=Digest(row.digest),
        packages=found,
        distros=tuple(documents.distro(document) for document in row.distros),
        problems=documents.problems(row.problems),
        tree=LayerTree(
            whiteouts=tuple(row.whiteouts),
            opaque=tuple(row.opaque),
            symlinks=row.symlinks,
            files=row.files,
            folders=row.folders,
        ),
        claims=layer_json.load_claims(row.claims),
        contents=row.contents,
        repositories=layer_json.load_repositories(row.repositories),
    )
