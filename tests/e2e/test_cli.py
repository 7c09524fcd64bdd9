"""The command line as a person uses it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SYSTEM = {
    "etc/os-release": b'ID=alpine\nVERSION_ID=3.18.2\nPRETTY_NAME="Alpine Linux v3.18"\n',
    "lib/apk/db/installed": b"P:libssl3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\nP:zlib\nV:99-r0\no:zlib\n\n",
}


@pytest.fixture(scope="module")
def layout(make_layout: Callable[..., Path]) -> Path:
    return make_layout(SYSTEM)


def test_a_layout_is_scanned_without_a_server(careen: Callable[..., Any], layout: Path) -> None:
    scanned = careen("scan", str(layout), "--format", "json")
    document = json.loads(scanned.stdout)
    assert scanned.returncode == 0, scanned.stderr
    assert document["distro"]["ecosystem"] == "Alpine:v3.18"
    assert sum(document["counts"].values()) == len(document["findings"]) > 0
    assert {finding["package"] for finding in document["findings"]} == {"libssl3"}


def test_the_same_image_and_snapshot_give_the_same_bytes(careen: Callable[..., Any], layout: Path) -> None:
    outputs = {
        careen("scan", str(layout), "--format", "json", CAREEN_WORKERS=workers).stdout for workers in "124"
    }
    assert len(outputs) == 1


def test_a_docker_archive_gives_the_same_findings_as_the_layout(
    careen: Callable[..., Any], layout: Path, skopeo: Callable[..., None], tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    skopeo("copy", f"oci:{layout}", f"docker-archive:{archive}:app:1")
    from_layout = json.loads(careen("scan", str(layout), "--format", "json").stdout)
    from_archive = json.loads(careen("scan", str(archive), "--format", "json").stdout)
    assert [finding["id"] for finding in from_archive["findings"]] == [
        finding["id"] for finding in from_layout["findings"]
    ]


def test_a_reference_is_pulled_from_its_registry(
    careen: Callable[..., Any], layout: Path, server: Any, skopeo: Callable[..., None]
) -> None:
    repository = server.push(skopeo, layout, "cli/app")
    scanned = careen("scan", f"127.0.0.1:{server.http_port}/{repository}:latest", "--format", "json")
    assert scanned.returncode == 0, scanned.stderr
    assert json.loads(scanned.stdout)["findings"]


def test_an_imported_image_is_in_the_running_registry(
    careen: Callable[..., Any], layout: Path, server: Any
) -> None:
    repository = f"{server.registry_id()}/cli/imported"
    imported = careen("import", str(layout), f"{repository}:1.0", CAREEN_DATA=str(server.data))
    assert imported.returncode == 0, imported.stderr
    image = server.image(repository)
    assert image["tags"] == ["1.0"]
    told = [json.loads(line) for line in (server.data / "audit.jsonl").read_text().splitlines()]
    made = [each for each in told if each["details"].get("repository_name") == repository]
    assert {each["authentication"]["subject_name"] for each in made} == {"command line"}
    assert len(made) == 3  # the repository, the image, the tag
    assert server.scan(image["id"])["response"]["status"] == "READY"


def test_a_finding_is_explained_and_so_is_its_absence(careen: Callable[..., Any], layout: Path) -> None:
    (first, *_) = json.loads(careen("scan", str(layout), "--format", "json").stdout)["findings"]
    proved = careen("explain", str(layout), first["id"])
    assert proved.returncode == 0, proved.stderr
    assert f"{first['id']} is in libssl3 3.1.1-r1 (source openssl 3.1.1-r1)" in proved.stdout
    assert "lib/apk/db/installed" in proved.stdout
    document = json.loads(careen("explain", str(layout), first["id"], "openssl", "--format", "json").stdout)
    assert [finding["id"] for finding in document["findings"]] == [first["id"]]
    absent = careen("explain", str(layout), "CVE-1999-9999")
    assert (absent.returncode, absent.stdout) == (0, "CVE-1999-9999: no feed of this snapshot names it\n")


def test_the_table_is_for_people(careen: Callable[..., Any], layout: Path) -> None:
    scanned = careen("scan", str(layout))
    assert scanned.returncode == 0
    assert "CVE-2023-5363" in scanned.stdout
    assert "3.1.4-r0" in scanned.stdout
    assert "Alpine Linux v3.18" in scanned.stdout


def test_a_file_can_be_written_instead(careen: Callable[..., Any], layout: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    scanned = careen("scan", str(layout), "--format", "json", "--output", str(output))
    assert scanned.stdout == ""
    assert json.loads(output.read_text())["findings"]


@pytest.mark.parametrize(("severity", "status"), [("undefined", 3), ("medium", 3)])
def test_a_finding_as_bad_as_asked_for_is_exit_status_3(
    careen: Callable[..., Any], layout: Path, severity: str, status: int
) -> None:
    assert careen("scan", str(layout), "--fail-on", severity).returncode == status


def test_an_image_without_findings_does_not_fail_the_build(
    careen: Callable[..., Any], make_layout: Callable[..., Path]
) -> None:
    clean = SYSTEM | {"lib/apk/db/installed": b"P:zlib\nV:99-r0\no:zlib\n\n"}
    assert careen("scan", str(make_layout(clean)), "--fail-on", "undefined").returncode == 0


def test_an_image_that_cannot_be_judged_is_an_error_that_says_why(
    careen: Callable[..., Any], make_layout: Callable[..., Path]
) -> None:
    scanned = careen("scan", str(make_layout({"bin/hello": b"hi"})), "--format", "json")
    assert scanned.returncode == 1
    assert [problem["kind"] for problem in json.loads(scanned.stdout)["problems"]] == ["no-packages"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan", "no/such/folder"], "no/such/folder"),
        (["scan", "127.0.0.1:1/nothing:1"], "127.0.0.1:1"),
        (["scan", ".", "--format", "poem"], "poem"),
        (["scan", ".", "--fail-on", "bad"], "bad"),
        (["scan", ".", "--platform", "////"], "platform"),
        (["import", ".", "Not A Name"], "Not A Name"),
        (["feeds", "update", "--only", "gazette"], "gazette"),
    ],
)
def test_a_mistake_gets_a_sentence_and_no_trace(
    careen: Callable[..., Any], arguments: list[str], said: str
) -> None:
    failed = careen(*arguments)
    assert failed.returncode in {1, 2}
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


def test_without_a_snapshot_offline_refuses(careen: Callable[..., Any], layout: Path, tmp_path: Path) -> None:
    refused = careen("scan", str(layout), "--offline", CAREEN_DATA=str(tmp_path / "empty"))
    assert refused.returncode == 1
    assert "snapshot" in refused.stderr


def test_an_upgrade_makes_a_database_where_there_is_none(careen: Callable[..., Any], tmp_path: Path) -> None:
    upgraded = careen("upgrade", CAREEN_DATA=str(tmp_path / "new"))
    assert upgraded.returncode == 0, upgraded.stderr
    assert (tmp_path / "new" / "careen.db").exists()


def test_the_feeds_status_names_every_feed(careen: Callable[..., Any]) -> None:
    status = careen("feeds", "status")
    assert status.returncode == 0
    for name in ("debian", "alpine", "PyPI"):
        assert name in status.stdout


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CAREEN_HTTP", "nowhere"),
        ("CAREEN_AUTH", "maybe"),
        ("CAREEN_WORKERS", "many"),
        ("CAREEN_DATA", "/proc/careen"),
        ("CAREEN_BLOBS", "/proc/careen"),
        ("CAREEN_DATABASE_URL", "mysql://localhost/careen"),
        ("CAREEN_BUDGET_INFLATED_BYTES", "lots"),
    ],
)
def test_a_setting_that_cannot_be_is_named(careen: Callable[..., Any], setting: str, value: str) -> None:
    refused = careen("serve", **{setting: value})
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert refused.stderr.strip()
