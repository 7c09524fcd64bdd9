"""OVAL definitions of vendors of rpm distributions (oval.mitre.org, version 5): which builds bring a fix.

What a criterion tests stands in its comment, in the same words for years; Oracle's and Photon's tests,
objects and states say no more than that:

    Oracle Linux 8 is installed      Oracle Linux arch is x86_64     Module nodejs:18 is enabled
    nodejs is earlier than 1:18.2-1  nodejs is signed with the ...   openssl is ksplice-based

What a criterion says holds for its siblings and all below them, if its parent wants AND. Of what is compared
each alone is taken for affected, as claircore, Trivy and Vunnel take it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from careen.feeds._fields import InvalidRecord, identifier
from careen.feeds._xml import Element, records
from careen.model.vulnerability import Score

_EARLIER = re.compile(r"(\S+) is earlier than (\S+)")
_CONDITIONS = {
    "release": re.compile(r"(?:Oracle Linux|Photon OS) (\d[\d.]*) is installed"),
    "machine": re.compile(r"Oracle Linux arch is (\S+)"),
    "module": re.compile(r"Module (\S+) is enabled"),
    "track": re.compile(r"\S+ is (ksplice-based|fips patched)"),
}
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Build:
    """A package that is affected below the version `fixed`."""

    name: str = ""
    fixed: str = ""
    release: str = ""  # of the distribution; "" = the definition's platform
    machine: str = ""  # "" = any
    module: str = ""  # "nodejs:18"
    track: str = ""  # "ksplice-based", "fips patched": only builds of that kind are meant


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a definition says of itself."""

    title: str
    platforms: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...]  # source, id, URL
    severity: str
    cves: tuple[tuple[str, tuple[Score, ...]], ...]
    issued: str  # RFC 3339; "" = not said


def definitions(document: BinaryIO, *, limit: int) -> Iterator[Element]:
    return records(document, "oval_definitions", ("definition",), limit=limit)


def metadata(definition: Element, source: str) -> Metadata:
    """`source` is whose CVSS scores these are. Raises InvalidRecord."""
    told = definition.first("metadata")
    advisory = told.first("advisory")
    references = [each.attributes for each in told.all("reference")]
    issued = _DAY.match(advisory.first("issued").attributes.get("date", ""))
    return Metadata(
        title=" ".join(told.first("title").text.split()),
        platforms=tuple(each.text for each in told.all("affected", "platform")),
        references=tuple(
            (each.get("source", ""), each.get("ref_id", ""), each.get("ref_url", "")) for each in references
        ),
        severity=(advisory.first("severity").text or told.first("severity").text),
        cves=tuple((_cve(each), tuple(_scores(each, source))) for each in advisory.all("cve")),
        issued=f"{issued[0]}T00:00:00Z" if issued else "",
    )


def _cve(element: Element) -> str:
    if not _CVE.fullmatch(element.text):
        raise InvalidRecord(f"{element.text[:100]!r} is no CVE")
    return element.text


def _scores(cve: Element, source: str) -> Iterator[Score]:
    """As Oracle and Red Hat write them: the score, a slash, and the vector."""
    for name, value in cve.attributes.items():
        _, _, vector = value.partition("/")
        if name.startswith("cvss") and vector:
            yield Score(source, identifier(vector, "a CVSS vector"))


def builds(definition: Element) -> Iterator[Build]:
    """Each build of the definition's criteria, in their order. Raises InvalidRecord."""
    waiting = [(each, Build()) for each in reversed(definition.all("criteria"))]
    while waiting:
        criteria, above = waiting.pop()
        comments = [each.attributes.get("comment", "") for each in criteria.all("criterion")]
        context = _narrowed(above, comments) if _wants_all(criteria) else above
        for comment in comments:
            if compared := _EARLIER.fullmatch(comment.strip()):
                name, fixed = (identifier(word, "a package or version") for word in compared.groups())
                yield replace(context, name=name, fixed=fixed)
        waiting += [(each, context) for each in reversed(criteria.all("criteria"))]


def _wants_all(criteria: Element) -> bool:
    return criteria.attributes.get("operator", "AND").upper() == "AND"


def _narrowed(build: Build, comments: list[str]) -> Build:
    found = {
        field: said[1]
        for comment in comments
        for field, pattern in _CONDITIONS.items()
        if (said := pattern.fullmatch(comment.strip()))
    }
    return replace(build, **found)
