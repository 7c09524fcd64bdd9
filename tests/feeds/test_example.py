"""The example advisories that come with careen are few, true, and readable by the feeds."""

from pathlib import Path

from careen import example
from careen.feeds import UPSTREAMS
from careen.feeds.document import Cursor
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Ecosystem, Repository, Revision
from careen.model.problem import Problem
from careen.model.vulnerability import Enrichment, Rating

Said = Ecosystem | Advisory | Repository | Revision | Enrichment | Problem


def said(folder: Path) -> list[Said]:
    found: list[Said] = []
    with Http(str(example.MIRROR)) as http:
        for feed in UPSTREAMS:
            fetched = feed.fetch(http, Cursor(folder / feed.NAME))
            assert fetched
            for document in fetched.documents:
                with document.path.open("rb") as file:
                    found += feed.parse(file, document.url)
    return found


def test_well_known_facts_are_in_it_as_they_are(tmp_path: Path) -> None:
    facts = {
        (advisory.id, affected.ecosystem, affected.package, span.fixed)
        for advisory in said(tmp_path)
        if isinstance(advisory, Advisory)
        for affected in advisory.affected
        for span in affected.ranges
        if affected.status != "not_affected"
    }
    assert {
        ("CVE-2023-4863", "Debian:12", "libwebp", "1.2.4-0.2+deb12u1"),
        ("CVE-2023-38545", "Debian:12", "curl", "7.88.1-10+deb12u4"),
        ("CVE-2023-4911", "Debian:12", "glibc", "2.36-9+deb12u3"),
        ("CVE-2024-6387", "Debian:12", "openssh", "1:9.2p1-2+deb12u3"),
        ("CVE-2023-45853", "Debian:12", "zlib", ""),
        ("CVE-2022-48174", "Alpine:v3.18", "busybox", "1.36.1-r1"),
        ("CVE-2023-42363", "Alpine:v3.20", "busybox", "1.36.1-r27"),
        ("CVE-2023-5678", "Alpine:v3.18", "openssl", "3.1.4-r1"),
        ("PYSEC-2023-74", "PyPI", "requests", "2.31.0"),
        ("PYSEC-2021-109", "PyPI", "django", "3.2.5"),
    } <= facts
    assert not any(id_ in ("CVE-2024-3094", "CVE-2023-4807") for id_, *_ in facts)  # cleared, if named at all


def test_nothing_in_it_is_unreadable(tmp_path: Path) -> None:
    assert not [record for record in said(tmp_path) if isinstance(record, Problem)]


def test_most_of_its_vulnerabilities_are_rated(tmp_path: Path) -> None:
    records = said(tmp_path)
    rated = {record.id for record in records if isinstance(record, Rating)}
    named = {
        id_
        for record in records
        if isinstance(record, Advisory)
        for id_ in (record.id, *record.aliases)
        if id_.startswith("CVE-")
    }
    assert named - rated == {"CVE-2024-2511", "CVE-2024-2961", "CVE-2024-4603"}


def test_it_calls_itself_an_example() -> None:
    assert (example.MIRROR / "EXAMPLE.md").is_file()
