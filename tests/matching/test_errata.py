"""Errata of rpm distributions: many vulnerabilities in one update, and builds that belong to a module."""

from collections.abc import Callable

from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.distro import Distro
from careen.model.finding import Finding
from careen.model.inventory import Inventory
from careen.model.package import Package, modular
from careen.model.severity import Severity

Make = Callable[..., Snapshot]

ALMALINUX = Ecosystem("AlmaLinux:9", "rpm")
DISTRO = Distro("almalinux", "9.4", path="etc/os-release")


def rpm(name: str, version: str, module: str = "") -> Package:
    path = "var/lib/rpm/rpmdb.sqlite"
    return Package(name, version, "rpm", "rpm", path, source=name, arch="x86_64", module=module)


def fixed(cve: str, erratum: str, package: str, version: str) -> Advisory:
    affected = Affected("AlmaLinux:9", package, (Range(fixed=version),))
    return Advisory(cve, (affected,), (erratum,), severity="Important")


def judge(snapshot: Snapshot, *packages: Package) -> tuple[Finding, ...]:
    verdict = match(Inventory(DISTRO, packages, ()), snapshot)
    assert verdict.problems == ()
    return verdict.findings


def test_an_erratum_for_two_vulnerabilities_makes_two_findings(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        ALMALINUX,
        fixed("CVE-2024-1001", "ALSA-2024:1", "curl", "7.76.1-29.el9_4"),
        fixed("CVE-2024-1002", "ALSA-2024:1", "curl", "7.76.1-29.el9_4"),
    )
    findings = judge(snapshot, rpm("curl", "7.76.1-26.el9"))
    assert [(each.id, each.aliases) for each in findings] == [
        ("CVE-2024-1001", ("ALSA-2024:1",)),
        ("CVE-2024-1002", ("ALSA-2024:1",)),
    ]
    assert {(each.fixed_by, each.severity, each.type) for each in findings} == {
        ("7.76.1-29.el9_4", Severity.HIGH, "almalinux")
    }
    assert judge(snapshot, rpm("curl", "7.76.1-29.el9_4")) == ()


def test_two_errata_for_one_vulnerability_make_one_finding(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        ALMALINUX,
        fixed("CVE-2024-1001", "ALSA-2024:1", "curl", "7.76.1-29.el9_4"),
        fixed("CVE-2024-1001", "ALSA-2024:2", "curl", "7.76.1-31.el9_4"),
    )
    (finding,) = judge(snapshot, rpm("curl", "7.76.1-26.el9"))
    assert finding.aliases == ("ALSA-2024:1", "ALSA-2024:2")


def test_an_epoch_counts(snapshot_of: Make) -> None:
    snapshot = snapshot_of(ALMALINUX, fixed("CVE-2024-1001", "ALSA-2024:1", "bind", "32:9.16.23-18.el9"))
    assert judge(snapshot, rpm("bind", "32:9.16.23-14.el9"))
    assert not judge(snapshot, rpm("bind", "33:9.11.0-1.el9"))


def test_r9_a_module_is_judged_by_advisories_for_its_own_stream(snapshot_of: Make) -> None:
    in_16, in_18 = "1:16.20.2-2.module_el9.2.0+32+f3c125b5", "1:18.18.2-2.module_el9.2.0+36+853e48f5"
    snapshot = snapshot_of(
        ALMALINUX,
        fixed("CVE-2024-1016", "ALSA-2024:16", "nodejs", in_16),
        fixed("CVE-2024-1018", "ALSA-2024:18", modular("nodejs", "nodejs:18"), in_18),
        fixed("CVE-2024-1020", "ALSA-2024:20", modular("nodejs"), "1:18.18.2-9.el9"),
    )
    installed = "1:18.12.1-1.module_el9.1.0+16+91bc168f"
    assert [each.id for each in judge(snapshot, rpm("nodejs", installed, "nodejs:18"))] == [
        "CVE-2024-1018",
        "CVE-2024-1020",
    ]
    assert [each.id for each in judge(snapshot, rpm("nodejs", installed, "nodejs:20"))] == ["CVE-2024-1020"]
    assert [each.id for each in judge(snapshot, rpm("nodejs", "1:16.14.0-1.el9"))] == ["CVE-2024-1016"]
