"""Images of rpm distributions, from their databases of packages to findings and their proof."""

import bz2
import io
import json
import sqlite3
import struct
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

pytestmark = pytest.mark.e2e

TESTDATA = Path(__file__).parents[1] / "feeds" / "testdata"
DATA = "security.access.redhat.com/data"
UBI = 'ID="rhel"\nVERSION_ID="{}"\nPRETTY_NAME="Red Hat Enterprise Linux {}"\n'
APPSTREAM = "rhel-9-for-x86_64-appstream-rpms"
BASEOS = "rhel-9-for-x86_64-baseos-rpms"
EUS = "rhel-9-for-x86_64-appstream-eus-rpms"
CPES = {
    APPSTREAM: ["cpe:/a:redhat:enterprise_linux:9::appstream"],
    BASEOS: ["cpe:/o:redhat:enterprise_linux:9::baseos"],
    EUS: ["cpe:/a:redhat:rhel_eus:9.0::appstream", "cpe:/a:redhat:rhel_eus:9.2::appstream"],
}
Scan = Callable[..., Any]


def rpmdb(*packages: str) -> bytes:
    """A database as rpm 4.16 writes it: NAME VERSION RELEASE SOURCE [MODULE [EPOCH]] each."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        blobs = [(header(*package.split()),) for package in packages]
        database.executemany("INSERT INTO Packages (blob) VALUES (?)", blobs)
        database.commit()
        return database.serialize()


def header(name: str, version: str, release: str, source: str, module: str = "", epoch: str = "") -> bytes:
    texts = {1000: name, 1001: version, 1002: release, 1022: "x86_64"}
    texts |= {1044: f"{source}-{version}-{release}.src.rpm", 5096: module}
    entries, data = b"", b""
    if epoch:
        entries, data = struct.pack(">IIII", 1003, 4, 0, 1), struct.pack(">I", int(epoch))
    for tag, text in texts.items():
        entries += struct.pack(">IIII", tag, 6, len(data), 1)
        data += text.encode() + b"\0"
    return struct.pack(">II", len(entries) // 16, len(data)) + entries + data


def packed(folder: Path, prefix: str) -> bytes:
    """The documents of a folder in a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, f"{prefix}/{path.name}")
    return buffer.getvalue()


def ubi(*packages: str, release: str = "9.4", repositories: tuple[str, ...] = ()) -> Mapping[str, bytes]:
    files = {
        "etc/os-release": UBI.format(release, release).encode(),
        "var/lib/rpm/rpmdb.sqlite": rpmdb(*packages),
    }
    if repositories:
        manifest = {"metadata": {"icm_version": 1}, "content_sets": repositories}
        files["root/buildinfo/content_manifests/ubi9-container-9.4-1.json"] = json.dumps(manifest).encode()
    return files


@pytest.fixture(scope="module")
def advised(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data folder that is empty yet, and a mirror with a few of the real documents."""
    mirror = tmp_path_factory.mktemp("mirror")
    vex = mirror / DATA / "csaf/v2/vex"
    vex.mkdir(parents=True)
    documents = packed(TESTDATA / "redhat/archive-real/input.tar.zst", "2024")
    (vex / "csaf_vex_2026-03-25.tar.zst").write_bytes(zstandard.compress(documents))
    (vex / "archive_latest.txt").write_text("csaf_vex_2026-03-25.tar.zst")
    (vex / "changes.csv").write_text('"2026/cve-2026-0968.json","2026-03-26T00:00:00+00:00"\n')
    (vex / "deletions.csv").touch()
    (vex / "2026").mkdir()
    changed = (TESTDATA / "redhat/changed-real/input.json").read_bytes()
    (vex / "2026/cve-2026-0968.json").write_bytes(changed)
    (mirror / DATA / "metrics").mkdir()
    known = {"data": {id_: {"cpes": cpes} for id_, cpes in CPES.items()}}
    (mirror / DATA / "metrics/repository-to-cpe.json").write_text(json.dumps(known))
    suse = mirror / "ftp.suse.com/pub/projects/security"
    suse.mkdir(parents=True)
    documents = packed(TESTDATA / "suse/archive-cut/input.tar.bz2", "csaf-vex")
    (suse / "csaf-vex.tar.bz2").write_bytes(bz2.compress(documents))
    return tmp_path_factory.mktemp("data"), mirror


@pytest.fixture
def scan(careen: Callable[..., Any], advised: tuple[Path, Path], make_layout: Callable[..., Path]) -> Scan:
    data, mirror = advised
    settings = {"CAREEN_DATA": str(data), "CAREEN_FEEDS_MIRROR": str(mirror), "CAREEN_FEEDS": "redhat,suse"}

    def run(files: Mapping[str, bytes], command: str = "scan", *arguments: str) -> Any:
        done = careen(command, str(make_layout(files)), *arguments, "--format", "json", **settings)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    return run


def found(document: Any) -> dict[tuple[str, str], tuple[str, str, str]]:
    return {
        (finding["id"], finding["package"]): (finding["severity"], finding["status"], finding["fixed_by"])
        for finding in document["findings"]
    }


def test_a_ubi_image_is_judged_by_the_repositories_that_its_manifest_names(scan: Scan) -> None:
    packages = (
        "libcurl 7.76.1 23.el9_2.1 curl",
        "libssh 0.10.4 13.el9 libssh",
        "golang-race 1.21.1 1.el9 golang",
        "openssl-libs 3.0.7 25.el9_3 openssl - 1",
    )
    document = scan(ubi(*packages, repositories=(APPSTREAM, BASEOS)))
    assert document["problems"] == []
    assert found(document) == {
        ("CVE-2023-38545", "libcurl"): ("HIGH", "fixed", "7.76.1-23.el9_2.4"),
        ("CVE-2026-0968", "libssh"): ("LOW", "affected", ""),
        ("CVE-2026-27142", "golang-race"): ("MEDIUM", "deferred", ""),
        ("CVE-2024-0727", "openssl-libs"): ("LOW", "fixed", "1:3.0.7-27.el9"),
    }
    aliases = {finding["id"]: finding["aliases"] for finding in document["findings"]}
    assert "RHSA-2023:5763" in aliases["CVE-2023-38545"]
    assert not any("confidence" in finding["evidence"] for finding in document["findings"])


@pytest.mark.parametrize(
    ("version", "repositories", "fixed_by"),
    [
        ("7.76.1 23.el9_2.4", (APPSTREAM,), None),
        ("7.76.1 14.el9_0.5", (EUS,), "7.76.1-14.el9_0.9"),
        ("7.76.1 26.el9", (), "7.76.1-26.el9_3.2"),
    ],
)
def test_which_fix_counts_depends_on_the_repositories(
    scan: Scan, version: str, repositories: tuple[str, ...], fixed_by: str | None
) -> None:
    document = scan(ubi(f"libcurl {version} curl", release="9.0", repositories=repositories))
    assert [finding["fixed_by"] for finding in document["findings"]] == ([fixed_by] if fixed_by else [])
    confidences = [finding["evidence"].get("confidence") for finding in document["findings"]]
    assert confidences == ([None if repositories else "low"] if fixed_by else [])


def test_r9_only_the_module_that_is_meant_is_affected(scan: Scan) -> None:
    in_module = "golang-bin 1.21.0 1.module+el8.9.0+1+a golang go-toolset:rhel8:8090020230101000000:ctx"
    other = "golang-docs 1.21.0 1.module+el8.9.0+1+a golang other:rhel8:8090020230101000000:ctx"
    plain = "golang-misc 1.21.0 1.el8 golang"
    document = scan(ubi(in_module, other, plain, release="8.9"))
    assert [finding["package"] for finding in document["findings"]] == ["golang-bin"]


def test_why_not_is_told_by_the_record_that_clears_it(scan: Scan) -> None:
    document = scan(ubi("libcurl-minimal 7.61.1 33.el8 curl", release="8.9"), "explain", "CVE-2023-38545")
    assert document["findings"] == []
    assert any("not affected" in reason["because"] for reason in document["not"])


def test_centos_is_judged_by_red_hats_advisories_and_stream_is_not(scan: Scan) -> None:
    files = dict(ubi("libcurl 7.76.1 26.el9 curl"))
    files["etc/os-release"] = b'ID="centos"\nVERSION_ID="9"\nPRETTY_NAME="CentOS Stream 9"\n'
    document = scan(files)
    assert (document["findings"], [each["kind"] for each in document["problems"]]) == ([], ["no-feed"])
    files["etc/os-release"] = b'ID="centos"\nVERSION_ID="8"\nPRETTY_NAME="CentOS Linux 8"\n'
    assert [each["kind"] for each in scan(files)["problems"]] == ["end-of-life"]


def test_a_bci_image_is_judged_by_the_service_pack_that_it_is_of(scan: Scan) -> None:
    packages = (
        "python311-aiohttp 3.8.5 150400.10.8.1 python-aiohttp",
        "python311-aiohttp 3.9.3 150400.10.14.1 python-aiohttp",
    )
    judged = {}
    for pack in ("15.4", "15.5"):
        files = {
            "etc/os-release": f'ID="sles"\nVERSION_ID="{pack}"\n'.encode(),
            "usr/lib/sysimage/rpm/rpmdb.sqlite": rpmdb(*packages),
        }
        document = scan(files)
        assert [each["kind"] for each in document["problems"]] == ["end-of-life"]
        judged[pack] = [
            (each["version"], each["fixed_by"], each["severity"], each["evidence"].get("remarks"))
            for each in document["findings"]
        ]
    fixed = "3.9.3-150400.10.14.1"
    paid = ["the fix needs SUSE's Long Term Service Pack Support"]
    assert judged == {
        "15.4": [("3.8.5-150400.10.8.1", fixed, "MEDIUM", paid)],
        "15.5": [("3.8.5-150400.10.8.1", fixed, "MEDIUM", None)],
    }
