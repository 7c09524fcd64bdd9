"""How Amazon's errata are found, and what they say of builds."""

import gzip
import hashlib
import io
from pathlib import Path

import pytest

from careen.feeds import amazon
from careen.feeds.document import Cursor, InvalidDocument
from careen.feeds.http import Http
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem

LISTS = {
    "1": "http://repo.us-west-2.amazonaws.com/2018.03/updates/x86_64/mirror.list",
    "2": "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list",
    "2023": "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list",
}
URL = LISTS["2"]
MIRROR = "https://cdn.amazonlinux.com/2/core/2.0/x86_64/221a4af09d96"
ERRATA = gzip.compress(b"<updates><update type='security'><id>ALAS2-2024-1</id></update></updates>")
SHA256 = hashlib.sha256(ERRATA).hexdigest()


def publish(mirror: Path, url: str, content: bytes) -> None:
    path = mirror / url.partition("://")[2]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def repomd(href: str = "repodata/updateinfo.xml.gz", sha256: str = SHA256) -> bytes:
    checksum = f'<checksum type="sha256">{sha256}</checksum>' if sha256 else ""
    data = f'<data type="primary"/><data type="updateinfo">{checksum}<location href="{href}"/></data>'
    return f'<repomd xmlns="http://linux.duke.edu/metadata/repo">{data}</repomd>'.encode()


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """What Amazon publishes, as of today for the one release."""
    folder = tmp_path / "mirror"
    publish(folder, URL, f"{MIRROR}\n\n".encode())
    publish(folder, f"{MIRROR}/repodata/repomd.xml", repomd())
    publish(folder, f"{MIRROR}/repodata/updateinfo.xml.gz", ERRATA)
    return folder


def fetch(mirror: Path, seen: Cursor | None = None) -> tuple[dict[str, bytes], dict[str, str]]:
    """Documents and failures by URL."""
    with Http(str(mirror)) as http:
        fetched = amazon.fetch(http, seen or Cursor(mirror.parent / "kept"))
    assert fetched
    documents = {each.url: each.path.read_bytes() for each in fetched.documents}
    return documents, {each.url: each.message for each in fetched.failures}


def test_errata_are_kept_under_the_url_of_the_list_and_what_cannot_be_had_is_told(mirror: Path) -> None:
    documents, failures = fetch(mirror)
    assert documents == {URL: ERRATA}
    assert failures.keys() == {LISTS["1"], LISTS["2023"]}


def test_errata_are_had_once_as_long_as_the_repository_names_the_same_file(mirror: Path) -> None:
    with Http(str(mirror)) as http:
        first = amazon.fetch(http, Cursor(mirror.parent / "kept"))
        assert first
        (document,) = first.documents
        again = amazon.fetch(http, Cursor(mirror.parent / "kept", {URL: document}))
    assert again
    assert again.documents == ()
    assert [failure.url for failure in again.failures] == [LISTS["1"], LISTS["2023"]]


def test_the_next_mirror_is_asked_where_one_fails(mirror: Path) -> None:
    publish(mirror, URL, f"https://cdn.amazonlinux.com/2/core/gone\n{MIRROR}/\n".encode())
    assert fetch(mirror)[0] == {URL: ERRATA}


@pytest.mark.parametrize(
    "listed",
    [
        "https://evil.example/repository",
        "http://169.254.169.254/latest/meta-data",
        "http://cdn.amazonlinux.com/2/core",  # not encrypted
        "https://cdn.amazonlinux.com.evil.example/2/core",
        "https://cdn.amazonlinux.com@evil.example/2/core",
        "https://cdn.amazonlinux.com:8080/2/core",
        "https://cdn.amazonlinux.com/2/../core",
        "https://cdn.amazonlinux.com/2/core?x=y",
        "file:///etc",
        "/etc",
    ],
)
def test_no_host_but_amazon_s_own_is_asked(mirror: Path, listed: str) -> None:
    publish(mirror, URL, f"{listed}\n".encode())
    documents, failures = fetch(mirror)
    assert documents == {}
    assert failures[URL] == f"{URL} names no mirror of Amazon's"


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example/updateinfo.xml.gz",
        "//evil.example/updateinfo.xml.gz",
        "/repodata/updateinfo.xml.gz",
        "repodata/../../updateinfo.xml.gz",
        "repodata/.xml",
        "repodata/updateinfo.xml.gz?x",
        "../repodata/updateinfo.xml.gz",
        "",
    ],
)
def test_a_path_out_of_the_repository_is_not_followed(mirror: Path, href: str) -> None:
    publish(mirror, f"{MIRROR}/repodata/repomd.xml", repomd(href))
    documents, failures = fetch(mirror)
    assert documents == {}
    assert "the errata are at" in failures[URL]


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (repomd(sha256="0" * 64), "is not the file that its repository speaks of"),
        (b"<repomd><data type='primary'/></repomd>", "a repository without errata"),
        (b"<html>", "'html', not of 'repomd'"),
        (b'<!DOCTYPE repomd SYSTEM "x"><repomd/>', "document type declaration"),
    ],
)
def test_a_repository_that_is_not_sound_is_told(mirror: Path, index: bytes, reason: str) -> None:
    publish(mirror, f"{MIRROR}/repodata/repomd.xml", index)
    documents, failures = fetch(mirror)
    assert documents == {}
    assert reason in failures[URL]


def test_a_repository_need_not_name_a_checksum(mirror: Path) -> None:
    publish(mirror, f"{MIRROR}/repodata/repomd.xml", repomd(sha256=""))
    assert fetch(mirror)[0] == {URL: ERRATA}


def update(
    packages: str, *, cves: tuple[str, ...] = ("CVE-2024-1001",), kind: str = "security", more: str = ""
) -> str:
    references = "".join(f'<reference type="cve" id="{cve}"/>' for cve in cves)
    return (
        f"<update type='{kind}'><id>ALAS2023-2024-501</id><severity>important</severity>{more}"
        f"<references>{references}</references><pkglist><collection>{packages}</collection></pkglist></update>"
    )


def package(arch: str, version: str = "1.0", epoch: str = "0") -> str:
    return f'<package name="a" epoch="{epoch}" version="{version}" release="1.amzn2023" arch="{arch}"/>'


def parse(*updates: str, release: str = "2023") -> list[Ecosystem | Advisory | Problem]:
    document = f"<updates>{''.join(updates)}</updates>".encode()
    return list(amazon.parse(io.BytesIO(gzip.compress(document)), LISTS[release]))


def entry(fixed: str, *arches: str) -> Affected:
    return Affected("Amazon Linux:2023", "a", (Range(fixed=fixed),), arches=arches)


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        pytest.param(
            package("x86_64") + package("aarch64") + package("src"),
            [entry("0:1.0-1.amzn2023")],
            id="one fix on all machines is for any architecture",
        ),
        pytest.param(package("noarch"), [entry("0:1.0-1.amzn2023")], id="a build for any machine"),
        pytest.param(
            package("x86_64") + package("i686"),
            [entry("0:1.0-1.amzn2023", "i686", "x86_64")],
            id="what is built for some machines only",
        ),
        pytest.param(
            package("x86_64", "1.2") + package("aarch64", "1.1"),
            [entry("0:1.1-1.amzn2023", "aarch64"), entry("0:1.2-1.amzn2023", "x86_64")],
            id="another fix on each machine",
        ),
        pytest.param(
            package("noarch", "1.10") + package("noarch", "1.9"),
            [entry("0:1.9-1.amzn2023")],
            id="the lowest of two builds for the same machine",
        ),
        pytest.param(package("noarch", epoch="2"), [entry("2:1.0-1.amzn2023")], id="an epoch"),
        pytest.param(package("noarch", epoch=""), [entry("0:1.0-1.amzn2023")], id="no epoch is 0"),
        pytest.param(package("src"), [], id="nobody installs sources"),
    ],
)
def test_packages_say_which_builds_are_affected(packages: str, expected: list[Affected]) -> None:
    (advisory,) = (said for said in parse(update(packages)) if isinstance(said, Advisory))
    assert list(advisory.affected) == expected


def test_an_erratum_is_an_advisory_for_each_cve_and_is_linked_to_its_page() -> None:
    more = '<issued date="2024-02-01T03:04:05Z"/><updated date="2024-02-02 03:04"/>'
    _, *advisories = parse(update(package("noarch"), cves=("CVE-2024-1001", "CVE-2024-1002"), more=more))
    assert [each.id for each in advisories if isinstance(each, Advisory)] == [
        "CVE-2024-1001",
        "CVE-2024-1002",
    ]
    for each in advisories:
        assert isinstance(each, Advisory)
        assert (each.aliases, each.severity) == (("ALAS2023-2024-501",), "important")
        assert each.link == "https://alas.aws.amazon.com/AL2023/ALAS-2024-501.html"
        assert (each.published, each.modified) == ("2024-02-01T03:04:05Z", "2024-02-02T03:04:00Z")


@pytest.mark.parametrize(
    ("kind", "cves", "expected"),
    [
        ("security", (), ["ALAS2023-2024-501"]),
        ("bugfix", (), []),
        ("enhancement", (), []),
        ("bugfix", ("CVE-2024-1001",), ["CVE-2024-1001"]),
        ("", (), ["ALAS2023-2024-501"]),
    ],
)
def test_without_a_cve_only_an_erratum_of_security_is_a_vulnerability(
    kind: str, cves: tuple[str, ...], expected: list[str]
) -> None:
    said = parse(update(package("noarch"), cves=cves, kind=kind))
    assert [each.id for each in said if isinstance(each, Advisory)] == expected


def test_all_releases_of_amazon_linux_1_are_judged_by_its_one_repository() -> None:
    (ecosystem, *_) = parse(update(package("noarch")), release="1")
    assert isinstance(ecosystem, Ecosystem)
    assert ecosystem.name == "Amazon Linux:2018.03"
    assert "Amazon Linux:2017.09" in ecosystem.aliases


def test_an_erratum_that_cannot_be_read_is_a_problem_and_hides_no_other() -> None:
    wrong = update(package("x86_64", version="1 2"))
    said = parse(wrong, update(""), update(package("noarch")).replace("ALAS2023-2024-501", ""))
    assert [type(each) for each in said] == [Ecosystem, Problem, Advisory, Problem]


def test_a_document_of_an_unknown_release_is_refused() -> None:
    with pytest.raises(InvalidDocument):
        list(amazon.parse(io.BytesIO(b"<updates/>"), "https://cdn.amazonlinux.com/4/mirror.list"))
