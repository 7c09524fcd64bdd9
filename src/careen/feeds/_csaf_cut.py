"""An archive of CSAF documents, cut down to what is asked of it.

Nearly all of its bytes are about products that no container is made from, and to inflate and decode them
takes minutes. The cut is an archive of documents of the same form, which says the same, and is read with
every snapshot.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import zstandard

from careen.feeds import _csaf
from careen.feeds._csaf import Tree
from careen.feeds._fields import InvalidRecord, Record, record, records, sequence, text
from careen.feeds._tar import files
from careen.feeds.document import Document, InvalidDocument
from careen.feeds.http import UNFINISHED

_NAME_LENGTH = 100  # of a file in a tar archive
_KEPT = ("title", "release_date")  # of a vulnerability, as they are
_OF_PRODUCTS = ("remediations", "threats")


@dataclass(frozen=True, slots=True)
class Cut:
    products: Callable[[Tree], AbstractSet[str]]  # the ids of those of which something is kept
    head: Collection[str]  # members of 'document' that are kept
    limit: int  # bytes of all documents, inflated
    largest: int  # bytes of a document
    marks: Collection[bytes] = (b"",)  # of which one is in every document that tells anything

    def of(self, document: Document) -> Document:
        """The document with the cut as its copy; as it was, where it is no archive of documents.

        What is no document of its kind stays as it is: its reader says so.
        """
        handle, name = tempfile.mkstemp(dir=document.path.parent, prefix=UNFINISHED)
        try:
            with os.fdopen(handle, "w+b") as file, document.path.open("rb") as source:
                self._write(source, file)
                os.fsync(file.fileno())
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            path = Path(name).replace(document.path.with_name(sha256))
        except InvalidDocument:
            return document
        finally:
            Path(name).unlink(missing_ok=True)
        return replace(document, path=path, sha256=sha256)

    def _write(self, source: BinaryIO, file: BinaryIO) -> None:
        """Raises InvalidDocument, perhaps in the midst."""
        with (
            zstandard.ZstdCompressor().stream_writer(file, closefd=False) as stream,
            tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for name, content in files(source, limit=self.limit, largest=self.largest):
                if name.endswith(".json") and self._is_telling(content):
                    data = self._shortened(content or b"")
                    member = tarfile.TarInfo(name[-_NAME_LENGTH:])
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))

    def _is_telling(self, content: bytes | None) -> bool:
        """One that is too large stays as an empty one, which its reader tells of."""
        return content is None or any(mark in content for mark in self.marks)

    def _shortened(self, content: bytes) -> bytes:
        try:
            said = _csaf.document(content)
            tree = Tree.of(said)
            kept = self.products(tree)
            head = record(said.get("document"), "'document'")
            shorter = {
                "document": {name: value for name, value in _head(head).items() if name in self.head},
                "product_tree": _tree(tree, kept),
                "vulnerabilities": [_vulnerability(each, kept) for each in records(said, "vulnerabilities")],
            }
        except InvalidRecord:
            return content
        return json.dumps(shorter, separators=(",", ":")).encode()


def _head(head: Record) -> Record:
    """Without the history of revisions, which is longer than most documents."""
    tracking = record(head.get("tracking"), "'tracking'")
    return {**head, "tracking": {name: tracking[name] for name in tracking if name != "revision_history"}}


def _tree(tree: Tree, kept: AbstractSet[str]) -> Record:
    related = dict.fromkeys(id_ for product in sorted(kept) for id_ in _related(tree, product))
    needed = {part for id_ in related for part in tree.relations[id_]} | kept
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
                "product_reference": tree.relations[id_][0],
                "relates_to_product_reference": tree.relations[id_][1],
            }
            for id_ in sorted(related)
        ],
    }


def _related(tree: Tree, product: str) -> Iterator[str]:
    """The relationships that the product is made by."""
    for _ in range(_csaf.LONGEST):
        if product not in tree.relations:
            return
        yield product
        product = tree.relations[product][1]


def _vulnerability(said: Record, kept: AbstractSet[str]) -> Record:
    status = record(said.get("product_status") or {}, "'product_status'")
    shorter: dict[str, object] = {
        "cve": text(said, "cve"),
        **{name: said[name] for name in _KEPT if name in said},
        "product_status": {name: _known(status, name, kept) for name in status},
    }
    for name in _OF_PRODUCTS:
        listed = [{**each, "product_ids": _known(each, "product_ids", kept)} for each in records(said, name)]
        shorter[name] = [each for each in listed if each["product_ids"]]
    shorter["scores"] = [{**each, "products": []} for each in records(said, "scores")]
    return shorter


def _known(fields: Record, name: str, kept: AbstractSet[str]) -> list[str]:
    named = sequence(fields, name)
    if not all(isinstance(each, str) for each in named):
        raise InvalidRecord(f"a product in {name!r} is no text")
    return [str(each) for each in named if each in kept]
