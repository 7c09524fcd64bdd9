"""Azure Linux and CBL-Mariner in OVAL (github.com/microsoft/AzureLinuxVulnerabilityData): what is affected.

A definition is about one CVE in one source package, and its tests hold the versions: before a fix, or up to
a version where none is to be had (`patchable` is false). "Not Applicable" clears the versions that it names.
Tests, objects and states follow the definitions, so the document is read twice.

The generator writes the epoch 0 into all versions, and the suffix of the distribution behind them, also where
it belongs to no release: `0:29.3.azl3` is version 29.3. There may be a blank behind the epoch.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from careen.feeds._fields import InvalidRecord, identifier, problem, summary
from careen.feeds._oval import definitions
from careen.feeds._xml import Element, records
from careen.feeds.document import Cursor, Fetched, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem
from careen.versions import rpm

NAME = "azurelinux"

_BASE = "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main"
_LIMIT = 1 << 30  # bytes; 4 MB in 2024

# Release and end of support (learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle).
_RELEASES = {
    f"{_BASE}/cbl-mariner-1.0-oval.xml": ("1", "2023-07-31"),
    f"{_BASE}/cbl-mariner-2.0-oval.xml": ("2", "2025-07-31"),
    f"{_BASE}/azurelinux-3.0-oval.xml": ("3", "2027-08-31"),
}

_PARTS = ("rpminfo_test", "rpminfo_object", "rpminfo_state")
_SUFFIX = re.compile(r"\.(?:cm|azl)[0-9]+")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")


def fetch(http: Http, seen: Cursor) -> Fetched | None:
    return http.fetch(_RELEASES, seen)


def parse(document: BinaryIO, name: str) -> Iterator[Ecosystem | Advisory | Problem]:
    """`name` is the document's URL, which tells the release."""
    if name not in _RELEASES:
        raise InvalidDocument(f"{name} is no document about Azure Linux")
    release, end_of_life = _RELEASES[name]
    ecosystem = Ecosystem(f"Azure Linux:{release}", rpm.NAME, end_of_life=end_of_life)
    tests = _Tests()
    for part in records(document, "oval_definitions", _PARTS, limit=_LIMIT):
        tests.add(part)
    document.seek(0)
    yield ecosystem
    for number, definition in enumerate(definitions(document, limit=_LIMIT), start=1):
        try:
            yield _advisory(definition, tests, ecosystem.name)
        except InvalidRecord as error:
            yield problem(definition.attributes.get("id", f"definition {number}"), error.message)


@dataclass(slots=True)
class _Tests:
    """What the ids in a definition stand for."""

    objects: dict[str, str] = field(default_factory=dict)  # name of the package
    states: dict[str, tuple[str, str]] = field(default_factory=dict)  # operation and version
    tests: dict[str, tuple[str, str]] = field(default_factory=dict)  # object and state

    def add(self, part: Element) -> None:
        id_ = part.attributes.get("id", "")
        match part.name:
            case "rpminfo_object":
                self.objects[id_] = part.first("name").text
            case "rpminfo_state":
                evr = part.first("evr")
                self.states[id_] = (evr.attributes.get("operation", ""), evr.text)
            case _:
                thing = part.first("object").attributes.get("object_ref", "")
                self.tests[id_] = (thing, part.first("state").attributes.get("state_ref", ""))

    def resolved(self, id_: str) -> tuple[str, str, str]:
        """Package, operation and version; raises InvalidRecord."""
        thing, state = self.tests.get(id_, ("", ""))
        if thing not in self.objects or state not in self.states:
            raise InvalidRecord(f"the test {id_!r} leads nowhere")
        operation, version = self.states[state]
        return identifier(self.objects[thing], "a package"), operation, _version(version)


def _version(text: str) -> str:
    version = identifier("".join(text.split()), "a version")
    return version if "-" in version else _SUFFIX.sub("", version)


def _advisory(definition: Element, tests: _Tests, ecosystem: str) -> Advisory:
    told = definition.first("metadata")
    reference = told.first("reference").attributes
    moment = told.first("advisory_date").text
    package, affected = _range(definition, tests)
    return Advisory(
        id=identifier(reference.get("ref_id"), "the id"),
        affected=(
            Affected(
                ecosystem,
                package,
                (affected,),
                by_source=True,
                severity=told.first("severity").text,
                status=_status(told.first("patchable").text, affected),
            ),
        ),
        link=_link(reference),
        summary=summary(told.first("title").text),
        published=moment if _MOMENT.fullmatch(moment) else "",
    )


def _link(reference: Mapping[str, str]) -> str:
    url = reference.get("ref_url", "")
    return url if url.startswith("https://") else ""


def _range(definition: Element, tests: _Tests) -> tuple[str, Range]:
    """What all tests of the definition leave of one package's versions."""
    ends = {"introduced": "", "fixed": "", "last_affected": ""}
    packages = set()
    for criterion in definition.all("criteria", "criterion"):
        package, operation, version = tests.resolved(criterion.attributes.get("test_ref", ""))
        packages.add(package)
        end, value = _end(operation, version)
        if ends[end]:
            raise InvalidRecord(f"a definition with two versions that are {operation!r}")
        ends[end] = value
    if len(packages) != 1 or not any(ends.values()):
        raise InvalidRecord(f"a definition about {len(packages)} packages")
    return packages.pop(), Range(**ends)


def _end(operation: str, version: str) -> tuple[str, str]:
    match operation:
        case "less than":
            return "fixed", version
        case "less than or equal":
            return "last_affected", version
        case "greater than or equal":
            return "introduced", version
        case "greater than":
            # What has no release is below all of that version; `^` stands just above what it follows.
            return "introduced", f"{version}^" if "-" in version else version
    raise InvalidRecord(f"a version that is to be {operation!r}")


def _status(patchable: str, affected: Range) -> str:
    match patchable.casefold():
        case "true":
            return "affected"
        case "false":
            return "pending" if affected.fixed else "affected"
        case "not applicable":
            return "not_affected"
    raise InvalidRecord(f"'patchable' is {patchable[:100]!r}")
