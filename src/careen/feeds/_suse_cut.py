"""SUSE's archive, cut down to what is asked of it.

Nearly all of its bytes are about products that no container is made from, and bzip2 takes minutes for them.
The cut is an archive of documents of the same form, which says the same, and is read with every snapshot.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import zstandard

from careen.feeds import _csaf
from careen.feeds._csaf import Product, Tree
from careen.feeds._fields import InvalidRecord, Record, record, records, sequence, text
from careen.feeds._tar import files
from careen.feeds.document import Document, InvalidDocument
from careen.feeds.http import UNFINISHED

Wanted = Callable[[Product], bool]

_NAME_LENGTH = 100  # of a file in a tar archive
_LISTS = (("remediations", "product_ids"), ("threats", "product_ids"), ("scores", "products"))


def cut(document: Document, is_wanted: Wanted, *, limit: int, largest: int) -> Document:
    """The document with the cut beside it as its copy; as it was, where it is no archive of documents.

    `is_wanted` tells of platforms. What is no document of its kind stays as it is: its reader says so.
    """
    handle, name = tempfile.mkstemp(dir=document.path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "w+b") as file, document.path.open("rb") as source:
            _write(source, file, is_wanted, limit=limit, largest=largest)
            os.fsync(file.fileno())
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        path = Path(name).replace(document.path.with_name(sha256))
    except InvalidDocument:
        return document
    finally:
        Path(name).unlink(missing_ok=True)
    return replace(document, path=path, sha256=sha256)


def _write(source: BinaryIO, file: BinaryIO, is_wanted: Wanted, *, limit: int, largest: int) -> None:
    """Raises InvalidDocument, perhaps in the midst."""
    with (
        zstandard.ZstdCompressor().stream_writer(file, closefd=False) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files(source, limit=limit, largest=largest):
            if name.endswith(".json"):
                data = _shortened(content or b"", is_wanted)
                member = tarfile.TarInfo(name[-_NAME_LENGTH:])
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))


def _shortened(content: bytes, is_wanted: Wanted) -> bytes:
    try:
        said = _csaf.document(content)
        tree = Tree.of(said)
        platforms = {id_ for id_, product in tree.products.items() if is_wanted(product)}
        kept = {id_ for id_, (_, platform) in tree.relations.items() if platform in platforms}
        shorter = {
            "document": _head(record(said.get("document"), "'document'")),
            "product_tree": _tree(tree, platforms, kept),
            "vulnerabilities": [_vulnerability(each, kept) for each in records(said, "vulnerabilities")],
        }
    except InvalidRecord:
        return content
    return json.dumps(shorter, separators=(",", ":")).encode()


def _head(head: Record) -> Record:
    """Without the history of revisions, which is longer than most documents."""
    tracking = record(head.get("tracking"), "'tracking'")
    return {**head, "tracking": {name: tracking[name] for name in tracking if name != "revision_history"}}


def _tree(tree: Tree, platforms: AbstractSet[str], kept: AbstractSet[str]) -> Record:
    needed = {*platforms, *(tree.relations[id_][0] for id_ in kept)}
    return {
        "full_product_names": [
            {
                "product_id": id_,
                "name": tree.products[id_].name,
                "product_identification_helper": {
                    "cpe": tree.products[id_].cpe,
                    "purl": tree.products[id_].purl,
                },
            }
            for id_ in sorted(needed & tree.products.keys())
        ],
        "relationships": [
            {
                "full_product_name": {"product_id": id_},
                "product_reference": component,
                "relates_to_product_reference": platform,
            }
            for id_, (component, platform) in sorted(tree.relations.items())
            if id_ in kept
        ],
    }


def _vulnerability(said: Record, kept: AbstractSet[str]) -> Record:
    status = record(said.get("product_status") or {}, "'product_status'")
    shorter: dict[str, object] = {
        "cve": text(said, "cve"),
        "product_status": {name: _known(status, name, kept) for name in status},
    }
    for name, products in _LISTS:
        shorter[name] = [{**each, products: _known(each, products, kept)} for each in records(said, name)]
    return shorter


def _known(fields: Record, name: str, kept: AbstractSet[str]) -> list[str]:
    named = sequence(fields, name)
    if not all(isinstance(each, str) for each in named):
        raise InvalidRecord(f"a product in {name!r} is no text")
    return [str(each) for each in named if each in kept]
