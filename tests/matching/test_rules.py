"""Rules that scanners have broken, each under its number: what must come out of a small snapshot."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from careen.feeds import debian
from careen.matching import strangers
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Advisory, Affected, Ecosystem, Range, Repository
from careen.model.distro import Distro
from careen.model.finding import Verdict
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.model.problem import ProblemKind
from careen.model.severity import Counts
from careen.model.vulnerability import Exploited, Likelihood, Rejected

Make = Callable[..., Snapshot]

BOOKWORM = Distro("debian", "12")
RHEL = Distro("rhel", "9.4")
DEBIAN = Ecosystem("Debian:12", "dpkg")
RED_HAT = Ecosystem("Red Hat:enterprise_linux:9", "rpm")
GO = Ecosystem("Go", "golang")
PYPI = Ecosystem("PyPI", "pep440")
APPSTREAM = "cpe:/a:redhat:enterprise_linux:9::appstream"
EUS = "cpe:/a:redhat:rhel_eus:9.2::appstream"


def deb(name: str, version: str, source: str = "", vendor: str = "") -> Package:
    path = "var/lib/dpkg/status"
    return Package(name, version, "deb", "dpkg", path, "", source or name, version, "amd64", vendor=vendor)


def rpm(name: str, version: str, arch: str = "x86_64", vendor: str = "Red Hat, Inc.") -> Package:
    return Package(
        name, version, "rpm", "rpm", "var/lib/rpm/rpmdb.sqlite", "", name, version, arch, vendor=vendor
    )


def module(name: str, version: str, ecosystem: str = "PyPI") -> Package:
    return Package(name, version, ecosystem.lower(), "pip", f"app/{name}", ecosystem)


def says(id_: str, ecosystem: Ecosystem, package: str, fixed: str, *aliases: str, **more: object) -> Advisory:
    affected = Affected(ecosystem.name, package, (Range(fixed=fixed),))
    return Advisory(id_, (replace(affected, **more),), aliases)  # type: ignore[arg-type]  # any field


def judge(snapshot: Snapshot, *packages: Package, distro: Distro | None = None, **more: object) -> Verdict:
    inventory = replace(Inventory(distro, packages, ()), **more)  # type: ignore[arg-type]  # any field
    return match(inventory, snapshot)


def ids(verdict: Verdict) -> list[str]:
    return [finding.id for finding in verdict.findings]


def kinds(verdict: Verdict) -> set[ProblemKind]:
    return {problem.kind for problem in verdict.problems}


@pytest.mark.parametrize(
    ("name", "version", "vendor", "is_judged"),
    [
        ("nginx", "1.22.1-9", "Debian Nginx Maintainers <pkg-nginx@lists.debian.org>", True),
        ("nginx", "1.22.1-9", "Somebody <somebody@users.noreply.github.com>", True),
        ("nginx", "1.22.1-9", "", True),
        ("nginx", "1.22.1-1~bookworm", "NGINX Packaging <nginx-packaging@f5.com>", False),
        ("nginx", "1.22.1-9.pgdg120+1", "Debian PostgreSQL Maintainers", False),
        ("nginx", "1.22.1+0~20230902.53+debian12~1.gbp1", "Ondřej Surý <ondrej@debian.org>", False),
        ("nginx", "1.22.1-9+rpt1", "Raspberry Pi", False),
    ],
)
def test_r3_a_package_of_a_third_party_repository_is_said_and_not_matched(
    snapshot_of: Make, name: str, version: str, vendor: str, *, is_judged: bool
) -> None:
    snapshot = snapshot_of(DEBIAN, says("CVE-2024-1001", DEBIAN, name, "1.24", by_source=True))
    verdict = judge(snapshot, deb(name, version, vendor=vendor), distro=BOOKWORM)
    assert ids(verdict) == (["CVE-2024-1001"] if is_judged else [])
    assert (ProblemKind.THIRD_PARTY_PACKAGE in kinds(verdict)) is not is_judged


def test_r3_a_vendor_of_rpm_that_is_not_the_distribution_is_a_third_party(snapshot_of: Make) -> None:
    snapshot = snapshot_of(RED_HAT, says("CVE-2024-1001", RED_HAT, "htop", "4"))
    assert ids(judge(snapshot, rpm("htop", "3-1"), distro=RHEL)) == ["CVE-2024-1001"]
    foreign = judge(snapshot, rpm("htop", "3-1", vendor="Fedora Project"), distro=RHEL)
    assert not foreign.findings
    assert ProblemKind.THIRD_PARTY_PACKAGE in kinds(foreign)


def test_r3_what_a_third_party_owns_is_judged_by_its_language(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, GO, says("CVE-2024-1002", GO, "stdlib", "1.22"))
    docker = deb("docker-ce", "5:24.0-1", vendor="Docker <support@docker.com>")
    binary = replace(module("stdlib", "1.20", "Go"), owner="docker-ce")
    assert ids(judge(snapshot, docker, binary, distro=BOOKWORM)) == ["CVE-2024-1002"]


def test_r4_kernel_headers_have_no_vulnerabilities_of_the_kernel(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, says("CVE-2024-1001", DEBIAN, "linux", "6.2", by_source=True))
    headers, kernel = deb("linux-libc-dev", "6.1", "linux"), deb("linux-image-6.1", "6.1", "linux")
    verdict = judge(snapshot, headers, kernel, distro=BOOKWORM)
    assert [finding.package.name for finding in verdict.findings] == ["linux-image-6.1"]
    assert ProblemKind.KERNEL_HEADERS in kinds(verdict)
    everything = match(Inventory(BOOKWORM, (headers, kernel), ()), snapshot, kernel_headers=True)
    assert len(everything.findings) == 2


@pytest.mark.parametrize(
    ("name", "source", "is_aside"),
    [
        ("linux-libc-dev", "linux", True),
        ("linux-headers-6.1.0-18-amd64", "linux", True),
        ("linux-kbuild-6.1", "linux", True),
        ("linux-azure-5.15-headers-5.15.0-1041", "linux-azure-5.15", True),
        ("linux-headers", "linux-headers", True),
        ("kernel-headers", "kernel", True),
        ("kernel-uek-devel", "kernel-uek", True),
        ("kernel6.12-headers", "kernel6.12", True),
        ("kernel-default-devel", "kernel-default", True),
        ("linux-image-6.1.0-18-amd64", "linux", False),
        ("linux-perf", "linux", False),
        ("kernel-core", "kernel", False),
        ("linux-firmware", "linux-firmware", False),
        ("libatm1-dev", "linux-atm", False),
        ("unixodbc-headers", "unixodbc", False),
    ],
)
def test_r4_headers_are_known_by_their_name_and_their_source(
    name: str, source: str, *, is_aside: bool
) -> None:
    assert strangers.is_kernel_headers(deb(name, "6.1", source)) is is_aside


def test_r6_twins_are_one_finding_and_a_record_that_clears_the_package_takes_them_along(
    snapshot_of: Make,
) -> None:
    twins = [
        says("GHSA-1", PYPI, "yaml", "6", "CVE-2024-1001"),
        says("PYSEC-1", PYPI, "yaml", "6", "CVE-2024-1001", "GHSA-1"),
    ]
    assert ids(judge(snapshot_of(PYPI, *twins), module("yaml", "5"))) == ["CVE-2024-1001"]
    cleared = says("CVE-2024-1001", PYPI, "yaml", "5.5", status="not_affected")
    assert ids(judge(snapshot_of(PYPI, *twins, cleared), module("yaml", "5"))) == []
    assert ids(judge(snapshot_of(PYPI, *twins, cleared), module("yaml", "5.6"))) == ["CVE-2024-1001"]


def test_r18_a_name_never_crosses_ecosystems(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, GO, says("CVE-2024-1001", PYPI, "git", "9"))
    assert ids(judge(snapshot, module("git", "1", "Go"))) == []


@pytest.mark.parametrize(
    ("arch", "is_hit"), [("x86_64", True), ("aarch64", False), ("noarch", True), ("", True)]
)
def test_r19_an_advisory_for_other_architectures_does_not_apply(
    snapshot_of: Make, arch: str, *, is_hit: bool
) -> None:
    advisory = says("CVE-2023-0361", RED_HAT, "gnutls", "3.8", arches=("x86_64", "ppc64le"))
    verdict = judge(snapshot_of(RED_HAT, advisory), rpm("gnutls", "3.7", arch), distro=RHEL)
    assert bool(verdict.findings) is is_hit


@pytest.mark.parametrize(
    ("installed", "source", "is_hit"),
    [
        ("1:11.0.12-1", "11.0.12-1", True),
        ("1:11.0.13-1", "11.0.13-1", False),
        ("11.0.13-1", "", False),
        ("1.28-1", "11.0.12-1", True),
    ],
)
def test_r12_what_is_said_of_a_source_package_is_compared_without_epochs(
    snapshot_of: Make, installed: str, source: str, *, is_hit: bool
) -> None:
    advisory = says("CVE-2024-1001", RED_HAT, "java", "1:11.0.13-1", by_source=True)
    package = replace(rpm("java-headless", installed), source="java", source_version=source)
    found = judge(snapshot_of(RED_HAT, advisory), package, distro=RHEL).findings
    assert [finding.fixed_by for finding in found] == ["1:11.0.13-1"] * is_hit


def test_r12_what_is_said_of_a_package_is_compared_with_its_epoch(snapshot_of: Make) -> None:
    snapshot = snapshot_of(RED_HAT, says("CVE-2024-1001", RED_HAT, "java", "1:11.0.13-1"))
    assert ids(judge(snapshot, rpm("java", "1:11.0.13-1"), distro=RHEL)) == []
    assert ids(judge(snapshot, rpm("java", "11.0.13-1"), distro=RHEL)) == ["CVE-2024-1001"]


def test_r21_a_fix_that_needs_a_subscription_says_so(snapshot_of: Make) -> None:
    remark = "the fix needs Ubuntu Pro (esm-infra)"
    snapshot = snapshot_of(DEBIAN, says("CVE-2024-1001", DEBIAN, "bash", "5.2", remark=remark))
    (finding,) = judge(snapshot, deb("bash", "5.1"), distro=BOOKWORM).findings
    assert (finding.fixed_by, finding.evidence["remarks"]) == ("5.2", [remark])


def streams() -> list[Advisory]:
    """One flaw, fixed in the main stream and earlier in the extended support of 9.2."""
    main = Affected(RED_HAT.name, "curl", (Range(fixed="8-5"),), repositories=(APPSTREAM,))
    extended = Affected(RED_HAT.name, "curl", (Range(fixed="8-3"),), repositories=(EUS,))
    return [Advisory("CVE-2024-1001", (main, extended))]


@pytest.mark.parametrize(
    ("repositories", "version", "fixed_by"),
    [
        (("rhel-9-appstream",), "8-2", "8-5"),
        (("rhel-9-appstream",), "8-4", "8-5"),
        (("rhel-9.2-eus",), "8-2", "8-3"),
        (("rhel-9.2-eus",), "8-4", None),
        (("something-else",), "8-4", "8-5"),
        ((), "8-2", "8-5"),
    ],
)
def test_r27_and_r28_the_repositories_of_the_image_decide_which_stream_counts(
    snapshot_of: Make, repositories: tuple[str, ...], version: str, fixed_by: str | None
) -> None:
    known = [Repository("rhel-9-appstream", (APPSTREAM,)), Repository("rhel-9.2-eus", (EUS,))]
    snapshot = snapshot_of(RED_HAT, *known, *streams())
    verdict = judge(snapshot, rpm("curl", version), distro=RHEL, repositories=repositories)
    assert [finding.fixed_by for finding in verdict.findings] == ([] if fixed_by is None else [fixed_by])
    assumed = any("remarks" in finding.evidence for finding in verdict.findings)
    assert assumed is (repositories in ((), ("something-else",)))


def test_r27_a_product_named_as_a_whole_is_in_all_its_repositories(snapshot_of: Make) -> None:
    whole = says("CVE-2024-1001", RED_HAT, "curl", "", repositories=("cpe:/a:redhat:enterprise_linux:9",))
    verdict = judge(snapshot_of(RED_HAT, whole), rpm("curl", "8-4"), distro=RHEL, cpes=(APPSTREAM,))
    assert ids(verdict) == ["CVE-2024-1001"]
    older = says("CVE-2024-1002", RED_HAT, "curl", "", repositories=("cpe:/a:redhat:enterprise_linux:8",))
    verdict = judge(snapshot_of(RED_HAT, older), rpm("curl", "8-4"), distro=RHEL, cpes=(APPSTREAM,))
    assert ids(verdict) == []


@pytest.mark.parametrize(
    ("named", "repository", "is_hit"),
    [
        ("cpe:/o:redhat:enterprise_linux:9", "cpe:/o:redhat:enterprise_linux:9::baseos", True),
        ("cpe:/o:redhat:enterprise_linux:9", "cpe:/a:redhat:enterprise_linux:9::appstream", True),
        ("cpe:/a:redhat:enterprise_linux:9::appstream", "cpe:/a:redhat:enterprise_linux:9::appstream", True),
        ("cpe:/a:redhat:enterprise_linux:9::appstream", "cpe:/a:redhat:enterprise_linux:9::crb", False),
        ("cpe:/o:redhat:enterprise_linux:9::baseos", "cpe:/o:redhat:enterprise_linux:9", True),
        ("cpe:/o:redhat:enterprise_linux:10", "cpe:/o:redhat:enterprise_linux:10.1", True),
        ("cpe:/o:redhat:enterprise_linux:10.0", "cpe:/o:redhat:enterprise_linux:10.1", False),
        ("cpe:/o:redhat:enterprise_linux:1", "cpe:/o:redhat:enterprise_linux:10", False),
        ("cpe:/o:redhat:rhel_*:9", "cpe:/a:redhat:rhel_eus:9.2::appstream", True),
        ("cpe:/o:redhat:rhel_*:8", "cpe:/a:redhat:rhel_eus:9.2::appstream", False),
        ("cpe:/o:redhat:rhel_*:9", "cpe:/a:redhat:enterprise_linux:9::appstream", False),
        ("cpe:/a:redhat:openshift:4", "cpe:/a:redhat:openshift:4.13::el8", True),
        ("cpe:/a:redhat:openshift:4.1::el8", "cpe:/a:redhat:openshift:4.13::el8", False),
        ("cpe:/a:redhat:openshift:4.%02::el8", "cpe:/a:redhat:openshift:4.13::el8", True),
        ("cpe:/a:redhat:openshift:4.%02::el8", "cpe:/a:redhat:openshift:5.1::el8", False),
        ("cpe:/a:redhat:openshift:4.13::el9", "cpe:/a:redhat:openshift:4.13::el8", False),
        ("cpe:/a:redhat:openshift:4", "cpe:/a:redhat:enterprise_linux:9::appstream", False),
        ("cpe:/a:redhat:enterprise_linux:9::appstream", "cpe:/a:redhat:openshift:4.13::el9", True),
        (EUS, "cpe:/a:redhat:openshift:4.13::el9", False),
        ("", "cpe:/a:redhat:enterprise_linux:9::appstream", False),
    ],
)
def test_r27_a_repository_belongs_to_what_its_cpe_says(
    snapshot_of: Make, named: str, repository: str, *, is_hit: bool
) -> None:
    snapshot = snapshot_of(RED_HAT, says("CVE-2024-1001", RED_HAT, "curl", "9", repositories=(named,)))
    verdict = judge(snapshot, rpm("curl", "8-4"), distro=RHEL, cpes=(repository,))
    assert bool(verdict.findings) is is_hit


@pytest.mark.parametrize(
    ("named", "is_hit"),
    [
        ("cpe:/o:redhat:enterprise_linux:9", True),
        ("cpe:/a:redhat:enterprise_linux:9::crb", True),
        ("cpe:/o:redhat:enterprise_linux:9.4", True),
        ("cpe:/o:redhat:enterprise_linux:90", False),
        (EUS, False),
        ("cpe:/a:redhat:openshift:4.13::el9", False),
    ],
)
def test_r27_without_repositories_those_of_the_release_count_with_low_confidence(
    snapshot_of: Make, named: str, *, is_hit: bool
) -> None:
    snapshot = snapshot_of(RED_HAT, says("CVE-2024-1001", RED_HAT, "curl", "9", repositories=(named,)))
    found = judge(snapshot, rpm("curl", "8-4"), distro=RHEL).findings
    assert [finding.evidence["confidence"] for finding in found] == ["low"] * is_hit


def test_r28_ids_that_stand_for_all_extended_streams_mean_that_of_the_images_minor_release(
    snapshot_of: Make,
) -> None:
    nine_four = EUS.replace("9.2", "9.4")
    later = Affected(RED_HAT.name, "curl", (Range(fixed="8-9"),), repositories=(nine_four,))
    known = Repository("rhel-9-eus", (EUS, nine_four, EUS.replace("9.2", "9.6")))
    snapshot = snapshot_of(RED_HAT, known, Advisory("CVE-2024-1002", (later,)), *streams())
    of_minor = {
        minor: ids(
            judge(snapshot, rpm("curl", "8-2"), distro=Distro("rhel", minor), repositories=(known.id,))
        )
        for minor in ("9.2", "9.4", "9.7")
    }
    assert of_minor == {
        "9.2": ["CVE-2024-1001"],
        "9.4": ["CVE-2024-1002"],
        "9.7": ["CVE-2024-1001", "CVE-2024-1002"],
    }


def test_r10_a_rebuild_is_judged_by_the_others_advisories_and_has_its_own_end(snapshot_of: Make) -> None:
    rebuild = Ecosystem("CentOS:9", "rpm", end_of_life="2021-12-31", judged_by=RED_HAT.name)
    snapshot = snapshot_of(RED_HAT, rebuild, says("CVE-2024-1001", RED_HAT, "curl", "8-5"))
    verdict = judge(snapshot, rpm("curl", "8-4"), distro=Distro("centos", "9", name="CentOS Linux 9"))
    assert (ids(verdict), kinds(verdict)) == (["CVE-2024-1001"], {ProblemKind.END_OF_LIFE})
    (problem,) = verdict.problems
    assert problem.message == "upstream has published no advisories for CentOS:9 since 2021-12-31"
    ahead = judge(snapshot, rpm("curl", "8-4"), distro=Distro("centos", "9", name="CentOS Stream 9"))
    assert (ids(ahead), kinds(ahead)) == ([], {ProblemKind.NO_FEED})


def test_r26_an_id_that_was_rejected_names_no_vulnerability(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        PYPI,
        says("CVE-2024-1001", PYPI, "yaml", "6"),
        says("GHSA-1", PYPI, "yaml", "6", "CVE-2024-1001"),
        says("GHSA-2", PYPI, "yaml", "6", "CVE-2024-1001", "CVE-2024-1002"),
        says("GHSA-3", PYPI, "toml", "6", "CVE-2024-1001"),
        Rejected("CVE-2024-1001", "NVD"),
    )
    assert judge(snapshot, module("toml", "5")).findings == ()
    # One of the ids is still in force.
    assert [each.id for each in judge(snapshot, module("yaml", "5")).findings] == ["CVE-2024-1001"]


def test_r28_the_fix_is_a_version_that_every_twin_accepts(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        PYPI,
        says("GHSA-1", PYPI, "yaml", "5.1", "CVE-2024-1001"),
        says("PYSEC-1", PYPI, "yaml", "5.4", "CVE-2024-1001"),
    )
    (finding,) = judge(snapshot, module("yaml", "5.0")).findings
    assert finding.fixed_by == "5.4"


def test_what_is_exploited_and_how_likely_that_is_stands_beside_the_proof(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        PYPI,
        says("GHSA-1", PYPI, "yaml", "6", "CVE-2024-1001"),
        Exploited("CVE-2024-1001", "CISA KEV", "2024-02-01", ransomware=True),
        Likelihood("CVE-2024-1001", 0.5, 0.97, "2026-08-16"),
        Likelihood("CVE-2024-1009", 0.5, 0.97, "2026-08-16"),
    )
    (finding,) = judge(snapshot, module("yaml", "5")).findings
    assert finding.evidence["exploited"] == [
        {"id": "CVE-2024-1001", "source": "CISA KEV", "since": "2024-02-01", "ransomware": True}
    ]
    assert finding.evidence["likelihood"] == {
        "id": "CVE-2024-1001",
        "probability": 0.5,
        "percentile": 0.97,
        "day": "2026-08-16",
    }
    assert not snapshot.facts({"CVE-2024-1009"})["CVE-2024-1009"].likelihood


@pytest.mark.parametrize(
    ("version", "source_version", "is_hit"),
    [
        ("1:2.38.1-5+b1", "2.38.1-5", True),
        ("1:2.38.1-6+b1", "2.38.1-6", False),  # equal to the fix of the source
        ("2.38.1-6+b1", "", False),  # a rebuild of the fix itself
        ("2.38.1-5+b1", "", True),
    ],
)
def test_r11_the_version_of_the_source_is_compared_and_not_that_of_a_rebuild(
    snapshot_of: Make, version: str, source_version: str, *, is_hit: bool
) -> None:
    snapshot = snapshot_of(DEBIAN, says("CVE-2024-1001", DEBIAN, "util-linux", "2.38.1-6", by_source=True))
    package = replace(deb("bsdutils", version, "util-linux"), source_version=source_version or version)
    assert bool(judge(snapshot, package, distro=BOOKWORM).findings) is is_hit


@pytest.mark.parametrize(
    ("source", "kernel"),
    [
        ("linux-signed-amd64", "linux"),
        ("linux-signed-6.1-arm64", "linux-6.1"),
        ("linux-signed", "linux"),
        ("linux-signed-hwe-5.15", "linux-hwe-5.15"),
        ("linux-signed-gcp-6.8", "linux-gcp-6.8"),
    ],
)
def test_r11_a_signed_kernel_is_the_kernel_that_was_signed(
    snapshot_of: Make, source: str, kernel: str
) -> None:
    snapshot = snapshot_of(DEBIAN, says("CVE-2024-1001", DEBIAN, kernel, "6.1.115-2", by_source=True))
    image = replace(deb("linux-image-6.1.0-27-amd64", "6.1.115-1", source), source_version="6.1.115+1")
    (finding,) = judge(snapshot, image, distro=BOOKWORM).findings
    assert finding.evidence["compared"][0]["by"] == f"source package {kernel}"  # type: ignore[index]
    mended = replace(image, version="6.1.115-2", source_version="6.1.115+2")
    assert judge(snapshot, mended, distro=BOOKWORM).findings == ()


@pytest.mark.parametrize(
    ("fixed", "installed", "source_version", "by_source", "is_hit"),
    [
        ("1:3.0-2", "1:3.0-1", "3.0-1", True, True),
        ("1:3.0-2", "0:3.0-3", "3.0-3", True, False),  # perl-Errno: its own epoch is not the source's
        ("3.0-2", "4:3.0-1", "3.0-1", True, True),
        ("1:3.0-2", "3.0-3", "3.0-3", False, True),  # an absent epoch is 0
        ("0:3.0-2", "3.0-2", "3.0-2", False, False),
    ],
)
def test_r12_a_missing_epoch_is_0_but_for_a_source_rpm(
    snapshot_of: Make, fixed: str, installed: str, source_version: str, *, by_source: bool, is_hit: bool
) -> None:
    ecosystem = Ecosystem("Red Hat:enterprise_linux:9", "rpm")
    snapshot = snapshot_of(ecosystem, says("CVE-2024-1001", ecosystem, "perl", fixed, by_source=by_source))
    package = replace(rpm("perl", installed), source_version=source_version)
    assert bool(judge(snapshot, package, distro=RHEL).findings) is is_hit


def test_r20_the_six_counts_are_as_many_as_the_findings(snapshot_of: Make) -> None:
    words = ("critical", "high", "medium", "low", "unimportant", "", "not yet assigned")
    snapshot = snapshot_of(
        DEBIAN,
        *(
            says(f"CVE-2024-100{place}", DEBIAN, "curl", "9", severity=word, by_source=True)
            for place, word in enumerate(words)
        ),
    )
    verdict = judge(snapshot, deb("curl", "8"), deb("libcurl4", "8", "curl"), distro=BOOKWORM)
    assert verdict.counts == Counts(2, 2, 2, 2, 2, 4)
    assert len(verdict.findings) == 14


def test_r22_what_nobody_has_determined_is_no_finding_and_what_was_removed_is_one(snapshot_of: Make) -> None:
    releases = {"bookworm": {"status": "undetermined", "urgency": "unimportant", "repositories": {}}}
    removed = {"bookworm": {"status": "open", "urgency": "not yet assigned", "repositories": {}}}
    document = {"curl": {"CVE-2024-1001": {"releases": releases}, "CVE-2024-1002": {"releases": removed}}}
    said = debian.parse(io.BytesIO(json.dumps(document).encode()), "data/json")
    assert ids(judge(snapshot_of(*said), deb("curl", "8"), distro=BOOKWORM)) == ["CVE-2024-1002"]


def test_a_finding_that_has_a_fix_is_fixed_and_else_what_its_vendor_says(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        DEBIAN,
        says("CVE-2024-1001", DEBIAN, "curl", "9"),
        says("CVE-2024-1002", DEBIAN, "curl", ""),
        says("CVE-2024-1003", DEBIAN, "curl", "", status="will_not_fix"),
        says("CVE-2024-1004", DEBIAN, "curl", "9", status="pending"),
    )
    verdict = judge(snapshot, deb("curl", "8"), distro=BOOKWORM)
    assert [finding.status for finding in verdict.findings] == [
        "fixed",
        "affected",
        "will_not_fix",
        "affected",
    ]
    assert [finding.fixed_by for finding in verdict.findings] == ["9", "", "", ""]


@pytest.mark.parametrize("id_", ["CVE-2024-1001", "GHSA-1"])
def test_r26_a_withdrawn_record_takes_no_twin_along_but_a_rejected_id_does(
    snapshot_of: Make, id_: str
) -> None:
    """OSV withdraws mostly duplicates, whose twins stay in force."""
    live = says("PYSEC-1", PYPI, "yaml", "6", "CVE-2024-1001", "GHSA-1")
    withdrawn = replace(says(id_, PYPI, "yaml", "6"), withdrawn="2024-02-01T00:00:00Z")
    assert ids(judge(snapshot_of(PYPI, live, withdrawn), module("yaml", "5"))) == ["CVE-2024-1001"]
    assert not judge(snapshot_of(PYPI, live, Rejected("CVE-2024-1001", "NVD")), module("yaml", "5")).findings


def test_r6_a_fix_that_a_twin_calls_affected_is_not_taken_even_through_a_bad_merge(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        PYPI,
        says("GHSA-1", PYPI, "yaml", "5.1", "CVE-2024-1001", "X-1"),
        says("GHSA-2", PYPI, "yaml", "5.4", "CVE-2024-1002"),
        says("X-1", PYPI, "yaml", "5.2", "CVE-2024-1001", "CVE-2024-1002"),
    )
    first, second = judge(snapshot, module("yaml", "5.0")).findings
    assert (first.id, first.fixed_by) == ("CVE-2024-1001", "5.2")
    assert (second.id, second.fixed_by) == ("CVE-2024-1002", "5.4")
    (left,) = judge(snapshot, module("yaml", "5.3")).findings
    assert (left.id, left.fixed_by) == ("CVE-2024-1002", "5.4")


@pytest.mark.parametrize(
    ("installed", "expected"),
    [("1.0.5", ["1.0.7"]), ("1.1.2", ["1.1.9"]), ("1.0.7", []), ("1.1.9", []), ("2.0", [])],
)
def test_r28_the_fix_is_of_the_same_branch(snapshot_of: Make, installed: str, expected: list[str]) -> None:
    branches = (Range("", "1.0.7"), Range("1.1", "1.1.9"))
    snapshot = snapshot_of(GO, Advisory("GO-1", (Affected(GO.name, "x.org/m", branches),)))
    verdict = judge(snapshot, module("x.org/m", installed, "Go"))
    assert [finding.fixed_by for finding in verdict.findings] == expected


@pytest.mark.parametrize(
    ("affected", "is_hit"),
    [
        (Range(fixed="2.0.0"), False),
        (Range(last_affected="2.0.0"), True),
        (Range(last_affected="2.0.0+cpu"), False),
        (Range(last_affected="1.9"), False),
        (Range(fixed="2.0.1"), True),
        (Range("2.0.0"), True),
    ],
)
def test_a_local_version_is_a_build_of_its_public_one(
    snapshot_of: Make, affected: Range, *, is_hit: bool
) -> None:
    """PEP 440: 2.0.0+cu118 is above 2.0.0 and not before a fix in it, but `<=2.0.0` and `==2.0.0` hold."""
    snapshot = snapshot_of(PYPI, Advisory("PYSEC-1", (Affected(PYPI.name, "torch", (affected,)),)))
    assert bool(judge(snapshot, module("torch", "2.0.0+cu118")).findings) is is_hit


@pytest.mark.parametrize(("listed", "is_hit"), [("2.0.0", True), ("2.0.0+cu118", True), ("2.0.0+cpu", False)])
def test_a_listed_version_stands_for_its_local_versions(
    snapshot_of: Make, listed: str, *, is_hit: bool
) -> None:
    snapshot = snapshot_of(PYPI, Advisory("PYSEC-1", (Affected(PYPI.name, "torch", versions=(listed,)),)))
    assert bool(judge(snapshot, module("torch", "2.0.0+cu118")).findings) is is_hit
