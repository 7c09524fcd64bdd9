"""What CSAF documents of vulnerabilities have in common (docs.oasis-open.org/csaf/csaf/v2.0, "product tree").

A platform and its components are products; a relationship names one as a component of the other, and makes
of the two a third product, of which the document then speaks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from urllib.parse import unquote

from careen.feeds._fields import InvalidRecord, Record, decoded, identifier, record, records, sequence, text
from careen.model.vulnerability import Score

_DEEPEST = 20  # branches within branches
LONGEST = 5  # relationships that build upon each other
_MOST_MARKS = 4_000_000  # characters that begin or part values of a document, each of which costs memory
_MARKS = b",:[{"
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_PURL = re.compile(
    r"pkg:(?P<type>[a-z]+)/(?P<path>[^@?#]+)(?:@(?P<version>[^?#]*))?(?:\?(?P<qualifiers>[^#]+))?(?:#.*)?"
)
_CVSS = ("cvss_v4", "cvss_v3", "cvss_v2")


def document(content: bytes | None) -> Record:
    """A document as one object; None stands for one beyond all bounds. Raises InvalidRecord."""
    if content is not None and sum(map(content.count, (bytes([mark]) for mark in _MARKS))) > _MOST_MARKS:
        raise InvalidRecord(f"more than {_MOST_MARKS} values")
    return record(decoded(content), "the document")


@dataclass(frozen=True, slots=True)
class Product:
    name: str
    cpe: str  # "" = none is given
    purl: str  # "" = none is given


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL (github.com/package-url/purl-spec)."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: Mapping[str, str]

    @classmethod
    def of(cls, written: str) -> Self:
        """Raises InvalidRecord."""
        match = _PURL.fullmatch(written)
        if not match:
            raise InvalidRecord(f"the package URL {written[:200]!r}")
        namespace, _, name = unquote(match["path"]).rpartition("/")
        pairs = (pair.partition("=") for pair in (match["qualifiers"] or "").split("&"))
        qualifiers = {key: unquote(value) for key, _, value in pairs}
        version = unquote(match["version"] or "")
        return cls(match["type"], namespace, identifier(name, "a package's name"), version, qualifiers)


@dataclass(frozen=True, slots=True)
class Tree:
    products: Mapping[str, Product]
    relations: Mapping[str, tuple[str, str]]  # product -> component, what it is a component of

    @classmethod
    def of(cls, document: Record) -> Self:
        """Raises InvalidRecord."""
        tree = record(document.get("product_tree") or {}, "'product_tree'")
        named = [*_branches(tree, _DEEPEST), *records(tree, "full_product_names")]
        return cls(
            {text(each, "product_id"): _product(each) for each in named},
            dict(map(_relation, records(tree, "relationships"))),
        )

    def chain(self, product_id: str) -> list[Product]:
        """The component, what it is a component of, and so on; empty for what is not in the tree."""
        chain = []
        for _ in range(LONGEST):
            component, product_id = self.relations.get(product_id, (product_id, ""))
            product = self.products.get(component)
            if product is None:
                return []
            chain.append(product)
            if not product_id:
                return chain
        return []


def _branches(branch: Record, deepest: int) -> Iterator[Record]:
    if not deepest:
        raise InvalidRecord("branches that are nested too deeply")
    for inner in records(branch, "branches"):
        if "product" in inner:
            yield record(inner["product"], "a product")
        yield from _branches(inner, deepest - 1)


def _product(said: Record) -> Product:
    helper = record(said.get("product_identification_helper") or {}, "'product_identification_helper'")
    return Product(text(said, "name"), text(helper, "cpe"), text(helper, "purl"))


def _relation(said: Record) -> tuple[str, tuple[str, str]]:
    whole = record(said.get("full_product_name"), "'full_product_name'")
    parts = text(said, "product_reference"), text(said, "relates_to_product_reference")
    return text(whole, "product_id"), parts


def statuses(vulnerability: Record, name: str) -> Iterator[str]:
    """Ids of the products that have the status of that name; raises InvalidRecord."""
    yield from _ids(record(vulnerability.get("product_status") or {}, "'product_status'"), name)


def by_product(vulnerability: Record, name: str, category: str) -> Iterator[tuple[str, Record]]:
    """Threats or remediations of a category, each with a product that it is about; raises InvalidRecord."""
    for item in records(vulnerability, name):
        if text(item, "category") == category:
            yield from ((product, item) for product in _ids(item, "product_ids"))


def _ids(fields: Record, name: str) -> Iterator[str]:
    for each in sequence(fields, name):
        if not isinstance(each, str):
            raise InvalidRecord(f"a product in {name!r} is no text")
        yield each


def scores(vulnerability: Record, source: str) -> Iterator[Score]:
    """Each vector once."""
    rated = [
        record(each[kind], f"{kind!r}")
        for each in records(vulnerability, "scores")
        for kind in _CVSS
        if kind in each
    ]
    vectors = dict.fromkeys(identifier(each.get("vectorString"), "a CVSS vector") for each in rated)
    yield from (Score(source, vector) for vector in vectors)


def cve(vulnerability: Record) -> str:
    """Its id; raises InvalidRecord."""
    name = identifier(vulnerability.get("cve"), "the CVE")
    if not _CVE.fullmatch(name):
        raise InvalidRecord(f"{name!r} is no CVE")
    return name


def moment(written: str) -> str:
    """In UTC, as all of them are then in the order of time; raises InvalidRecord."""
    try:
        return datetime.fromisoformat(written).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise InvalidRecord(f"the date {written[:50]!r}") from None
