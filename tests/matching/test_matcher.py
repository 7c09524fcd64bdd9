"""The rules of matching, each on an advisory of one or two lines."""

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.distro import Distro
from careen.model.finding import Finding, Verdict
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind
from careen.model.severity import Severity
from careen.model.vulnerability import Rating, Score

Make = Callable[..., Snapshot]

BOOKWORM = Distro("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", "etc/os-release")
DEBIAN = Ecosystem("Debian:12", "dpkg", ("Debian:bookworm",))
ALPINE = Ecosystem("Alpine:v3.18", "apk")
EDGE = Ecosystem("Alpine:edge", "apk")
PYPI = Ecosystem("PyPI", "pep440")

NETWORK_9_8 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
LOCAL_5_5 = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H"
NETWORK_V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"
NETWORK_V2 = "AV:N/AC:L/Au:N/C:C/I:C/A:C"
NO_IMPACT = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"


def deb(name: str, version: str, source: str = "", source_version: str = "") -> Package:
    return Package(name, version, "deb", "dpkg", "var/lib/dpkg/status", "", source, source_version, "amd64")


def apk(name: str, version: str, origin: str = "") -> Package:
    return Package(name, version, "apk", "apk", "lib/apk/db/installed", "", origin, version, "x86_64")


def python(name: str, version: str, path: str = "app/METADATA") -> Package:
    return Package(name, version, "pypi", "pip", path, "PyPI")


def debian(id_: str, package: str, *ranges: Range, severity: str = "") -> Advisory:
    return Advisory(id_, (Affected("Debian:12", package, ranges, by_source=True, severity=severity),))


def secdb(id_: str, package: str, fixed: str, ecosystem: str = "Alpine:v3.18") -> Advisory:
    return Advisory(id_, (Affected(ecosystem, package, (Range(fixed=fixed),), by_source=True),))


def pypi(id_: str, package: str, *ranges: Range, aliases: tuple[str, ...] = (), **more: object) -> Advisory:
    advisory = Advisory(id_, (Affected("PyPI", package, ranges),), aliases)
    return replace(advisory, **more)  # type: ignore[arg-type]  # any field of an advisory


def judge(snapshot: Snapshot, *packages: Package, distro: Distro | None = None) -> Verdict:
    return match(Inventory(distro, packages, ()), snapshot)


def only(verdict: Verdict) -> Finding:
    (finding,) = verdict.findings
    return finding


def kinds(verdict: Verdict) -> list[ProblemKind]:
    return [problem.kind for problem in verdict.problems]


# Versions and ranges


@pytest.mark.parametrize(
    ("ranges", "affected", "unaffected"),
    [
        ([Range(fixed="2.0")], ["0", "1.9", "2.0rc1"], ["2.0", "2.0.0", "3"]),
        ([Range("1.0", "2.0")], ["1.0", "1.9"], ["0.9", "1.0rc1", "2.0"]),
        ([Range("0", "2.0")], ["0", "0.dev0"], ["2.0"]),
        ([Range("1.0", last_affected="2.0")], ["1.0", "2.0", "2.0.0"], ["0.9", "2.0.post1", "2.0.1"]),
        ([Range("1.0")], ["1.0", "99", "1!0"], ["0.9"]),
        ([Range()], ["0.dev0", "1", "99!99"], []),
        ([Range("1.0", "1.5"), Range("2.0", "2.5")], ["1.0", "1.4", "2.0", "2.4"], ["1.5", "1.9", "2.5"]),
    ],
)
def test_a_range_holds_from_introduced_to_before_fixed_or_through_last_affected(
    snapshot_of: Make, ranges: list[Range], affected: list[str], unaffected: list[str]
) -> None:
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "flask", *ranges))
    assert all(judge(snapshot, python("flask", version)).findings for version in affected)
    assert not any(judge(snapshot, python("flask", version)).findings for version in unaffected)


def test_r8_fixed_in_0_means_never_affected(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        DEBIAN, ALPINE, debian("CVE-2024-1000", "curl", Range(fixed="0")), secdb("CVE-2", "curl", "0")
    )
    assert judge(snapshot, deb("curl", "0~beta-1"), distro=BOOKWORM).findings == ()
    assert judge(snapshot, apk("curl", "0_alpha"), distro=Distro("alpine", "3.18.4")).findings == ()


def test_r22_a_fix_that_is_not_in_the_archive_yet_is_no_fix_to_install(snapshot_of: Make) -> None:
    pending = Affected("Debian:12", "curl", (Range(fixed="7.88.1-11"),), by_source=True, status="pending")
    snapshot = snapshot_of(DEBIAN, Advisory("CVE-2024-1000", (pending,)))
    finding = only(judge(snapshot, deb("curl", "7.88.1-10"), distro=BOOKWORM))
    assert (finding.status, finding.fixed_by) == ("affected", "")
    assert "7.88.1-11" in str(finding.evidence)


def test_an_enumerated_version_is_affected_though_no_range_says_so(snapshot_of: Make) -> None:
    affected = Affected("PyPI", "flask", (Range("1.0", "1.2"),), versions=("0.5", "1.1", "2.0"))
    snapshot = snapshot_of(PYPI, Advisory("CVE-2024-1000", (affected,)))
    assert only(judge(snapshot, python("flask", "0.5"))).fixed_by == ""
    assert only(judge(snapshot, python("flask", "1.1"))).fixed_by == "1.2"
    assert only(judge(snapshot, python("flask", "2.0.0"))).fixed_by == ""
    assert judge(snapshot, python("flask", "0.6")).findings == ()


def test_the_fix_is_that_of_the_installed_branch(snapshot_of: Make) -> None:
    branches = (Range(fixed="2.2.28"), Range("3.0", "3.2.13"), Range("4.0", "4.0.4"))
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "django", *branches))
    fixes = [only(judge(snapshot, python("django", version))).fixed_by for version in ("2.2", "3.1", "4.0.3")]
    assert fixes == ["2.2.28", "3.2.13", "4.0.4"]


def test_an_epoch_counts_before_all_else(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, debian("CVE-2024-1000", "vim", Range(fixed="2:9.0.1378-2")))
    assert judge(snapshot, deb("vim", "9.9.9-1"), distro=BOOKWORM).findings
    assert not judge(snapshot, deb("vim", "2:9.0.1378-2"), distro=BOOKWORM).findings


# Source and binary packages


def test_a_rebuilt_binary_is_judged_by_its_source_version(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, debian("CVE-2024-1000", "util-linux", Range(fixed="2.38.1-5")))
    fixed = deb("bsdutils", "1:2.38.1-5+b1", "util-linux", "2.38.1-5")
    affected = deb("bsdutils", "1:2.38.1-4+b1", "util-linux", "2.38.1-4")
    assert judge(snapshot, fixed, distro=BOOKWORM).findings == ()
    assert only(judge(snapshot, affected, distro=BOOKWORM)).package.name == "bsdutils"


def test_every_binary_of_an_affected_origin_is_a_row(snapshot_of: Make) -> None:
    snapshot = snapshot_of(ALPINE, secdb("CVE-2023-5363", "openssl", "3.1.4-r0"))
    packages = [apk(name, "3.1.3-r0", "openssl") for name in ("libssl3", "libcrypto3", "openssl")]
    verdict = judge(snapshot, *packages, distro=Distro("alpine", "3.18.4"))
    assert [finding.package.name for finding in verdict.findings] == ["libcrypto3", "libssl3", "openssl"]
    assert {finding.type for finding in verdict.findings} == {"alpine"}


def test_a_binary_package_is_not_taken_for_the_source_of_its_name(snapshot_of: Make) -> None:
    by_name = Advisory("CVE-2024-1000", (Affected("Debian:12", "libssl3", (Range(),)),))
    snapshot = snapshot_of(DEBIAN, by_name, debian("CVE-2024-2000", "bash", Range()))
    verdict = judge(snapshot, deb("libssl3", "3.0.9-1", "openssl"), deb("bash", "1", "dash"), distro=BOOKWORM)
    assert [(finding.id, finding.package.name) for finding in verdict.findings] == [
        ("CVE-2024-1000", "libssl3")
    ]


def test_the_same_package_at_two_paths_is_two_rows(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "flask", Range()))
    verdict = judge(snapshot, python("flask", "1.0", "b/METADATA"), python("flask", "1.0", "a/METADATA"))
    assert [finding.package.path for finding in verdict.findings] == ["a/METADATA", "b/METADATA"]


def test_a_name_never_crosses_ecosystems(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, PYPI, debian("CVE-2024-1000", "requests", Range()))
    assert judge(snapshot, python("requests", "2.0")).findings == ()


def test_a_name_that_is_no_text_matches_nothing(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "flask", Range()))
    verdict = judge(snapshot, python("flask\udcff", "1.0"), python("flask", "1.0"))
    assert only(verdict).package.name == "flask"


# Names and aliases


def test_advisories_that_share_an_alias_are_one_finding_under_the_cve(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        PYPI,
        pypi("PYSEC-2021-76", "aiohttp", Range(fixed="3.7.5"), aliases=("CVE-2021-21330",)),
        pypi("GHSA-v6wp-4m6f-gcjg", "aiohttp", Range(fixed="3.7.4"), aliases=("CVE-2021-21330",)),
        pypi("OTHER-1", "aiohttp", Range(), aliases=("GHSA-v6wp-4m6f-gcjg",)),
        pypi("PYSEC-2021-77", "aiohttp", Range(), aliases=("CVE-2022-9999",)),
    )
    merged, other = sorted(judge(snapshot, python("aiohttp", "3.6.2")).findings, key=lambda each: each.id)
    assert merged.id == "CVE-2021-21330"
    assert merged.aliases == ("GHSA-v6wp-4m6f-gcjg", "OTHER-1", "PYSEC-2021-76")
    assert merged.fixed_by == "3.7.4"
    assert other.id == "CVE-2022-9999"


@pytest.mark.parametrize(
    ("id_", "aliases", "expected"),
    [
        ("PYSEC-1", (), "PYSEC-1"),
        ("PYSEC-1", ("GHSA-aaaa-bbbb-cccc",), "PYSEC-1"),
        ("GHSA-1", ("CVE-2023-10000", "CVE-2023-9999"), "CVE-2023-9999"),
        ("CVE-2024-1000", ("CVE-2019-99999",), "CVE-2024-1000"),
        ("TEMP-0290435-0B57B5", (), "TEMP-0290435-0B57B5"),
    ],
)
def test_its_own_cve_names_a_finding_or_the_oldest_or_else_the_advisory_itself(
    snapshot_of: Make, id_: str, aliases: tuple[str, ...], expected: str
) -> None:
    finding = only(
        judge(snapshot_of(PYPI, pypi(id_, "flask", Range(), aliases=aliases)), python("flask", "1"))
    )
    assert finding.id == expected
    assert {finding.id, *finding.aliases} == {id_, *aliases}


def test_a_withdrawn_advisory_matches_nothing(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "flask", Range(), withdrawn="2024-02-01T00:00:00Z"))
    assert judge(snapshot, python("flask", "1.0")).findings == ()
    assert [(feed.advisories, feed.withdrawn) for feed in snapshot.feeds()] == [(1, 1)]


def test_the_link_status_and_kind_come_from_the_advisory_and_the_package(snapshot_of: Make) -> None:
    affected = Affected("PyPI", "flask", (Range(),), status="will_not_fix")
    snapshot = snapshot_of(PYPI, Advisory("CVE-2024-1000", (affected,), link="https://osv.dev/CVE-2024-1000"))
    finding = only(judge(snapshot, python("flask", "1.0")))
    assert (finding.link, finding.status) == ("https://osv.dev/CVE-2024-1000", "will_not_fix")
    assert (finding.origin, finding.type) == ("lang", "python-pkg")


# Severities


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("unimportant", Severity.NEGLIGIBLE),
        ("low", Severity.LOW),
        ("medium", Severity.MEDIUM),
        ("high", Severity.HIGH),
        ("not yet assigned", Severity.CRITICAL),
        ("", Severity.CRITICAL),
    ],
)
def test_r20_the_vendors_word_goes_before_the_rating_of_nvd(
    snapshot_of: Make, word: str, expected: Severity
) -> None:
    rating = Rating("CVE-2024-1000", Score("NVD", NETWORK_9_8), Severity.CRITICAL)
    snapshot = snapshot_of(DEBIAN, rating, debian("CVE-2024-1000", "curl", Range(), severity=word))
    assert only(judge(snapshot, deb("curl", "1"), distro=BOOKWORM)).severity == expected


@pytest.mark.parametrize(
    ("vectors", "word", "expected"),
    [
        ([NETWORK_9_8], "", Severity.CRITICAL),
        ([LOCAL_5_5], "CRITICAL", Severity.MEDIUM),
        ([NETWORK_9_8, NETWORK_V4], "", Severity.MEDIUM),
        ([NETWORK_V2, LOCAL_5_5], "", Severity.MEDIUM),
        ([NETWORK_V2], "", Severity.CRITICAL),
        ([NO_IMPACT], "", Severity.NEGLIGIBLE),
        ([], "MODERATE", Severity.MEDIUM),
        (["CVSS:3.1/nonsense"], "LOW", Severity.LOW),
        ([], "", Severity.UNDEFINED),
    ],
)
def test_r20_an_advisorys_newest_cvss_goes_before_its_word(
    snapshot_of: Make, vectors: list[str], word: str, expected: Severity
) -> None:
    scores = tuple(Score("GHSA", vector) for vector in vectors)
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "flask", Range(), scores=scores, severity=word))
    assert only(judge(snapshot, python("flask", "1"))).severity == expected


def test_a_rating_counts_where_nothing_else_is_known_and_all_opinions_are_kept(snapshot_of: Make) -> None:
    rating = Rating("CVE-2024-1000", Score("NVD", NETWORK_9_8), Severity.CRITICAL)
    snapshot = snapshot_of(
        PYPI, rating, pypi("GHSA-1", "flask", Range(), aliases=("CVE-2024-1000",), severity="low")
    )
    finding = only(judge(snapshot, python("flask", "1")))
    assert finding.evidence["severities"] == [
        {
            "severity": "LOW",
            "source": "a-feed",
            "says": "low",
            "because": "the advisory's own word",
            "chosen": True,
        },
        {
            "severity": "CRITICAL",
            "source": "NVD",
            "says": NETWORK_9_8,
            "because": "a rating of the vulnerability",
            "chosen": False,
        },
    ]


# Evidence


def test_evidence_names_the_advisory_the_range_and_the_comparison(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, debian("CVE-2024-1000", "openssl", Range(fixed="3.0.11-1")))
    package = deb("libssl3", "3.0.9-1+b1", "openssl", "3.0.9-1")
    evidence = only(judge(snapshot, package, distro=BOOKWORM)).evidence
    (advisory,) = json.loads(json.dumps(evidence["advisories"]))
    assert advisory.pop("digest").startswith("sha256:")
    assert advisory == {
        "id": "CVE-2024-1000",
        "feed": "a-feed",
        "link": "",
        "modified": "",
        "ranges": [
            {
                "introduced": "",
                "fixed": "3.0.11-1",
                "last_affected": "",
                "status": "affected",
                "because": "3.0.9-1 is before 3.0.11-1, where it is fixed",
            }
        ],
    }
    assert evidence["compared"] == [
        {"by": "source package openssl", "installed": "3.0.9-1", "scheme": "dpkg", "ecosystem": "Debian:12"}
    ]


# What cannot be judged


def test_a_release_is_known_by_its_alias_and_gets_its_proper_name(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN, debian("CVE-2024-1000", "curl", Range()))
    verdict = judge(snapshot, deb("curl", "1"), distro=Distro("debian", codename="bookworm"))
    assert verdict.problems == ()
    assert only(verdict).package.ecosystem == "Debian:12"
    assert verdict.packages[0].ecosystem == "Debian:12"


def test_r8_a_release_newer_than_all_known_is_judged_by_edge_and_says_so(snapshot_of: Make) -> None:
    snapshot = snapshot_of(ALPINE, EDGE, secdb("CVE-2024-1000", "curl", "9", "Alpine:edge"))
    verdict = judge(snapshot, apk("curl", "8.0-r0"), distro=Distro("alpine", "3.99.0", path="etc/os-release"))
    assert kinds(verdict) == [ProblemKind.UNKNOWN_RELEASE]
    assert "Alpine:v3.99" in verdict.problems[0].message
    assert only(verdict).package.ecosystem == "Alpine:edge"


@pytest.mark.parametrize("distro", [Distro("alpine", "2.7.0"), Distro("debian", "99")])
def test_r15_a_release_without_advisories_is_a_fatal_problem(snapshot_of: Make, distro: Distro) -> None:
    verdict = judge(snapshot_of(DEBIAN, ALPINE, EDGE), deb("curl", "1"), distro=distro)
    assert kinds(verdict) == [ProblemKind.NO_FEED]
    assert distro.ecosystem in verdict.problems[0].message
    assert verdict.fatal


@pytest.mark.parametrize("distro", [None, Distro("plan9", "4")])
def test_r15_packages_of_an_unknown_distribution_are_a_fatal_problem(
    snapshot_of: Make, distro: Distro | None
) -> None:
    verdict = judge(snapshot_of(DEBIAN), deb("curl", "1"), distro=distro)
    assert kinds(verdict) == [ProblemKind.UNKNOWN_DISTRIBUTION]
    assert verdict.fatal


def test_an_unknown_distribution_that_squashing_named_is_not_named_twice(snapshot_of: Make) -> None:
    known = Problem(ProblemKind.UNKNOWN_DISTRIBUTION, "etc/os-release", "plan9 is not known")
    verdict = match(Inventory(None, (deb("curl", "1"),), (known,)), snapshot_of(DEBIAN))
    assert verdict.problems == (known,)


def test_what_a_judged_package_of_the_distribution_owns_is_the_distributions(snapshot_of: Make) -> None:
    snapshot = snapshot_of(
        DEBIAN,
        PYPI,
        debian("CVE-2024-1", "pyyaml", Range(fixed="6.0-4")),
        pypi("GHSA-1", "pyyaml", Range(fixed="6.1"), aliases=("CVE-2024-2",)),
    )
    module = replace(python("pyyaml", "6.0"), owner="python3-yaml")
    verdict = judge(snapshot, deb("python3-yaml", "6.0-3", "pyyaml", "6.0-3"), module, distro=BOOKWORM)
    assert only(verdict).id == "CVE-2024-1"
    assert module in verdict.packages


def test_what_nobody_judges_owns_nothing(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, pypi("GHSA-1", "pyyaml", Range(fixed="6.1")))
    module = replace(python("pyyaml", "6.0"), owner="python3-yaml")
    unknown = Distro("debian", "99")
    assert only(judge(snapshot, deb("python3-yaml", "6.0-3"), module, distro=unknown)).id == "GHSA-1"


def test_what_is_owned_lacks_no_feed_of_its_language(snapshot_of: Make) -> None:
    gem = replace(python("rack", "2.2"), ecosystem="RubyGems", owner="ruby-rack")
    verdict = judge(
        snapshot_of(DEBIAN),
        deb("ruby-rack", "2.2-1"),
        gem,
        distro=BOOKWORM,
    )
    assert not verdict.problems


def test_a_language_without_a_feed_is_named(snapshot_of: Make) -> None:
    verdict = judge(snapshot_of(DEBIAN), python("flask", "1"))
    assert kinds(verdict) == [ProblemKind.NO_FEED]
    assert "PyPI" in verdict.problems[0].message
    assert verdict.fatal


def test_a_language_without_a_feed_leaves_the_other_packages_judged(snapshot_of: Make) -> None:
    snapshot = snapshot_of(DEBIAN)
    packages = (deb("curl", "1"), python("flask", "1"))
    verdict = match(Inventory(Distro("debian", "12"), packages, ()), snapshot)
    assert kinds(verdict) == [ProblemKind.NO_LANGUAGE_FEED]
    assert "PyPI" in verdict.problems[0].message
    assert not verdict.fatal


def test_an_image_without_os_packages_needs_no_distribution(snapshot_of: Make) -> None:
    verdict = judge(snapshot_of(PYPI), python("flask", "1"), distro=Distro("debian", "99"))
    assert verdict.problems == ()


@pytest.mark.parametrize(
    ("end_of_life", "expected"),
    [("2026-11-21", [ProblemKind.END_OF_LIFE]), ("2026-11-22", []), ("2028-06-30", []), ("", [])],
)
def test_r15_the_day_after_its_end_of_life_a_release_says_so(
    snapshot_of: Make, end_of_life: str, expected: list[ProblemKind]
) -> None:
    ecosystem = Ecosystem("Debian:12", "dpkg", end_of_life=end_of_life)
    assert kinds(judge(snapshot_of(ecosystem), deb("curl", "1"), distro=BOOKWORM)) == expected


def test_an_installed_version_that_cannot_be_read_is_a_problem(snapshot_of: Make) -> None:
    snapshot = snapshot_of(PYPI, pypi("CVE-2024-1000", "flask", Range()))
    verdict = judge(snapshot, python("flask", "bulbasaur-1.0"), python("flask", ""))
    assert kinds(verdict) == [ProblemKind.INVALID_VERSION, ProblemKind.INVALID_VERSION]
    assert "flask" in verdict.problems[0].message
    assert verdict.problems[0].path == "app/METADATA"


def test_an_advisory_whose_range_cannot_be_read_is_a_problem_of_the_packages_that_it_names(
    snapshot_of: Make,
) -> None:
    readable = Affected("Alpine:v3.18", "curl", (Range(fixed="9.0-r0"),), by_source=True)
    unreadable = Affected("Alpine:v3.18", "cacti", (Range(fixed="1.2.31-0"),), by_source=True)
    snapshot = snapshot_of(ALPINE, Advisory("CVE-2024-1000", (readable, unreadable)))
    verdict = judge(
        snapshot, apk("cacti", "1.2.30-r0"), apk("curl", "8.0-r0"), distro=Distro("alpine", "3.18.0")
    )
    assert only(verdict).package.name == "curl"
    assert kinds(verdict) == [ProblemKind.INVALID_ADVISORY]
    assert "CVE-2024-1000" in verdict.problems[0].message
    assert "1.2.31-0" in verdict.problems[0].message
    assert [feed.problems for feed in snapshot.feeds()] == [1]


# Order


def test_the_verdict_does_not_depend_on_the_order_of_packages(snapshot_of: Make) -> None:
    vector = (Score("GHSA", NETWORK_9_8),)
    snapshot = snapshot_of(
        PYPI,
        pypi("CVE-2024-1000", "flask", Range()),
        pypi("CVE-2024-2000", "flask", Range(), scores=vector),
        pypi("CVE-2024-3000", "django", Range()),
    )
    packages = [
        python(name, version, path) for name in ("flask", "django") for version in "123" for path in "ab"
    ]
    verdicts = set()
    for seed in range(10):
        random.Random(seed).shuffle(packages)
        verdicts.add(repr(judge(snapshot, *packages, packages[0])))
    assert len(verdicts) == 1
    findings = judge(snapshot, *packages).findings
    assert len(findings) == 18
    order = [(f.severity, f.package.name, f.id, f.package.version, f.package.path) for f in findings]
    assert order == sorted(order)
    assert findings[0].id == "CVE-2024-2000"
