"""What SUSE's VEX documents say: each row of their semantics, and what becomes of odd ones."""

import bz2
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from careen.feeds import suse
from careen.feeds.document import Cursor, Document, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem

CVE = "CVE-2024-0001"
SP5 = "cpe:/o:suse:sles:15:sp5"
LTSS = "cpe:/o:suse:sles-ltss:15:sp5"
BASESYSTEM = "cpe:/o:suse:sle-module-basesystem:15:sp5"
RELEASE = "SUSE:Linux Enterprise Server 15 SP5"
FIXED = "8.0.1-150400.5.32.1"

Product = tuple[str, str]  # the platform's CPE, and the component


def vex(
    statuses: Mapping[str, Iterable[Product]],
    *,
    sources: Mapping[str, str] | None = None,
    remediations: Sequence[Mapping[str, object]] = (),
    note: str = "a flaw",
    **platforms: str,
) -> dict[str, object]:
    """`sources` maps components to the file of their source; `platforms` gives CPEs another name."""
    products = sorted({product for group in statuses.values() for product in group})
    branches = []
    for cpe, component in products:
        purl = f"pkg:rpm/suse/{'@'.join(parted(component))}"
        if source := (sources or {}).get(component):
            purl += f"?upstream={source}"
        branches += [leaf(cpe, platforms.get("name", "a product"), cpe=cpe), leaf(component, "", purl=purl)]
    return {
        "document": {
            "aggregate_severity": {"text": "important"},
            "notes": [{"category": "description", "text": note}],
            "references": [
                {"summary": f"Advisory link for {name}"} for name in ("SUSE-SU-2024:1-1", "SUSE-CU-2024:2-1")
            ],
            "tracking": {"id": CVE, "current_release_date": "2026-08-08T00:03:41Z"},
        },
        "product_tree": {
            "branches": [{"category": "vendor", "branches": branches}],
            "relationships": [relation(*product) for product in products],
        },
        "vulnerabilities": [
            {
                "cve": CVE,
                "product_status": {name: [id_(*each) for each in group] for name, group in statuses.items()},
                "remediations": list(remediations),
                "scores": [{"cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N"}}],
            }
        ],
    }


def parted(component: str) -> tuple[str, str]:
    """Name and version of NAME-VERSION-RELEASE."""
    name, *version = (
        component.rsplit("-", 2) if component.count("-") > 1 and component[-1].isdigit() else [component]
    )
    return name, "-".join(version)


def leaf(product: str, name: str, **helper: str) -> Mapping[str, object]:
    said = {"name": name, "product_id": product, "product_identification_helper": helper}
    return {"category": "product_version", "product": said}


def relation(cpe: str, component: str) -> Mapping[str, object]:
    return {
        "full_product_name": {"product_id": id_(cpe, component)},
        "product_reference": component,
        "relates_to_product_reference": cpe,
    }


def id_(cpe: str, component: str) -> str:
    return f"{cpe}|{component}"


def remedy(category: str, *products: Product) -> Mapping[str, object]:
    return {"category": category, "product_ids": [id_(*product) for product in products]}


def parsed(document: object) -> list[object]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        member = tarfile.TarInfo("csaf-vex/cve-2024-0001.json")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return list(suse.parse(io.BytesIO(bz2.compress(buffer.getvalue())), suse.VEX))


def affected(document: object) -> list[Affected]:
    found = parsed(document)
    assert not any(isinstance(each, Problem) for each in found)
    return [each for advisory in found if isinstance(advisory, Advisory) for each in advisory.affected]


def shown(document: object) -> list[tuple[str, bool, str, str]]:
    """Package, whether it is a source, status and fixed version."""
    return [(each.package, each.by_source, each.status, each.ranges[0].fixed) for each in affected(document)]


CURL = {f"libcurl4-{FIXED}": f"curl-{FIXED}.src.rpm", f"curl-{FIXED}": f"curl-{FIXED}.src.rpm"}


def test_builds_of_one_source_are_one_statement_about_the_source() -> None:
    document = vex({"recommended": [(SP5, each) for each in CURL]}, sources=CURL)
    assert affected(document) == [Affected(RELEASE, "curl", (Range(fixed=FIXED),), by_source=True)]


def test_a_build_whose_source_is_not_told_is_compared_by_itself() -> None:
    assert shown(vex({"recommended": [(SP5, "zlib-1.2.13-1.1")]})) == [
        ("zlib", False, "affected", "1.2.13-1.1")
    ]


@pytest.mark.parametrize(
    ("cpe", "release"),
    [
        (SP5, RELEASE),
        ("cpe:/o:suse:sles:12", "SUSE:Linux Enterprise Server 12"),
        ("cpe:/o:suse:suse_sles:11:sp4", "SUSE:Linux Enterprise Server 11 SP4"),
        (LTSS, RELEASE),
        (BASESYSTEM, RELEASE),
        ("cpe:/o:suse:sles:16:16.0:server", "SUSE:Linux Enterprise Server 16.0"),
        ("cpe:/o:suse:sle-micro:5.5", "SUSE:Linux Enterprise Micro 5.5"),
        ("cpe:/o:suse:suse-microos:5.1", "SUSE:Linux Enterprise Micro 5.1"),
        ("cpe:/o:suse:sl-micro:6.0", "SUSE:Linux Micro 6.0"),
        ("cpe:/o:opensuse:leap:15.5", "openSUSE:Leap 15.5"),
        ("cpe:/o:opensuse:leap-micro:5.5", "openSUSE:Leap Micro 5.5"),
        ("cpe:/o:opensuse:tumbleweed", "openSUSE:Tumbleweed"),
        ("cpe:/o:suse:sled:15:sp5", None),
        ("cpe:/o:suse:sles_sap:15:sp5", None),
        ("cpe:/a:suse:manager:4.3", None),
        ("", None),
    ],
)
def test_the_release_is_that_of_the_products_cpe(cpe: str, release: str | None) -> None:
    found = parsed(vex({"recommended": [(cpe, "zlib-1.2.13-1.1")]}))
    declared = [each.name for each in found if isinstance(each, Ecosystem)]
    said = [each for each in found if isinstance(each, Advisory)]
    assert declared == ([release] if release else [])
    assert [each.affected[0].ecosystem for each in said] == declared


def test_builds_for_other_machines_under_the_servers_cpe_are_others() -> None:
    name = "SUSE Linux Enterprise Server for Raspberry Pi 12 SP2"
    assert parsed(vex({"recommended": [(SP5, "zlib-1.2.13-1.1")]}, name=name)) == []


def test_the_build_to_go_to_counts_before_the_first_that_has_the_fix() -> None:
    document = vex({"recommended": [(SP5, "zlib-1.2.13-1.1")], "first_fixed": [(SP5, "zlib-1.2.13-9.1")]})
    assert shown(document) == [("zlib", False, "affected", "1.2.13-1.1")]
    assert shown(vex({"first_fixed": [(SP5, "zlib-1.2.13-9.1")]})) == [
        ("zlib", False, "affected", "1.2.13-9.1")
    ]


def test_r28_each_upstream_version_that_is_followed_has_a_fix_of_its_own() -> None:
    builds = ("requests-2.24.0-8.20.1", "requests-2.11.1-6.40.1", "requests-2.11.1-6.44.1")
    found = affected(vex({"recommended": [(SP5, each) for each in builds]}))
    assert [each.ranges for each in found] == [
        (Range(fixed="2.11.1-6.40.1"),),
        (Range("2.24.0", "2.24.0-8.20.1"),),
    ]


@pytest.mark.parametrize(
    ("kind", "category", "status"),
    [
        ("known_affected", "", "affected"),
        ("known_affected", "none_available", "affected"),
        ("known_affected", "no_fix_planned", "will_not_fix"),
        ("known_affected", "fix_deferred", "deferred"),
        ("under_investigation", "", "under_investigation"),
    ],
)
def test_what_has_no_fix_may_be_a_package_or_a_source(kind: str, category: str, status: str) -> None:
    ntp = (SP5, "ntp")
    remediations = [remedy(category, ntp)] if category else []
    assert shown(vex({kind: [ntp]}, remediations=remediations)) == [
        ("ntp", False, status, ""),
        ("ntp", True, status, ""),
    ]


def test_where_the_source_is_told_the_name_is_that_of_a_package() -> None:
    document = vex({"known_affected": [(SP5, "libcurl4")]}, sources={"libcurl4": "curl.src.rpm"})
    assert shown(document) == [("libcurl4", False, "affected", "")]


def test_a_component_that_is_not_in_the_tree_has_its_name_all_the_same() -> None:
    document = vex({"known_affected": [(SP5, "ntp")]})
    document["product_tree"]["branches"][0]["branches"].pop()  # type: ignore[index]
    assert {package for package, *_ in shown(document)} == {"ntp"}


def test_what_no_fix_is_planned_for_is_not_thereby_affected() -> None:
    document = vex(
        {"known_not_affected": [(SP5, "ntp")]}, remediations=[remedy("no_fix_planned", (SP5, "openssl"))]
    )
    assert parsed(document) == []


def test_what_is_fixed_is_not_open_nor_is_its_source() -> None:
    document = vex(
        {
            "recommended": [(SP5, each) for each in CURL],
            "known_affected": [(SP5, "curl"), (SP5, "libcurl4"), (SP5, "ntp")],
        },
        sources=CURL,
    )
    assert {package for package, *_ in shown(document)} == {"curl", "ntp"}


def test_a_source_stays_open_that_will_never_be_fixed_though_another_flavour_is() -> None:
    build, source = "python311-aiohttp-3.9.3-1.1", "python-aiohttp"
    document = vex(
        {"recommended": [(SP5, build)], "known_affected": [(SP5, source)]},
        sources={build: "python-aiohttp-3.9.3-1.1.src.rpm"},
        remediations=[remedy("no_fix_planned", (SP5, source))],
    )
    found = affected(document)
    assert [(each.package, each.by_source, each.status, each.ranges) for each in found] == [
        ("python-aiohttp", True, "affected", (Range(fixed="3.9.3-1.1"),)),
        ("python-aiohttp", False, "will_not_fix", (Range(),)),
        ("python-aiohttp", True, "will_not_fix", (Range(),)),
        ("python311-aiohttp", False, "not_affected", (Range("3.9.3-1.1"),)),
    ]


def test_a_fix_of_long_term_support_is_the_releases_where_it_has_none() -> None:
    (found,) = affected(vex({"recommended": [(LTSS, "zlib-1.2.13-9.1")], "known_affected": [(SP5, "zlib")]}))
    assert (found.ecosystem, found.ranges[0].fixed) == (RELEASE, "1.2.13-9.1")
    assert found.remark == "the fix needs SUSE's Long Term Service Pack Support"
    (own,) = affected(vex({"recommended": [(LTSS, "zlib-1.2.13-9.1"), (SP5, "zlib-1.2.13-1.1")]}))
    assert (own.ranges[0].fixed, own.remark) == ("1.2.13-1.1", "")
    cleared = vex({"recommended": [(LTSS, "zlib-1.2.13-9.1")], "known_not_affected": [(SP5, "zlib")]})
    assert [status for _, _, status, _ in shown(cleared)] in ([], ["not_affected"])


def test_a_package_that_is_not_affected_is_cleared_beside_others_that_are() -> None:
    document = vex({"known_affected": [(SP5, "openssl")], "known_not_affected": [(SP5, "libopenssl1_0_0")]})
    assert ("libopenssl1_0_0", False, "not_affected", "") in shown(document)


def test_words_scores_notices_and_the_page_come_along() -> None:
    _, advisory = parsed(vex({"known_affected": [(SP5, "ntp")]}))
    assert isinstance(advisory, Advisory)
    assert (advisory.id, advisory.aliases, advisory.severity) == (CVE, ("SUSE-SU-2024:1-1",), "important")
    assert (advisory.summary, advisory.modified) == ("a flaw", "2026-08-08T00:03:41+00:00")
    assert [score.source for score in advisory.scores] == ["SUSE"]
    assert advisory.link == f"https://www.suse.com/security/cve/{CVE}"


@pytest.mark.parametrize(
    "note",
    [
        "DO NOT USE THIS CANDIDATE NUMBER. ConsultIDs: none.",
        "This CVE has been rejected or withdrawn by its CNA.",
        "** REJECT ** x",
    ],
)
def test_a_rejected_vulnerability_is_withdrawn(note: str) -> None:
    _, advisory = parsed(vex({"known_affected": [(SP5, "ntp")]}, note=note))
    assert isinstance(advisory, Advisory)
    assert advisory.withdrawn


@pytest.mark.parametrize("idle", ["curl-debuginfo-8-1", "curl-debugsource-8-1", "kernel-livepatch-5_14-1-1"])
def test_what_runs_in_no_container_is_left_out(idle: str) -> None:
    assert parsed(vex({"recommended": [(SP5, idle)]})) == []


@pytest.mark.parametrize("odd", ["zlib", "a b-1-1"])
def test_a_fix_that_cannot_be_read_is_a_problem(odd: str) -> None:
    found = parsed(vex({"recommended": [(SP5, odd), (SP5, "zlib-1.2.13-1.1")]}))
    assert [type(each) for each in found] == [Problem, Ecosystem, Advisory]


@pytest.mark.parametrize(
    "document", [b"{", b"[" * 100_000, b"\xff", b"7", b'{"vulnerabilities": [7]}', b'{"product_tree": []}']
)
def test_a_document_of_the_wrong_kind_is_a_problem(document: bytes) -> None:
    assert [type(each) for each in parsed(document)] in ([Problem], [])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from([CVE, SP5, id_(SP5, "ntp")]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["product", "branches", "product_id", "purl", "recommended"]), inner, max_size=3
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(tree=JSON, status=JSON, head=JSON)
def test_whatever_a_document_holds_it_is_read_or_a_problem(
    tree: object, status: object, head: object
) -> None:
    whole = vex({"known_affected": [(SP5, "ntp")]})
    other = json.loads(json.dumps(whole))
    other["vulnerabilities"][0]["product_status"] = status
    for document in (whole | {"product_tree": tree}, other, whole | {"document": head}):
        parsed(document)


def archive(*documents: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for number, document in enumerate(documents):
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            member = tarfile.TarInfo(f"csaf-vex/cve-{number}.json")
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return bz2.compress(buffer.getvalue())


def fetched(folder: Path, content: bytes, *seen: Document) -> tuple[Document, ...]:
    source = folder / "mirror/ftp.suse.com/pub/projects/security/csaf-vex.tar.bz2"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(content)
    with Http(str(folder / "mirror")) as http:
        found = suse.fetch(http, Cursor(folder / "kept", {each.url: each for each in seen}))
    return found.documents if found else ()


def said(content: bytes) -> list[object]:
    return list(suse.parse(io.BytesIO(content), suse.VEX))


def test_what_is_kept_is_short_and_says_the_same(tmp_path: Path) -> None:
    real = (
        Path(__file__).parent / "testdata/suse/archive-cut/input.tar.bz2/cve-2023-47627.json"
    ).read_bytes()
    desktops = [("cpe:/o:suse:sled:15:sp5", f"libfoo{number}-8-1") for number in range(500)]
    much = vex(
        {"recommended": [(SP5, each) for each in CURL] + desktops, "known_affected": [(LTSS, "ntp")]},
        sources=CURL,
    )
    whole = archive(real, much, b"{", b'{"document": 7}', vex({"recommended": [(SP5, "zlib")]}))
    (kept,) = fetched(tmp_path, whole)
    content = kept.path.read_bytes()
    assert kept.path.name == kept.sha256 == hashlib.sha256(content).hexdigest()
    assert said(content) == said(whole)
    assert len(zstandard.decompress(content, max_output_size=1 << 22)) < len(bz2.decompress(whole)) / 4


def test_what_is_kept_already_is_not_new(tmp_path: Path) -> None:
    whole = archive(vex({"known_affected": [(SP5, "ntp")]}))
    (kept,) = fetched(tmp_path, whole)
    assert fetched(tmp_path, whole, kept) == ()


@pytest.mark.parametrize("content", [b"", b"<html>", archive()[:40], archive(vex({}))[:-20]])
def test_what_is_no_archive_is_kept_as_it_came_for_the_reader_to_refuse(
    tmp_path: Path, content: bytes
) -> None:
    (kept,) = fetched(tmp_path, content)
    assert kept.path.read_bytes() == content
    assert {path.name for path in kept.path.parent.iterdir()} == {kept.sha256}
    with pytest.raises(InvalidDocument):
        said(content)


@settings(deadline=None)
@given(tree=JSON, status=JSON, head=JSON)
def test_whatever_a_document_holds_its_cut_says_the_same(tree: object, status: object, head: object) -> None:
    whole = vex({"known_affected": [(SP5, "ntp")]})
    other = json.loads(json.dumps(whole))
    other["vulnerabilities"][0]["product_status"] = status
    content = archive(whole | {"product_tree": tree}, other, whole | {"document": head})
    with tempfile.TemporaryDirectory() as folder:
        (kept,) = fetched(Path(folder), content)
        assert said(kept.path.read_bytes()) == said(content)
