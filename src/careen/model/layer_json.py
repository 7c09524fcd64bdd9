"""LayerIndex as a JSON document, and back."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from careen.errors import Invalid
from careen.model import digest, packed_paths
from careen.model.distro import Distro
from careen.model.layer import Claims, LayerIndex, LayerTree, Repositories
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

_CLAIM = 16  # bytes


class InvalidLayerIndex(Invalid): ...


def dump(index: LayerIndex) -> dict[str, Any]:
    """For `json.dumps(…, default=record)`: there may be too many packages to have each of them twice."""
    tree = index.tree
    return {
        "digest": index.digest,
        "packages": index.packages,
        "distros": index.distros,
        "problems": index.problems,
        "tree": {
            "whiteouts": list(tree.whiteouts),
            "opaque": list(tree.opaque),
            "symlinks": dict(tree.symlinks),
            "files": b64encode(tree.files).decode(),
            "folders": b64encode(tree.folders).decode(),
        },
        "claims": claims(index),
        "contents": dict(index.contents),
        "repositories": repositories(index),
    }


def record(item: Package | Distro | Problem) -> dict[str, Any]:
    """Its fields, which are texts: `asdict`, which looks into each, takes four times as long."""
    return {name: getattr(item, name) for name in item.__slots__}


def claims(index: LayerIndex) -> list[list[str]]:
    return [
        [each.path, each.package, each.algorithm, b64encode(each.files).decode()] for each in index.claims
    ]


def repositories(index: LayerIndex) -> list[list[Any]]:
    return [[each.path, list(each.ids), list(each.cpes)] for each in index.repositories]


def load(document: Mapping[str, Any]) -> LayerIndex:
    """Raises InvalidLayerIndex: the document may come from a process that read hostile bytes."""
    try:
        return LayerIndex(
            digest=digest.parse(document["digest"]),
            packages=tuple(Package(**_texts(fields)) for fields in document["packages"]),
            distros=tuple(Distro(**_texts(fields)) for fields in document["distros"]),
            problems=tuple(_problem(**_texts(fields)) for fields in document["problems"]),
            tree=_tree(document["tree"]),
            claims=load_claims(document["claims"]),
            contents=_texts(document["contents"]),
            repositories=load_repositories(document["repositories"]),
        )
    except (digest.InvalidDigest, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidLayerIndex(f"no index of a layer: {error!r}") from None


def _problem(kind: str, path: str, message: str) -> Problem:
    return Problem(ProblemKind(kind), path, message)


def _tree(document: Mapping[str, Any]) -> LayerTree:
    return LayerTree(
        whiteouts=tuple(map(_text, document["whiteouts"])),
        opaque=tuple(map(_text, document["opaque"])),
        symlinks=_texts(document["symlinks"]),
        files=packed_paths.check(b64decode(document["files"], validate=True)),
        folders=packed_paths.check(b64decode(document["folders"], validate=True)),
    )


def load_claims(rows: Sequence[Sequence[str]]) -> tuple[Claims, ...]:
    """What `claims` gave. Raises ValueError and TypeError."""
    return tuple(
        Claims(_text(path), _text(package), _text(algorithm), _claimed(files))
        for path, package, algorithm, files in rows
    )


def load_repositories(rows: Sequence[Sequence[Any]]) -> tuple[Repositories, ...]:
    """What `repositories` gave. Raises ValueError and TypeError."""
    return tuple(
        Repositories(_text(path), tuple(map(_text, ids)), tuple(map(_text, cpes))) for path, ids, cpes in rows
    )


def _claimed(text: str) -> bytes:
    files = b64decode(text, validate=True)
    if len(files) % _CLAIM:
        raise ValueError(f"claims have {_CLAIM} bytes each")
    return files


def _texts(fields: Mapping[str, object]) -> dict[str, Any]:
    """Only a package's layer may be something else than text: nothing."""
    return {
        _text(name): value if name == "layer" and value is None else _text(value)
        for name, value in fields.items()
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
