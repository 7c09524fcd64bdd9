"""What AlmaLinux' errata say of vulnerabilities, builds and modules."""

import io
import json
import zipfile

import pytest

from careen.feeds import osv
from careen.model.advisory import Advisory, Range

BUILD = "6.0.8-2.module_el8.{}"


def advisories(
    *, fixed: dict[str, list[str]], ecosystem: str = "AlmaLinux:8", **fields: object
) -> list[Advisory]:
    ranges = [
        {
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}],
        }
        for name, versions in fixed.items()
        for version in versions
    ]
    erratum = {"id": "ALSA-2024:1", "affected": ranges, "related": ["CVE-2024-1001"]} | fields
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.json", json.dumps(erratum))
    said = list(osv.Feed("AlmaLinux:8").parse(buffer, "https://upstream.example/all.zip"))
    found = [each for each in said if isinstance(each, Advisory)]
    assert len(found) == len(said) - 1  # and the ecosystem
    return found


def test_of_several_builds_that_bring_a_fix_the_lowest_counts() -> None:
    builds = [BUILD.format(rest) for rest in ("8.0+3+b", "6.0+10+c", "6.0+9+d")]
    (advisory,) = advisories(fixed={"varnish": builds}, summary="Important: varnish:6 security update")
    (affected,) = advisory.affected
    assert affected.package == "varnish:6::varnish"
    assert affected.ranges == (Range(fixed=builds[2]),)


@pytest.mark.parametrize(
    ("summary", "packages"),
    [
        ("Low: virt:rhel and virt-devel:rhel security update", ["virt:rhel::a", "virt-devel:rhel::a"]),
        ("Important: a security update", ["*::a"]),
        ("ruby:2.5 bug fix update", ["ruby:2.5::a"]),
    ],
)
def test_a_build_in_a_module_is_meant_for_the_modules_that_the_title_names(
    summary: str, packages: list[str]
) -> None:
    (advisory,) = advisories(fixed={"a": [BUILD.format("8.0+3+b")]}, summary=summary)
    assert [affected.package for affected in advisory.affected] == packages


def test_packages_of_another_release_are_left_to_its_own_feed() -> None:
    (advisory,) = advisories(fixed={"a": ["1-1.el9"]}, ecosystem="AlmaLinux:9")
    assert advisory.affected == ()


def test_a_fix_of_bugs_is_no_vulnerability_unless_it_names_one() -> None:
    pages = [{"type": "REPORT", "url": "https://access.redhat.com/security/cve/CVE-2024-1002"}]
    said = advisories(fixed={"a": ["1-1"]}, id="ALBA-2024:1", related=[], references=pages)
    assert said == []
    (advisory,) = advisories(fixed={"a": ["1-1"]}, id="ALBA-2024:1")
    assert (advisory.id, advisory.aliases) == ("CVE-2024-1001", ("ALBA-2024:1",))


def test_an_erratum_of_security_names_cves_by_its_references_or_stands_for_itself() -> None:
    pages = [{"type": "REPORT", "url": "https://access.redhat.com/security/cve/CVE-2024-1002"}]
    (referred,) = advisories(fixed={"a": ["1-1"]}, related=[], references=pages)
    (unnamed,) = advisories(fixed={"a": ["1-1"]}, related=[])
    assert [referred.id, unnamed.id] == ["CVE-2024-1002", "ALSA-2024:1"]


def test_the_severity_is_the_word_before_the_title() -> None:
    (advisory,) = advisories(fixed={"a": ["1-1"]}, summary="Moderate: a security update")
    (without,) = advisories(fixed={"a": ["1-1"]}, summary="a: bug fix update")
    assert (advisory.severity, without.severity) == ("Moderate", "")
