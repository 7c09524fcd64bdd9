"""What Ubuntu's records say of a release, and what its VEX statements clear or qualify."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping

import pytest

from careen.feeds import ubuntu
from careen.feeds.document import InvalidDocument
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem

CVE = "CVE-2024-0001"
JAMMY = "Ubuntu:22.04:LTS"
PRO = "Ubuntu:Pro:22.04:LTS"
NOT_FIXING = (
    "This package (for the given release) is vulnerable to the CVE, the problem is understood, but the "
    "Ubuntu Security Team decided to not fix it. CVE Notes / justification: upstream is no longer supported"
)
NEEDED = "This package (for the given release) is vulnerable to the CVE and needs fixing."
ENDED = "This package (for the given release) is no longer supported. Please upgrade your system."

Entry = Mapping[str, object]


def packed(documents: Mapping[str, object]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        for name, document in documents.items():
            data = json.dumps(document).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def entry(ecosystem: str = JAMMY, *, fixed: str = "", pocket: str = "", **told: str) -> Entry:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    purl = f"pkg:deb/ubuntu/curl@7.81.0?arch=source&distro={pocket or 'jammy'}"
    return {
        "package": {"ecosystem": ecosystem, "name": "curl", "purl": purl},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
        "ecosystem_specific": told,
    }


def paid(*, fixed: str = "") -> Entry:
    return entry(PRO, fixed=fixed, pocket="esm-infra/jammy")


def records(affected: Iterable[Entry], **fields: object) -> list[object]:
    osv = {"id": f"UBUNTU-{CVE}", "affected": list(affected), **fields}
    return list(ubuntu.parse(packed({"osv/cve/2024/x.json": osv}), ubuntu.OSV))


def advisory(*affected: Entry, **fields: object) -> Advisory:
    (found,) = (each for each in records(affected, **fields) if isinstance(each, Advisory))
    return found


def states(*affected: Entry) -> list[tuple[str, str, str]]:
    """Status, fixed version and remark of each."""
    found = advisory(*affected).affected
    assert {each.ecosystem for each in found} <= {JAMMY}
    assert all(each.by_source and len(each.ranges) == 1 for each in found)
    return [(each.status, each.ranges[0].fixed, each.remark) for each in found]


@pytest.mark.parametrize(
    ("status", "note", "expected"),
    [
        ("", "", ("affected", "", "")),
        ("needed", "", ("affected", "", "")),
        ("needs-triage", "", ("under_investigation", "", "")),
        ("deferred", "2024-02-02", ("deferred", "", "")),
        ("pending", "7.81.0-1ubuntu1.9", ("pending", "7.81.0-1ubuntu1.9", "")),
        ("pending", "", ("affected", "", "")),
        ("ignored", "", ("will_not_fix", "", "")),
        ("ignored", "superseded by linux-aws-5.4", ("will_not_fix", "", "")),
        ("ignored", "end of standard support, was needed", ("end_of_life", "", "")),
        ("ignored", "out of standard support", ("end_of_life", "", "")),
    ],
)
def test_r33_a_state_of_the_tracker_is_a_status(
    status: str, note: str, expected: tuple[str, str, str]
) -> None:
    assert states(entry(status=status, status_note=note)) == [expected]


def test_what_is_released_is_fixed_in_that_version() -> None:
    assert states(entry(fixed="7.81.0-1ubuntu1.2", status="released")) == [
        ("affected", "7.81.0-1ubuntu1.2", "")
    ]


NEEDS_PRO = "the fix needs Ubuntu Pro (esm-infra)"
FOR_PRO = "followed for Ubuntu Pro only (esm-infra)"


@pytest.mark.parametrize(
    ("own", "pro", "expected"),
    [
        (entry(), paid(fixed="1+esm1"), ("affected", "1+esm1", NEEDS_PRO)),
        (None, paid(fixed="1+esm1"), ("affected", "1+esm1", NEEDS_PRO)),
        (entry(fixed="1.2"), paid(fixed="1+esm1"), ("affected", "1.2", "")),
        (entry(fixed="1.2"), paid(), ("affected", "1.2", "")),
        (entry(status="needed"), paid(), ("affected", "", "")),
        (None, paid(), ("affected", "", FOR_PRO)),
    ],
    ids=["unfixed", "absent", "both-fixed", "fixed", "neither-fixed", "absent-and-unfixed"],
)
def test_r21_a_fix_that_only_ubuntu_pro_has_is_named_with_a_remark(
    own: Entry | None, pro: Entry, expected: tuple[str, str, str]
) -> None:
    assert states(*([own] if own else []), pro) == [expected]


@pytest.mark.parametrize("tier", ["Pro:FIPS", "Pro:FIPS-updates", "Pro:Realtime", "Nvidia-BlueField"])
def test_builds_of_another_kind_say_nothing_of_the_release(tier: str) -> None:
    assert states(entry(f"Ubuntu:{tier}:22.04:LTS", fixed="1+fips1")) == []


def test_the_vulnerability_has_the_name_of_its_cve_and_its_notices_are_aliases() -> None:
    found = advisory(entry(), related=["USN-6429-1", "USN-6429-2"], upstream=[CVE])
    assert (found.id, found.aliases) == (CVE, (f"UBUNTU-{CVE}", "USN-6429-1", "USN-6429-2"))
    assert found.link == f"https://ubuntu.com/security/{CVE}"


def test_a_notice_is_no_vulnerability() -> None:
    assert records([entry(fixed="1")], id="USN-6429-1", upstream=[f"UBUNTU-{CVE}"]) == []


def test_the_priority_of_the_package_goes_before_that_of_the_vulnerability() -> None:
    rated = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}, {"type": "Ubuntu", "score": "medium"}]
    found = advisory(entry(), entry("Ubuntu:24.04:LTS", priority="negligible"), severity=rated)
    assert [each.severity for each in found.affected] == ["medium", "negligible"]
    assert [(score.source, score.vector) for score in found.scores] == [("Ubuntu", "CVSS:3.1/AV:N")]


def test_records_of_before_2025_have_the_priority_beside_each_package() -> None:
    found = advisory(entry(ubuntu_priority="low"), entry("Ubuntu:24.04:LTS"))
    assert [each.severity for each in found.affected] == ["low", ""]


@pytest.mark.parametrize(
    ("details", "withdrawn"),
    [("** REJECT ** DO NOT USE", True), ("Rejected reason: not used", True), ("** DISPUTED ** x", False)],
)
def test_a_rejected_cve_is_withdrawn_and_a_disputed_one_is_not(details: str, *, withdrawn: bool) -> None:
    found = advisory(entry(), details=details, modified="2024-02-16T00:00:00Z")
    assert bool(found.withdrawn) is withdrawn


def test_a_release_is_found_by_its_number_and_by_its_codename_and_has_its_end() -> None:
    said = records([entry(), entry("Ubuntu:23.10"), entry("Ubuntu:26.04"), entry("Ubuntu:31.10")])
    assert [each for each in said if isinstance(each, Ecosystem)] == [
        Ecosystem(JAMMY, "dpkg", ("Ubuntu:22.04", "Ubuntu:jammy"), "2027-06-01"),
        Ecosystem("Ubuntu:23.10", "dpkg", ("Ubuntu:mantic",), "2024-07-11"),
        Ecosystem("Ubuntu:26.04:LTS", "dpkg", ("Ubuntu:26.04", "Ubuntu:resolute"), "2031-05-29"),
        Ecosystem("Ubuntu:31.10", "dpkg", (), ""),
    ]


def statement(status: str, *places: str, version: str = "7.81.0-1ubuntu1.24", **fields: str) -> Entry:
    products = [
        {"@id": f"pkg:deb/ubuntu/{name}@{version}?arch={arch}&distro={place}"}
        for place in places
        for name, arch in (("curl", "source"), ("libcurl4", "amd64"))
    ]
    return {"vulnerability": {"name": CVE}, "status": status, "products": products, **fields}


def vex(*statements: Entry, name: str = f"vex/cve/2024/{CVE}.json") -> list[object]:
    return list(ubuntu.parse(packed({name: {"statements": list(statements)}}), ubuntu.VEX))


def told(*statements: Entry) -> list[Affected]:
    said = vex(*statements)
    assert all(isinstance(each, Advisory) and each.id == CVE for each in said)
    return [affected for each in said if isinstance(each, Advisory) for affected in each.affected]


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        ("affected", {"action_statement": NEEDED}, "affected"),
        ("affected", {"action_statement": NOT_FIXING}, "will_not_fix"),
        ("affected", {"action_statement": ENDED}, "end_of_life"),
        ("under_investigation", {"status_notes": "Assessment is pending."}, "under_investigation"),
        ("under_investigation", {"status_notes": "Remediation is deferred."}, "deferred"),
    ],
)
def test_what_is_affected_is_so_up_to_the_version_in_the_archive(
    status: str, fields: dict[str, str], expected: str
) -> None:
    bound = Range(last_affected="7.81.0-1ubuntu1.24")
    assert told(statement(status, "jammy", **fields)) == [
        Affected(JAMMY, "curl", (bound,), by_source=True, status=expected)
    ]


def test_what_is_not_affected_is_cleared_in_all_versions() -> None:
    assert told(statement("not_affected", "jammy", justification="vulnerable_code_not_present")) == [
        Affected(JAMMY, "curl", (Range(),), by_source=True, status="not_affected")
    ]


@pytest.mark.parametrize(
    ("status", "fields"),
    [("fixed", {}), ("not_affected", {"justification": "component_not_present"})],
    ids=["fixed", "not-in-the-release"],
)
def test_what_is_fixed_or_not_there_is_left_to_the_records(status: str, fields: dict[str, str]) -> None:
    assert told(statement(status, "jammy", **fields)) == []


CLEARED_BY_PRO = statement("not_affected", "esm-infra/jammy")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([], ["not_affected"]),
        ([statement("under_investigation", "jammy", status_notes="pending")], ["not_affected"]),
        ([statement("affected", "jammy", action_statement=ENDED)], ["not_affected"]),
        ([statement("affected", "jammy", action_statement=NEEDED)], ["affected"]),
        ([statement("affected", "jammy", action_statement=NOT_FIXING)], ["will_not_fix"]),
        ([statement("fixed", "jammy")], []),
    ],
    ids=["silence", "triage-to-come", "ended", "needed", "ignored", "fixed"],
)
def test_ubuntu_pro_clears_what_nobody_has_looked_at_in_the_release_itself(
    own: list[Entry], expected: list[str]
) -> None:
    """What was fixed in the release is not affected in Pro's later build: that clears no earlier version."""
    assert [each.status for each in told(CLEARED_BY_PRO, *own)] == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([], [("will_not_fix", "7+esm2")]),
        (
            [statement("not_affected", "jammy", justification="component_not_present")],
            [("will_not_fix", "7+esm2")],
        ),
        ([statement("affected", "jammy", version="7", action_statement=NEEDED)], [("affected", "7")]),
        ([statement("fixed", "jammy")], []),
    ],
    ids=["silence", "not-in-the-release", "needed", "fixed"],
)
def test_what_ubuntu_pro_says_holds_for_a_release_that_says_nothing(
    own: list[Entry], expected: list[tuple[str, str]]
) -> None:
    pro = statement("affected", "esm-infra/jammy", version="7+esm2", action_statement=NOT_FIXING)
    found = told(pro, *own)
    assert [(each.status, each.ranges[0].last_affected) for each in found] == expected


@pytest.mark.parametrize(
    ("place", "ecosystem"),
    [
        ("trusty/esm", "Ubuntu:14.04:LTS"),
        ("esm-infra-legacy/trusty", "Ubuntu:14.04:LTS"),
        ("esm-apps/noble", "Ubuntu:24.04:LTS"),
        ("fips-updates/jammy", None),
        ("realtime/jammy", None),
        ("snap", None),
    ],
)
def test_only_archives_with_the_same_packages_speak_for_a_release(place: str, ecosystem: str | None) -> None:
    assert [each.ecosystem for each in told(statement("not_affected", place))] == (
        [ecosystem] if ecosystem else []
    )


def test_vex_alone_covers_no_release() -> None:
    assert not any(isinstance(each, Ecosystem) for each in vex(statement("not_affected", "jammy")))


def test_documents_of_notices_are_passed_over() -> None:
    assert vex(statement("not_affected", "jammy"), name="vex/usn/USN-6429-1.json") == []


def test_a_status_that_nobody_knows_is_a_problem() -> None:
    assert [type(each) for each in vex(statement("perhaps", "jammy"))] == [Problem]


def test_an_archive_that_breaks_off_is_refused() -> None:
    whole = packed(
        {"x.json": {"id": f"UBUNTU-{CVE}", "details": "x" * 5000, "affected": [entry()]}}
    ).getvalue()
    for length in (0, 5, 40, len(whole) // 2, len(whole) - 30):
        with pytest.raises(InvalidDocument):
            list(ubuntu.parse(io.BytesIO(whole[:length]), ubuntu.OSV))
