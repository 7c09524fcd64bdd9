"""What Photon OS' metadata says row by row, and what stands in where it cannot be had."""

import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from careen.feeds import photon
from careen.feeds.document import Cursor, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem

URL = "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon5.0.json"
OTHER_HOST = URL.replace("broadcom", "vmware")
DEFINITIONS = "https://packages.vmware.com/photon/photon_oval_definitions/com.vmware.phsa-photon5.xml.gz"


def row(**fields: object) -> Mapping[str, object]:
    usual = {"cve_id": "CVE-2024-1001", "pkg": "a", "cve_score": 7.5, "res_ver": "1.2-1.ph5"}
    return usual | {"aff_ver": "all versions before 1.2-1.ph5 are vulnerable", "status": "Fixed"} | fields


def parse(*rows: object) -> list[Ecosystem | Advisory | Problem]:
    ecosystem, *said = photon.parse(io.BytesIO(json.dumps(rows).encode()), URL)
    assert ecosystem == Ecosystem("Photon OS:5.0", "rpm")
    return said


def affected(*rows: object) -> list[tuple[str, str, str, str]]:
    """Package, fix, severity and status of what is said of source packages."""
    (advisory,) = parse(*rows)
    assert isinstance(advisory, Advisory)
    of_sources = [each for each in advisory.affected if each.by_source]
    of_builds = [each for each in advisory.affected if not each.by_source]
    assert [each.package for each in of_sources] == [each.package for each in of_builds]
    return [(each.package, each.ranges[0].fixed, each.severity, each.status) for each in of_sources]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([row()], [("a", "1.2-1.ph5", "high", "affected")], id="fixed"),
        pytest.param([row(status=None)], [("a", "1.2-1.ph5", "high", "affected")], id="without a status"),
        pytest.param([row(res_ver="NA")], [("a", "1.2-1.ph5", "high", "affected")], id="named as affected"),
        pytest.param(
            [row(res_ver="NA", aff_ver="NA", status="Not Fixed")], [("a", "", "high", "affected")], id="open"
        ),
        pytest.param(
            [row(res_ver="NA", aff_ver="NA", status="Not Affected")],
            [("a", "", "", "not_affected")],
            id="clear",
        ),
        pytest.param(
            [row(res_ver="1.9-1.ph5"), row(res_ver="1.10-1.ph5"), row(status="Not Affected")],
            [("a", "1.10-1.ph5", "high", "affected")],
            id="fixed by halves: the highest counts",
        ),
        pytest.param(
            [row(), row(pkg="b", cve_score=None)],
            [("a", "1.2-1.ph5", "high", "affected"), ("b", "1.2-1.ph5", "", "affected")],
            id="several packages",
        ),
        pytest.param([row(cve_score=9)], [("a", "1.2-1.ph5", "critical", "affected")], id="a critical score"),
        pytest.param([row(cve_score=0)], [("a", "1.2-1.ph5", "none", "affected")], id="a score of nothing"),
        pytest.param([row(cve_score=True)], [("a", "1.2-1.ph5", "", "affected")], id="no score"),
    ],
)
def test_rows_say_what_is_affected(rows: list[object], expected: list[tuple[str, str, str, str]]) -> None:
    assert affected(*rows) == expected


@pytest.mark.parametrize("id_", ["UNK-1", "BDSA-2025-0719", "Re"])
def test_an_id_that_is_no_public_name_says_nothing(id_: str) -> None:
    assert parse(row(cve_id=id_)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        row(res_ver="NA", aff_ver="NA"),  # fixed, but in no version
        row(res_ver="1-2-3"),
        row(pkg=""),
        row(pkg=None),
        row(cve_id=1),
        row(res_ver=1),
        [],
    ],
)
def test_a_row_that_cannot_be_read_is_a_problem_and_hides_no_other(wrong: object) -> None:
    assert [type(said) for said in parse(wrong, row())] == [Problem, Advisory]


def test_definitions_have_the_highest_of_a_package_s_fixes() -> None:
    said = list(photon.parse(io.BytesIO(gzip.compress(definitions().encode())), URL))
    assert said[1:] == [
        Advisory(
            "CVE-2024-1001",
            (Affected("Photon OS:5.0", "a", (Range(fixed="0:1.10-1.ph5"),)),),
            aliases=("PHSA-2024-5.0-7",),
            severity="Critical",
            link="https://github.com/vmware/photon/wiki/Security-Update-5.0-7",
            published="2024-08-15T00:00:00Z",
        )
    ]


def test_a_definition_without_any_name_is_a_problem() -> None:
    nameless = definitions().replace("<cve>CVE-2024-1001</cve>", "").replace("PHSA:7", "x")
    assert [type(said) for said in photon.parse(io.BytesIO(nameless.encode()), URL)] == [Ecosystem, Problem]


def definitions() -> str:
    tests = "".join(
        f'<criteria><criterion comment="a is earlier than 0:{version}-1.ph5"/></criteria>'
        for version in ("1.9", "1.10", "1.8")
    )
    page = "https://github.com/vmware/photon/wiki/Security-Updates-5.0-7"
    return (
        '<oval_definitions><definition id="d"><metadata>'
        f'<reference source="PHSA" ref_id="PHSA:7:5.0:7" ref_url="{page}"/><advisory>'
        '<severity>Critical</severity><issued date="2024-08-15"/><cve>CVE-2024-1001</cve></advisory>'
        f'</metadata><criteria operator="OR">{tests}</criteria></definition></oval_definitions>'
    )


@pytest.mark.parametrize(
    "document", [b"[", b"[] x", b"{}", b"", b"<oval_definitions>", b"<html/>", b"\x1f\x8b"]
)
def test_what_is_neither_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidDocument):
        list(photon.parse(io.BytesIO(document), URL))


def test_a_document_of_an_unknown_release_is_refused() -> None:
    with pytest.raises(InvalidDocument):
        list(photon.parse(io.BytesIO(b"[]"), URL.replace("5.0", "9.0")))


@pytest.mark.parametrize(
    ("published", "expected", "reason"),
    [
        ([URL, OTHER_HOST, DEFINITIONS], URL, None),
        ([OTHER_HOST, DEFINITIONS], OTHER_HOST, None),
        ([DEFINITIONS], DEFINITIONS, "definitions stand in for it"),
        ([], None, "the mirror has no"),
    ],
)
def test_the_best_document_that_can_be_had_is_kept_under_one_url(
    tmp_path: Path, published: list[str], expected: str | None, reason: str | None
) -> None:
    for url in published:
        path = tmp_path / "mirror" / url.partition("://")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(url)
    (tmp_path / "mirror").mkdir(exist_ok=True)
    with Http(str(tmp_path / "mirror")) as http:
        fetched = photon.fetch(http, Cursor(tmp_path / "kept"))
        assert fetched
        again = photon.fetch(http, Cursor(tmp_path / "kept", {each.url: each for each in fetched.documents}))
    assert {each.url: each.path.read_text() for each in fetched.documents} == (
        {URL: expected} if expected else {}
    )
    failures = {each.url: each.message for each in fetched.failures}
    assert len(failures) == 4 + (reason is not None)
    assert (reason or "") in failures.get(URL, "")
    assert again
    assert again.documents == ()
