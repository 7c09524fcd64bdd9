"""What AlmaLinux' errata say of vulnerabilities, builds and modules."""

import io
import json
import zipfile

import pytest

from careen.feeds import osv
from careen.model.advisory import Advisory, Range

BUILD = "6.0.8-2.module_el8.{}"


def advisories(
    *,
    fixed: dict[str, list[str]],
    ecosystem: str = "AlmaLinux:8",
    feed: str = "",
    purl: str = "",
    **fields: object,
) -> list[Advisory]:
    ranges = [
        {
            "package": {"ecosystem": ecosystem, "name": name, "purl": purl},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}],
        }
        for name, versions in fixed.items()
        for version in versions
    ]
    erratum = {"id": "ALSA-2024:1", "affected": ranges, "related": ["CVE-2024-1001"]} | fields
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.json", json.dumps(erratum))
    said = list(osv.Feed(feed or ecosystem).parse(buffer, "https://upstream.example/all.zip"))
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
    (advisory,) = advisories(fixed={"a": ["1-1.el9"]}, ecosystem="AlmaLinux:9", feed="AlmaLinux:8")
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


def test_rocky_linux_names_sources_or_packages_and_an_epoch_of_zero() -> None:
    (advisory,) = advisories(fixed={"libssh": ["0:0.10.4-13.el9"]}, ecosystem="Rocky Linux:9")
    assert [(each.package, each.by_source, each.ranges) for each in advisory.affected] == [
        ("libssh", False, (Range(fixed="0.10.4-13.el9"),)),
        ("libssh", True, (Range(fixed="0.10.4-13.el9"),)),
    ]


@pytest.mark.parametrize(
    ("purl", "arches"),
    [
        ("pkg:rpm/rocky-linux/gnutls?arch=s390x&distro=rocky-linux-9&epoch=0", ("s390x",)),
        ("pkg:rpm/rocky-linux/gnutls?distro=rocky-linux-9&arch=noarch", ()),
        ("pkg:rpm/rocky-linux/gnutls?arch=src", ()),
        ("pkg:rpm/rocky-linux/gnutls?distro=rocky-linux-9&epoch=0", ()),
    ],
)
def test_r19_an_erratum_for_one_architecture_is_for_that_one_only(purl: str, arches: tuple[str, ...]) -> None:
    (advisory,) = advisories(fixed={"gnutls": ["3.7.6-18.el9"]}, ecosystem="Rocky Linux:9", purl=purl)
    assert {each.arches for each in advisory.affected} == {arches}


def test_builds_of_special_interest_groups_are_others() -> None:
    assert advisories(fixed={"kernel": ["5.14-1.el9"]}, ecosystem="Rocky Linux:9", id="RXSA-2024:1") == []
