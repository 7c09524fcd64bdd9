"""What Ubuntu says in OpenVEX (github.com/openvex/spec) of each package in each release.

    {"vulnerability": {"name": "CVE-2023-38545"}, "status": "affected", "action_statement": "…",
     "products": [{"@id": "pkg:deb/ubuntu/curl@7.47.0-1ubuntu2.19?arch=source&distro=xenial"}]}

The version is the newest in that archive, whatever fixed the vulnerability: it bounds what is said to be
affected, and what is `fixed` is left to the OSV records. The states of the tracker are written so
(documentation.ubuntu.com/security/security-updates/vex):

    not_affected         not-affected; DNE, which is about no package at all (component_not_present)
    under_investigation  needs-triage; deferred, by its note
    affected             needed; ignored, by the beginning of the statement

The archives of Ubuntu Pro (`esm-infra/focal`) have the same packages with later fixes. That one of them is
not affected clears the release too, if nobody has looked at the release's own: since it ended, or not yet.
Other states of theirs hold for a release that says nothing itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import unquote

from careen.feeds import _ubuntu_releases
from careen.feeds._fields import InvalidRecord, Record, decoded, identifier, problem, record, records, text
from careen.feeds._tar import files
from careen.model.advisory import Advisory, Affected, Range
from careen.model.problem import Problem

_LIMIT = 128 << 30  # bytes of all documents, inflated; 25 GB in 2026, nearly all of them lists of binaries
_LARGEST = 64 << 20  # bytes of a document
_NOTICE = "USN-"  # begins the names of documents that repeat what is fixed
_PURL = "pkg:deb/ubuntu/"
_POCKETS = frozenset({"esm-infra", "esm-apps", "esm-infra-legacy", "esm-apps-legacy"})

_NOT_FIXING = "the Ubuntu Security Team decided to not fix it"
_FIXED = "fixed"
_ENDED = "is no longer supported"
_OPEN = frozenset({"under_investigation", "end_of_life"})  # nobody looked at the release's own package


@dataclass(frozen=True, slots=True)
class _Product:
    """A source package in an archive."""

    release: str  # "22.04"
    is_pro: bool
    package: str
    version: str

    @property
    def place(self) -> tuple[str, str]:
        return self.release, self.package


def parse(document: BinaryIO) -> Iterator[Advisory | Problem]:
    for member, content in files(document, limit=_LIMIT, largest=_LARGEST):
        if member.rpartition("/")[2].startswith(_NOTICE):
            continue
        try:
            statements = list(records(record(decoded(content), "the document"), "statements"))
            yield from _advisories(statements)
        except InvalidRecord as error:
            yield problem(member, error.message)


def _advisories(statements: list[Record]) -> Iterator[Advisory]:
    """One for each vulnerability that the document names: that is one."""
    by_name: dict[str, list[Record]] = {}
    for statement in statements:
        vulnerability = record(statement.get("vulnerability"), "'vulnerability'")
        name = identifier(vulnerability.get("name"), "the vulnerability's name")
        by_name.setdefault(name, []).append(statement)
    for name, group in by_name.items():
        affected = tuple(_affected(group))
        if affected:
            yield Advisory(name, affected, link=f"https://ubuntu.com/security/{name}")


def _affected(statements: list[Record]) -> Iterator[Affected]:
    own: dict[_Product, str] = {}
    pro: dict[_Product, str] = {}
    for statement in statements:
        if status := _status(statement):
            for product in _products(statement):
                (pro if product.is_pro else own)[product] = status
    places = {product.place for product in own}
    cleared = {product.place for product, status in pro.items() if status == "not_affected"}
    for product, status in own.items():
        yield from _said(product, "not_affected" if status in _OPEN and product.place in cleared else status)
    for product, status in pro.items():
        if product.place not in places:
            yield from _said(product, status)


def _said(product: _Product, status: str) -> Iterator[Affected]:
    """What is not affected is so in all versions of the release."""
    if status != _FIXED:
        bound = Range() if status == "not_affected" else Range(last_affected=product.version)
        name = _ubuntu_releases.name(product.release)
        yield Affected(name, product.package, (bound,), by_source=True, status=status)


def _status(statement: Record) -> str:
    """In the terms of an advisory; "" for what is about no package at all."""
    match text(statement, "status"):
        case "not_affected":
            return "" if text(statement, "justification") == "component_not_present" else "not_affected"
        case "under_investigation":
            return "deferred" if "deferred" in text(statement, "status_notes") else "under_investigation"
        case "affected":
            return _unfixed(text(statement, "action_statement"))
        case "fixed":
            return _FIXED
        case status:
            raise InvalidRecord(f"the status {status!r}")


def _unfixed(action: str) -> str:
    """By the first sentence: notes of people follow it."""
    sentence = action.partition(". ")[0]
    if _NOT_FIXING in sentence:
        return "will_not_fix"
    return "end_of_life" if _ENDED in sentence else "affected"


def _products(statement: Record) -> Iterator[_Product]:
    """Its source packages: for each there are dozens of binaries of which the same is said."""
    for product in records(statement, "products"):
        purl = text(product, "@id")
        if "arch=source" not in purl or not purl.startswith(_PURL):
            continue
        package, _, rest = purl.removeprefix(_PURL).partition("@")
        version, _, qualifiers = rest.partition("?")
        place = _place(dict(pair.split("=", 1) for pair in qualifiers.split("&") if "=" in pair))
        if place:
            yield _Product(
                *place,
                identifier(unquote(package), "a package's name"),
                identifier(unquote(version), "a version"),
            )


def _place(qualifiers: Mapping[str, str]) -> tuple[str, bool] | None:
    """Release, and whether it is Ubuntu Pro's archive for it; None for builds of another kind."""
    first, _, last = unquote(qualifiers.get("distro", "")).partition("/")
    is_pro = bool(last)
    if last == "esm":
        codename = first
    elif is_pro and first not in _POCKETS:
        return None
    else:
        codename = last or first
    number = _ubuntu_releases.NUMBERS.get(codename)
    return (number, is_pro) if number else None
