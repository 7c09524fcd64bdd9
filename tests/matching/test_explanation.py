"""Why, and why not: what stands in the way of a finding is said with the record that says it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from careen.matching.explanation import Explanation, explain
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.digest import from_hex
from careen.model.distro import Distro
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.report import ImageFacts
from careen.report.explanation import render

Make = Callable[..., Snapshot]

BOOKWORM = Distro("debian", "12")
DEBIAN = Ecosystem("Debian:12", "dpkg")
PYPI = Ecosystem("PyPI", "pep440")
LAYER = from_hex("a" * 64)
IMAGE = ImageFacts("app", from_hex("b" * 64), layers=(LAYER,), created_by=("RUN pip install pyyaml",))
YAML = Package("pyyaml", "5.3", "pypi", "pip", "app/METADATA", "PyPI", layer=LAYER)
OPENSSL = Package(
    "libssl3", "3.0.8-1", "deb", "dpkg", "var/lib/dpkg/status", "", "openssl", "3.0.8-1", "amd64"
)
CVE = "CVE-2024-1001"


def says(*ranges: Range, status: str = "affected", withdrawn: str = "") -> Advisory:
    affected = Affected("PyPI", "pyyaml", ranges, status=status)
    return Advisory("PYSEC-1", (affected,), (CVE,), withdrawn=withdrawn)


def why(snapshot: Snapshot, *packages: Package, vulnerability: str = CVE, package: str = "") -> Explanation:
    inventory = Inventory(BOOKWORM, packages, ())
    return explain(inventory, snapshot, vulnerability, package=package)


def test_a_finding_is_proved_by_file_layer_record_and_comparison(snapshot_of: Make) -> None:
    explanation = why(snapshot_of(PYPI, says(Range("5", "5.4"))), YAML)
    told = render(explanation, IMAGE)
    for proof in (
        f"{CVE} is in pyyaml 5.3",
        "app/METADATA",
        LAYER,
        "RUN pip install pyyaml",
        "PYSEC-1",
        explanation.records[0].record.digest,
        "5.3 is not before 5, with which it began, and before 5.4, where it is fixed",
        "pep440",
    ):
        assert proof in told
    assert not explanation.reasons


@pytest.mark.parametrize(
    ("ranges", "because"),
    [
        ((Range("5", "5.3"),), "5.3 is not before 5.3, where it is fixed"),
        ((Range("6", "6.1"),), "5.3 is before 6, with which it began"),
        ((Range("5", last_affected="5.2"),), "5.3 is after 5.2, the last that is affected"),
    ],
)
def test_a_version_outside_the_range_says_on_which_side(
    snapshot_of: Make, ranges: tuple[Range, ...], because: str
) -> None:
    (reason,) = why(snapshot_of(PYPI, says(*ranges)), YAML).reasons
    assert (reason.because, reason.advisory) == (because, "PYSEC-1")


def test_a_record_that_clears_is_named(snapshot_of: Make) -> None:
    cleared = replace(says(Range(fixed="9"), status="not_affected"), id=CVE, aliases=())
    explanation = why(snapshot_of(PYPI, says(Range("5", "5.4")), cleared), YAML)
    assert not explanation.findings
    assert {reason.because for reason in explanation.reasons} == {
        "5.3 is in its range, but another record clears the vulnerability",
        "upstream says that 5.3 is not affected",
    }


def test_what_a_package_of_the_distribution_owns_says_so(snapshot_of: Make) -> None:
    owned = replace(YAML, owner="python3-yaml")
    owner = Package("python3-yaml", "5.3-1", "deb", "dpkg", "var/lib/dpkg/status", source="pyyaml")
    (reason,) = why(snapshot_of(DEBIAN, PYPI, says(Range("5", "5.4"))), owned, owner).reasons
    assert "python3-yaml of the distribution owns its files" in reason.because


def test_headers_and_third_parties_say_so(snapshot_of: Make) -> None:
    linux = Advisory(CVE, (Affected("Debian:12", "linux", (Range(fixed="7"),), by_source=True),))
    headers = replace(OPENSSL, name="linux-libc-dev", source="linux")
    (reason,) = why(snapshot_of(DEBIAN, linux), headers).reasons
    assert "headers of the kernel" in reason.because
    nginx = Advisory(CVE, (Affected("Debian:12", "nginx", (Range(fixed="7"),), by_source=True),))
    foreign = replace(OPENSSL, name="nginx", source="nginx", vendor="NGINX Packaging <x@f5.com>")
    (reason,) = why(snapshot_of(DEBIAN, nginx), foreign).reasons
    assert "NGINX Packaging" in reason.because


def test_a_package_may_be_meant_by_its_source(snapshot_of: Make) -> None:
    fixed = Advisory(CVE, (Affected("Debian:12", "openssl", (Range(fixed="3.0.7"),), by_source=True),))
    snapshot = snapshot_of(DEBIAN, PYPI, fixed, says(Range("5", "5.4")))
    assert [each.package.name for each in why(snapshot, OPENSSL, YAML, package="openssl").reasons] == [
        "libssl3"
    ]
    assert not why(snapshot, OPENSSL, YAML, package="openssl").findings
    assert len(why(snapshot, OPENSSL, YAML).findings) == 1


@pytest.mark.parametrize(
    ("record", "vulnerability", "told"),
    [
        (says(Range("5", "5.4")), "CVE-2024-9999", "no feed of this snapshot names it"),
        (says(Range("5", "5.4"), withdrawn="2024-05-01T00:00:00Z"), CVE, "was withdrawn on 2024-05-01"),
        (Advisory(CVE, (Affected("PyPI", "jinja2", (Range(),)),)), CVE, "is about PyPI/jinja2"),
    ],
)
def test_what_nobody_says_of_the_image_is_said(
    snapshot_of: Make, record: Advisory, vulnerability: str, told: str
) -> None:
    explanation = why(snapshot_of(PYPI, record), YAML, vulnerability=vulnerability)
    assert told in render(explanation, IMAGE)


@pytest.mark.parametrize(
    "asked", ["GHSA-AAAA-bbbb-cccc", "ghsa-aaaa-bbbb-cccc", "cve-2024-1001", CVE, "pysec-1"]
)
def test_an_alias_in_any_case_leads_to_what_all_feeds_say_of_the_flaw(snapshot_of: Make, asked: str) -> None:
    """Debian knows the CVE alone."""
    twin = replace(says(Range("5", "5.4")), aliases=(CVE, "GHSA-aaaa-bbbb-cccc"))
    fixed = Advisory(CVE, (Affected("Debian:12", "openssl", (Range(fixed="3.0.7"),), by_source=True),))
    explanation = why(snapshot_of(DEBIAN, PYPI, twin, fixed), YAML, OPENSSL, vulnerability=asked)
    assert [finding.id for finding in explanation.findings] == [CVE]
    assert [reason.package.name for reason in explanation.reasons] == ["libssl3"]


def test_a_record_about_several_flaws_leads_to_none_of_them(snapshot_of: Make) -> None:
    both = replace(says(Range("5", "5.4")), aliases=(CVE, "CVE-2024-1002"))
    other = Advisory("CVE-2024-1002", (Affected("PyPI", "pyyaml", (Range(),)),))
    explanation = why(snapshot_of(PYPI, both, other), YAML, vulnerability=CVE)
    assert [named.record.id for named in explanation.records] == ["PYSEC-1"]


@pytest.mark.parametrize("asked", ["log4j-core", "org.apache.logging.log4j:log4j-core", "LOG4J-core"])
def test_a_package_may_be_meant_by_its_artifact_and_in_any_case(snapshot_of: Make, asked: str) -> None:
    name = "org.apache.logging.log4j:log4j-core"
    maven = Ecosystem("Maven", "maven")
    said = Advisory(CVE, (Affected("Maven", name, (Range(fixed="2.15"),)),))
    jar = Package(name, "2.14", "maven", "jar", "app.jar", "Maven")
    assert len(why(snapshot_of(maven, said), jar, package=asked).findings) == 1


def test_a_package_that_is_not_there_is_said(snapshot_of: Make) -> None:
    told = render(why(snapshot_of(PYPI, says(Range("5", "5.4"))), YAML, package="jinja2"), IMAGE)
    assert told.splitlines() == [
        "the image has no package jinja2",
        "  PYSEC-1 of a-feed is about PyPI/pyyaml",
    ]
