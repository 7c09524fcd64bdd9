"""What Red Hat's VEX documents say: each row of their semantics, and what becomes of odd and hostile ones."""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from careen.feeds import redhat
from careen.feeds._redhat_changes import DELETIONS, LATEST, REPOSITORIES
from careen.feeds._redhat_fixes import ranges
from careen.feeds.document import InvalidDocument
from careen.model.advisory import Advisory, Affected, Ecosystem, Repository, Revision
from careen.model.problem import Problem

CVE = "CVE-2024-0001"
URL = "https://security.access.redhat.com/data/csaf/v2/vex/2024/cve-2024-0001.json"
EL9 = "cpe:/o:redhat:enterprise_linux:9"
APPSTREAM = "cpe:/a:redhat:enterprise_linux:9::appstream"
BASEOS = "cpe:/o:redhat:enterprise_linux:9::baseos"
EUS = "cpe:/a:redhat:rhel_eus:9.2::appstream"
STREAMS = "cpe:/o:redhat:rhel_*:9"
CRB = "cpe:/a:redhat:enterprise_linux:9::crb"

Product = tuple[str, str]  # the platform's CPE, and the purl of the component or its name


def vex(
    statuses: Mapping[str, Iterable[Product]],
    *,
    remediations: Sequence[Mapping[str, object]] = (),
    impacts: Mapping[Product, str] | None = None,
    **fields: object,
) -> dict[str, object]:
    products = sorted({product for group in statuses.values() for product in group})
    branches, relationships = [], []
    for cpe, component in products:
        purl = {"purl": component} if component.startswith("pkg:") else None
        branches += [leaf(cpe, {"cpe": cpe}), leaf(component, purl)]
        relationships.append(part(component, cpe))
    vulnerability = {
        "cve": CVE,
        "title": "a flaw",
        "product_status": {name: [id_(*each) for each in group] for name, group in statuses.items()},
        "remediations": list(remediations),
        "threats": [
            {"category": "impact", "details": word, "product_ids": [id_(*product)]}
            for product, word in (impacts or {}).items()
        ],
    }
    return {
        "document": {"tracking": {"id": CVE, "current_release_date": "2024-02-03T04:05:06+02:00"}} | fields,
        "product_tree": {
            "branches": [{"category": "vendor", "branches": branches}],
            "relationships": relationships,
        },
        "vulnerabilities": [vulnerability],
    }


def id_(cpe: str, component: str) -> str:
    return f"{cpe}|{component}"


def leaf(name: str, helper: Mapping[str, str] | None) -> Mapping[str, object]:
    product = {"name": name, "product_id": name, "product_identification_helper": helper}
    return {"category": "product_version", "product": product}


def part(component: str, whole: str) -> dict[str, object]:
    return {
        "category": "default_component_of",
        "full_product_name": {"name": "", "product_id": id_(whole, component)},
        "product_reference": component,
        "relates_to_product_reference": whole,
    }


def remedy(category: str, details: str, *products: Product, url: str = "") -> Mapping[str, object]:
    ids = [id_(*product) for product in products]
    return {"category": category, "details": details, "product_ids": ids, "url": url}


def packed(documents: Mapping[str, object]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, document in documents.items():
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return io.BytesIO(zstandard.compress(buffer.getvalue()))


def parsed(document: object) -> list[object]:
    """All that the archive with this one document says, but for the releases."""
    records = redhat.parse(packed({"2024/cve-2024-0001.json": document}), LATEST)
    return [each for each in records if not isinstance(each, Ecosystem)]


def affected(document: object) -> list[Affected]:
    found = parsed(document)
    assert all(isinstance(each, Advisory) for each in found)
    return [each for advisory in found if isinstance(advisory, Advisory) for each in advisory.affected]


def rpm(name: str, version: str = "", **qualifiers: str) -> str:
    said = "&".join(f"{key}={value}" for key, value in qualifiers.items())
    return f"pkg:rpm/redhat/{name}" + (f"@{version}" if version else "") + (f"?{said}" if said else "")


@pytest.mark.parametrize(
    ("status", "category", "details", "expected"),
    [
        ("known_affected", "", "", "affected"),
        ("known_affected", "none_available", "Affected", "affected"),
        ("known_affected", "none_available", "Fix deferred", "deferred"),
        ("known_affected", "no_fix_planned", "Will not fix", "will_not_fix"),
        ("known_affected", "no_fix_planned", "Out of support scope", "end_of_life"),
        ("known_affected", "no_fix_planned", "something new", "will_not_fix"),
        ("known_affected", "workaround", "Do not use it", "affected"),
        ("under_investigation", "", "", "under_investigation"),
        ("known_not_affected", "", "", "not_affected"),
    ],
)
def test_the_status_of_what_has_no_fix_is_that_of_its_remediation(
    status: str, category: str, details: str, expected: str
) -> None:
    curl = (EL9, rpm("curl"))
    remediations = [remedy(category, details, curl)] if category else []
    (found,) = affected(vex({status: [curl]}, remediations=remediations))
    assert (found.status, found.package, found.by_source) == (expected, "curl", False)
    assert [(each.introduced, each.fixed) for each in found.ranges] == [("", "")]


@pytest.mark.parametrize(
    ("component", "package", "by_source"),
    [
        (rpm("curl"), "curl", False),
        (rpm("curl", arch="src"), "curl", True),
        (rpm("npm", rpmmod="nodejs:18"), "nodejs:18::npm", False),
        (rpm("npm", rpmmod="nodejs:18:8090020231019152822:a75119d5"), "nodejs:18::npm", False),
        (
            rpm("go-toolset", "rhel8", arch="src", rpmmod="go-toolset:rhel8"),
            "go-toolset:rhel8::go-toolset",
            True,
        ),
        (rpm("libstdc%2B%2B"), "libstdc++", False),
        ("kernel", "kernel", True),
        ("libssh.src", "libssh", True),
        ("container-tools:rhel8/buildah", "container-tools:rhel8::buildah", True),
        ("golang.src::go-toolset:rhel8", "go-toolset:rhel8::golang", True),
    ],
)
def test_r9_a_component_is_a_package_a_source_or_a_part_of_a_module(
    component: str, package: str, *, by_source: bool
) -> None:
    (found,) = affected(vex({"known_affected": [(EL9, component)]}))
    assert (found.package, found.by_source) == (package, by_source)


def test_a_module_may_stand_between_package_and_repository() -> None:
    """In the documents of 2024 the package is a component of the module, and that is one of AppStream."""
    package, module = (
        rpm("npm", "1:8-1.module%2Bel9.2.0+1+a", arch="x86_64"),
        "pkg:rpmmod/redhat/nodejs@18:9020:ctx",
    )
    document = vex({"fixed": [(APPSTREAM, module)]})
    tree = document["product_tree"]
    assert isinstance(tree, dict)
    tree["branches"].append(leaf(package, {"purl": package}))
    tree["relationships"].append(part(package, id_(APPSTREAM, module)))
    document["vulnerabilities"][0]["product_status"] = {"fixed": [id_(id_(APPSTREAM, module), package)]}  # type: ignore[index]
    (found,) = affected(document)
    assert (found.package, found.repositories) == ("nodejs:18::npm", (APPSTREAM,))


@pytest.mark.parametrize(
    ("cpe", "version", "releases"),
    [
        (APPSTREAM, "1-2.el9", ["9"]),
        ("cpe:/o:redhat:enterprise_linux:10.1", "1-2.el10_1", ["10"]),
        ("cpe:/o:redhat:enterprise_linux_eus:10.0", "1-2.el10_0", ["10"]),
        ("cpe:/o:redhat:rhel_els:7", "1-2.el7_9", ["7"]),
        ("cpe:/o:redhat:rhel_eus_long_life:8.4::baseos", "1-2.el8_4", ["8"]),
        ("cpe:/a:redhat:rhel_extras:7", "1-2.el7", ["7"]),
        ("cpe:/a:redhat:openshift:4.13::el8", "1-2.rhaos4.13.el8", ["8"]),
        ("cpe:/a:redhat:satellite:6", "1-2.el8sat", ["8"]),
        ("cpe:/a:redhat:satellite:6", "1-2.module+el8.9.0+1+a", ["8"]),
        ("cpe:/a:redhat:satellite:6", "1-2", ["7", "8", "9", "10"]),
        ("cpe:/a:redhat:rhel_software_collections:3::el7", "1-2.el7", ["7"]),
        ("cpe:/o:redhat:enterprise_linux:3", "1-2.el3", []),
    ],
)
def test_the_release_is_that_of_the_product_or_of_the_build(
    cpe: str, version: str, releases: list[str]
) -> None:
    found = affected(vex({"fixed": [(cpe, rpm("curl", version, arch="x86_64"))]}))
    assert [each.ecosystem for each in found] == [
        f"Red Hat:enterprise_linux:{release}" for release in releases
    ]


def fixes(*builds: Product) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Package, fixed version, architectures and repositories."""
    found = affected(vex({"fixed": builds}))
    assert all(not each.by_source and each.status == "affected" for each in found)
    return [(each.package, each.ranges[0].fixed, each.arches, each.repositories) for each in found]


def test_builds_that_differ_by_architecture_and_repository_are_one_statement() -> None:
    builds = [
        (cpe, rpm("curl", "8-5.el9", arch=arch))
        for cpe in (APPSTREAM, BASEOS)
        for arch in ("x86_64", "aarch64")
    ]
    assert fixes(*builds) == [("curl", "8-5.el9", ("aarch64", "x86_64"), (APPSTREAM, BASEOS))]


def test_r19_what_is_built_for_one_architecture_is_for_that_one_only() -> None:
    assert fixes((APPSTREAM, rpm("curl", "8-5.el9", arch="s390x")))[0][2] == ("s390x",)
    assert fixes((APPSTREAM, rpm("curl", "8-5.el9", arch="noarch")))[0][2] == ()


def test_r12_epochs_are_kept_where_they_are_not_0() -> None:
    with_epoch, source = (
        rpm("bind", "9-5.el9", arch="x86_64", epoch="32"),
        rpm("bind", "9-5.el9", arch="src", epoch="32"),
    )
    assert [each[1] for each in fixes((APPSTREAM, with_epoch), (APPSTREAM, source))] == ["32:9-5.el9"]
    assert [each[1] for each in fixes((APPSTREAM, rpm("curl", "8-5.el9", arch="x86_64", epoch="0")))] == [
        "8-5.el9"
    ]
    (found,) = affected(vex({"fixed": [(APPSTREAM, source)]}))
    assert (found.package, found.by_source, found.ranges[0].fixed) == ("bind", True, "32:9-5.el9")


def test_what_runs_in_no_container_is_left_out() -> None:
    names = ("curl-debuginfo", "curl-debugsource", "glibc-debuginfo-common", "kpatch-patch-5_14_0-70")
    assert fixes(*((APPSTREAM, rpm(name, "8-5.el9", arch="x86_64")) for name in names)) == []


def test_the_kernel_is_known_by_its_source_alone() -> None:
    names = ("kernel", "kernel-core", "kernel-headers", "bpftool", "perf")
    builds = [(BASEOS, rpm(name, "5.14-9.el9", arch="x86_64")) for name in names]
    source = (BASEOS, rpm("kernel", "5.14-9.el9", arch="src"))
    found = affected(vex({"fixed": [*builds, source, (BASEOS, rpm("curl", "8-5.el9", arch="x86_64"))]}))
    assert [(each.package, each.by_source) for each in found] == [("curl", False), ("kernel", True)]


@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        (["8-5.el9"], [("", "8-5.el9")]),
        (["7-23.el9_2.4", "7-26.el9_3.2"], [("", "7-23.el9_2.4"), ("7-24", "7-26.el9_3.2")]),
        (["7-23.el9_2.4", "7-23.el9_3.2"], [("", "7-23.el9_2.4"), ("7-23.el9_3", "7-23.el9_3.2")]),
        (["7-23.el9_2.6", "7-23.el9_2.4"], [("", "7-23.el9_2.4")]),
        (["7-1.el9_2", "7-1.el9_3"], [("", "7-1.el9_2")]),
        (["4-477.2.1.el8_8", "4-477.9.1.el8_8"], [("", "4-477.2.1.el8_8")]),
        (["4-477.2.1.el8_8", "4-513.1.1.el8_9"], [("", "4-477.2.1.el8_8"), ("4-478", "4-513.1.1.el8_9")]),
        (
            ["1:18-1.module+el8.8.0+9+a", "1:18-1.module+el8.10.0+9+a"],
            [("", "1:18-1.module+el8.8.0+9+a"), ("1:18-1.module+el8.9", "1:18-1.module+el8.10.0+9+a")],
        ),
        (["1-5.el8.1", "1-5.el8.2"], [("", "1-5.el8.1")]),
        (["1.25.8-1.1.hum1", "1.26-1.hum1"], [("", "1.25.8-1.1.hum1")]),
    ],
)
def test_r28_each_minor_release_has_a_fix_of_its_own(
    fixed: list[str], expected: list[tuple[str, str]]
) -> None:
    found = [(each.introduced, each.fixed) for each in ranges(fixed)]
    assert found == expected == [(each.introduced, each.fixed) for each in ranges(fixed[::-1])]


def test_r28_since_10_the_minor_releases_of_one_repository_have_cpes_of_their_own() -> None:
    ten, one = "cpe:/o:redhat:enterprise_linux:10.0", "cpe:/o:redhat:enterprise_linux:10.1"
    builds = [(ten, "8.9-1.el10_0.3"), (one, "8.12-2.el10_1.1")]
    found = affected(vex({"fixed": [(cpe, rpm("curl", version, arch="x86_64")) for cpe, version in builds]}))
    assert [(each.ranges[0].introduced, each.ranges[0].fixed, each.repositories) for each in found] == [
        ("", "8.9-1.el10_0.3", (ten, one)),
        ("8.9-2", "8.12-2.el10_1.1", (ten, one)),
    ]


def test_errata_are_aliases_of_what_they_fix_alone() -> None:
    curl, wget = (
        (APPSTREAM, rpm("curl", "8-5.el9", arch="x86_64")),
        (APPSTREAM, rpm("wget", "1-2.el9", arch="x86_64")),
    )
    remediations = [
        remedy("vendor_fix", "", product, url=f"https://access.redhat.com/errata/{name}")
        for product, name in ((curl, "RHSA-2024:1234"), (wget, "RHSA-2024:5678"))
    ]
    document = vex({"fixed": [curl, wget], "known_affected": [(EL9, rpm("zlib"))]}, remediations=remediations)
    said = [each for each in parsed(document) if isinstance(each, Advisory)]
    assert {each.affected[0].package: each.aliases for each in said} == {
        "curl": ("RHSA-2024:1234",),
        "wget": ("RHSA-2024:5678",),
        "zlib": (),
    }


def test_a_product_named_as_a_whole_means_its_streams_unless_they_have_a_fix() -> None:
    (whole,) = affected(vex({"known_affected": [(EL9, rpm("curl"))]}))
    assert whole.repositories == (EL9, STREAMS)
    stream = (EUS, rpm("curl", "8-3.el9_2", arch="x86_64"))
    found = affected(vex({"known_affected": [(EL9, rpm("curl"))], "fixed": [stream]}))
    assert [(each.ranges[0].fixed, each.repositories) for each in found] == [
        ("", (EL9,)),
        ("8-3.el9_2", (EUS,)),
    ]


def test_what_is_fixed_in_a_repository_of_the_product_is_not_open_in_the_product() -> None:
    fixed = (APPSTREAM, rpm("curl", "8-5.el9", arch="x86_64"))
    found = affected(vex({"known_affected": [(EL9, rpm("curl")), (EL9, rpm("wget"))], "fixed": [fixed]}))
    assert [(each.package, each.ranges[0].fixed) for each in found] == [("curl", "8-5.el9"), ("wget", "")]


def test_a_binary_that_is_not_affected_is_cleared_beside_its_affected_source() -> None:
    cleared = [(EL9, rpm("libcurl-minimal")), (EL9, rpm("curl", arch="src"))]
    found = affected(vex({"known_affected": [(EL9, rpm("curl", arch="src"))], "known_not_affected": cleared}))
    assert [(each.package, each.by_source, each.status) for each in found] == [
        ("curl", True, "affected"),
        ("libcurl-minimal", False, "not_affected"),
    ]


def test_where_nothing_is_affected_the_sources_alone_are_cleared() -> None:
    cleared = [(EL9, rpm("curl")), (EL9, rpm("libcurl")), (EL9, rpm("curl", arch="src"))]
    (found,) = affected(vex({"known_not_affected": cleared}))
    assert (found.package, found.by_source, found.status) == ("curl", True, "not_affected")


def test_what_an_erratum_brought_along_or_a_layered_product_has_clears_nothing() -> None:
    brought = (APPSTREAM, rpm("wget", "1-2.el9", arch="x86_64"))
    layered = ("cpe:/a:redhat:openshift:4", rpm("podman"))
    assert parsed(vex({"known_not_affected": [brought, layered]})) == []


def test_severity_is_the_impact_on_that_product_and_errata_are_aliases_where_they_apply() -> None:
    nine, eight = (
        (APPSTREAM, rpm("curl", "8-5.el9", arch="x86_64")),
        (
            "cpe:/a:redhat:enterprise_linux:8::appstream",
            rpm("curl", "7-5.el8", arch="x86_64"),
        ),
    )
    document = vex(
        {"fixed": [nine, eight]},
        remediations=[
            remedy("vendor_fix", "", nine, url="https://access.redhat.com/errata/RHSA-2024:1234"),
            remedy("vendor_fix", "", eight, url="https://access.redhat.com/errata/RHSA-2024:5678"),
        ],
        impacts={nine: "Low", eight: "Critical"},
        aggregate_severity={"text": "Important"},
    )
    said = {each.affected[0].ecosystem[-1]: each for each in parsed(document) if isinstance(each, Advisory)}
    assert {key: (each.aliases, each.affected[0].severity, each.severity) for key, each in said.items()} == {
        "9": (("RHSA-2024:1234",), "Low", "Important"),
        "8": (("RHSA-2024:5678",), "Critical", "Important"),
    }
    assert said["9"].link == f"https://access.redhat.com/security/cve/{CVE}"
    assert said["9"].modified == "2024-02-03T02:05:06+00:00"


@pytest.mark.parametrize(
    "component", ["pkg:oci/ubi9@sha256:1", "pkg:generic/redhat/rhcos", "pkg:rpm/suse/curl"]
)
def test_what_is_no_package_of_red_hats_is_passed_over(component: str) -> None:
    assert (
        parsed(vex({"known_affected": [(EL9, component), ("cpe:/a:redhat:jboss_fuse:7", "snakeyaml")]})) == []
    )


@pytest.mark.parametrize(
    "odd",
    [
        rpm("firefox-flatpak", "1-1.el9", arch="src", rpmmod="rhel10"),
        rpm("npm", rpmmod=":"),
        rpm("a b"),
        "pkg:rpm/redhat/?arch=src",
        rpm("curl", "8%205", arch="x86_64"),
    ],
)
def test_a_product_that_cannot_be_read_is_a_problem_and_the_others_are_read(odd: str) -> None:
    found = parsed(vex({"known_affected": [(EL9, odd), (EL9, rpm("wget"))]}))
    assert [type(each) for each in found] == [Problem, Advisory]


def test_a_product_that_is_not_in_the_tree_is_passed_over() -> None:
    document = vex({"known_affected": [(EL9, rpm("curl"))]})
    document["vulnerabilities"][0]["product_status"]["known_affected"] += ["nowhere", EL9]  # type: ignore[index]
    assert len(affected(document)) == 1


def test_relationships_in_a_circle_lead_nowhere() -> None:
    document = vex({"known_affected": [(EL9, rpm("curl"))]})
    tree = document["product_tree"]
    assert isinstance(tree, dict)
    tree["relationships"] += [part("a", "b") | {"relates_to_product_reference": id_("b", "a")}]
    document["vulnerabilities"][0]["product_status"] = {"known_affected": [id_("b", "a")]}  # type: ignore[index]
    assert parsed(document) == []


def test_a_document_of_more_values_than_any_has_is_a_problem() -> None:
    document = b'{"x": ":enterprise_linux:", "y": [' + b"0," * 4_000_000 + b"0]}"
    (found,) = [
        each for each in redhat.parse(packed({"a.json": document}), LATEST) if not isinstance(each, Ecosystem)
    ]
    assert isinstance(found, Problem)
    assert "more than 4000000 values" in found.message


def test_a_document_of_its_own_takes_the_place_of_what_the_archive_says() -> None:
    document = json.dumps(vex({"known_affected": [(EL9, rpm("curl"))]})).encode()
    first, *rest = redhat.parse(io.BytesIO(document), URL)
    assert first == Revision(CVE, "2024-02-03T02:05:06+00:00")
    assert [type(each) for each in rest] == [Advisory]


def test_a_deleted_document_leaves_only_the_word_that_it_is_gone() -> None:
    document = vex({"known_affected": [(EL9, rpm("curl"))]})
    document["document"]["tracking"]["status"] = "deleted"  # type: ignore[index]
    assert parsed(document) == []
    (revision,) = redhat.parse(io.BytesIO(json.dumps(document).encode()), URL)
    assert isinstance(revision, Revision)


def test_a_rejected_vulnerability_is_withdrawn() -> None:
    document = vex({"known_affected": [(EL9, rpm("curl"))]})
    document["vulnerabilities"][0]["title"] = "** REJECT ** not a flaw"  # type: ignore[index]
    (found,) = parsed(document)
    assert isinstance(found, Advisory)
    assert found.withdrawn == found.modified


DOCUMENT = vex({"known_affected": [(EL9, rpm("curl"))]})
ODD: list[object] = [
    None,
    [],
    "x",
    7,
    {},
    {"document": []},
    DOCUMENT | {"product_tree": 7},
    DOCUMENT | {"vulnerabilities": [7]},
]


@pytest.mark.parametrize("document", [*ODD, b"{", b"[" * 100_000, b"\xff"], ids=range(len(ODD) + 3))
def test_a_document_of_the_wrong_kind_is_a_problem_in_the_archive_and_refused_alone(document: object) -> None:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    marked = data + b" " * 2 if b":enterprise_linux:" in data else data
    found = list(redhat.parse(packed({"a.json": marked, "b.json": DOCUMENT}), LATEST))
    assert sum(isinstance(each, Advisory) for each in found) >= 1
    with pytest.raises(InvalidDocument):
        list(redhat.parse(io.BytesIO(data), URL))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.sampled_from([CVE, EL9, rpm("curl")]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["product", "branches", "product_id", "purl", "cpe", "fixed", "known_affected", "cve"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(tree=JSON, vulnerability=JSON, status=JSON)
def test_whatever_a_document_holds_it_is_read_or_refused(
    tree: object, vulnerability: object, status: object
) -> None:
    broken = DOCUMENT | {"product_tree": tree}
    other = json.loads(json.dumps(DOCUMENT))
    other["vulnerabilities"][0]["product_status"] = status
    for document in (broken, other, DOCUMENT | {"vulnerabilities": [vulnerability]}):
        try:
            list(redhat.parse(io.BytesIO(json.dumps(document).encode()), URL))
        except InvalidDocument:
            continue


def test_the_archive_alone_declares_the_releases_and_who_rebuilds_them() -> None:
    declared = [
        each for each in redhat.parse(packed({"a.json": DOCUMENT}), LATEST) if isinstance(each, Ecosystem)
    ]
    names = {each.name: each.judged_by for each in declared}
    assert {f"Red Hat:enterprise_linux:{release}" for release in range(4, 11)} < names.keys()
    assert names["CentOS:8"] == "Red Hat:enterprise_linux:8"
    assert all(each.end_of_life for each in declared if each.judged_by)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b"", []),
        (b'"2023/cve-2023-0030.json","2024-11-02T10:12:13+00:00"\n', ["CVE-2023-0030"]),
        (b"2023/cve-2023-0030.json,2024-11-02T10:12:13Z", ["CVE-2023-0030"]),
    ],
)
def test_what_was_deleted_is_taken_back(document: bytes, expected: list[str]) -> None:
    found = list(redhat.parse(io.BytesIO(document), DELETIONS))
    assert found == [Revision(name, "2024-11-02T10:12:13+00:00") for name in expected]


@pytest.mark.parametrize(
    "line",
    [
        b"<html>",
        b'"../../etc/passwd","2024-11-02T10:12:13+00:00"',
        b'"2023/cve-2023-0030.json","soon"',
        b"\0" * 999,
    ],
)
def test_a_list_of_something_else_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidDocument):
        list(redhat.parse(io.BytesIO(line), DELETIONS))


def test_repositories_have_the_cpes_that_their_map_gives_them() -> None:
    said = {"last": 7, "data": {"a": {"cpes": [f" {APPSTREAM}"]}, "b": {"cpes": [7]}, "c": []}}
    first, *rest = redhat.parse(io.BytesIO(json.dumps(said).encode()), REPOSITORIES)
    assert first == Repository("a", (APPSTREAM,))
    assert [type(each) for each in rest] == [Problem, Problem]
    with pytest.raises(InvalidDocument):
        list(redhat.parse(io.BytesIO(b'{"data": {"a": '), REPOSITORIES))
