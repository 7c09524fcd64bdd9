"""One careen takes over another: what a client of the old one reads, it reads from the new one alike."""

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from careen.store.database import Database

pytestmark = pytest.mark.e2e

STRANGER = "ajeabcdefghijklmnopq"  # a service account that only the source knows
Migrate = Callable[..., "subprocess.CompletedProcess[str]"]


def images_of(server: Any) -> list[dict[str, Any]]:
    with server.client() as http:
        query = {"registryId": server.registry_id()}
        answer = http.get("/container-registry/v1/images", params=query).raise_for_status()
    images: list[dict[str, Any]] = answer.json()["images"]
    return images


def reported(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_every_read_method_answers_alike_on_both_sides(
    target: Any, migrate: Migrate, alike: Callable[..., None]
) -> None:
    done = migrate("--format", "json")
    report = reported(done)
    assert done.returncode == 0, report
    assert report["agrees"]
    assert report["counts"]["images"] == {"source": 4, "careen": 4, "to_come": 0}
    assert [each["subject"]["id"] for each in report["disabled_access_bindings"]] == [STRANGER, STRANGER]
    target.start()
    alike()


def test_images_are_pulled_by_their_old_names_and_scan_by_their_old_ids(
    own_source: Any, target: Any, migrate: Migrate, skopeo: Callable[..., None], tmp_path: Path
) -> None:
    images = [image for image in images_of(own_source) if "signature" not in image.get("tags", [])]
    assert migrate("--registry", own_source.registry_id(), of=own_source).returncode == 0
    own_source.kill()
    target.start()
    for image in images:
        for name in (*(f":{tag}" for tag in image.get("tags", [])), f"@{image['digest']}"):
            reference = f"docker://127.0.0.1:{target.http_port}/{image['name']}{name}"
            skopeo("copy", "--src-tls-verify=false", reference, f"oci:{tmp_path}/{image['id']}:x")
        ended = target.scan(image["id"])
        assert ended["response"]["status"] == "READY", ended


def test_run_again_it_brings_only_what_is_new(
    own_source: Any, migrate: Migrate, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    assert migrate(of=own_source).returncode == 0
    again = reported(migrate("--format", "json", of=own_source))
    assert again["agrees"]
    assert again["bytes"] == 0
    base = {"etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n"}
    own_source.push(skopeo, make_layout(base, {"srv/new": b"3" * 10}), "shop/new")
    more = reported(migrate("--format", "json", of=own_source))
    assert more["agrees"]
    assert 0 < more["bytes"] < 2000  # a config and two small layers
    assert more["counts"]["repositories"]["careen"] == 3


def test_what_may_not_be_pulled_is_told_and_stops_nothing_else(own_source: Any, migrate: Migrate) -> None:
    registry, number = own_source.registry_id(), len(images_of(own_source))
    path = f"/container-registry/v1/registries/{registry}:setIpPermission"
    with own_source.client() as http:
        permission = {"action": "PULL", "ip": "192.0.2.0/24"}
        http.post(path, json={"ipPermission": [permission]}).raise_for_status()
    done = migrate("--format", "json", of=own_source)
    report = reported(done)
    assert done.returncode == 1
    assert len(report["failures"]) == number
    assert all("may not be read" in failure for failure in report["failures"])
    assert report["counts"]["lifecycle_policies"] == {"source": 1, "careen": 1, "to_come": 0}
    with own_source.client() as http:
        http.post(path, json={}).raise_for_status()
    assert migrate(of=own_source).returncode == 0


def test_an_image_of_another_algorithm_comes_by_its_own_digest(
    own_source: Any, target: Any, migrate: Migrate
) -> None:
    name = next(image["name"] for image in images_of(own_source) if image.get("tags"))
    with own_source.client() as http:
        image = http.get(f"/v2/{name}/manifests/latest")
        path = f"/v2/{name}/manifests/sha512:{hashlib.sha512(image.content).hexdigest()}"
        headers = {"content-type": image.headers["content-type"]}
        http.put(path, content=image.content, headers=headers).raise_for_status()
    done = migrate("--format", "json", of=own_source)
    assert done.returncode == 0, done.stdout
    target.start()
    with target.client() as http:
        assert http.get(path).raise_for_status().content == image.content


def test_a_dry_run_says_what_would_come_and_writes_nothing(
    source: Any, target: Any, migrate: Migrate
) -> None:
    report = reported(migrate("--dry-run", "--format", "json"))
    assert report["dry_run"]
    assert report["counts"]["images"] == {"source": 4, "careen": 0, "to_come": 4}
    blobs = {
        blob["digest"]: int(blob["size"])
        for image in images_of(source)
        for blob in (image.get("config"), *image.get("layers", []))
        if blob
    }
    assert report["bytes"] == sum(blobs.values())
    with Database(f"sqlite:///{target.data}/careen.db").read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM registries")) == 0


def test_an_id_that_is_taken_stops_it_before_anything_is_written(
    source: Any, target: Any, migrate: Migrate
) -> None:
    image = images_of(source)[0]
    assert migrate("--dry-run").returncode == 0  # which makes the database
    database = Database(f"sqlite:///{target.data}/careen.db")
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO registries (id, folder_id, name, created_at, labels)"
                " VALUES (:id, 'elsewhere', 'other', 0, '{}')"
            ),
            {"id": image["id"]},
        )
    done = migrate()
    assert done.returncode == 1
    assert f"{image['id']} is of the images at the source, and of the registries here" in done.stderr
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM registries")) == 1
    database.close()


@pytest.fixture
def guarded_source(server_on: Callable[..., Any]) -> Iterator[Any]:
    """A source that asks who is there."""
    server = server_on(CAREEN_AUTH="on")
    server.start()
    yield server
    server.kill()


def account(careen: Callable[..., Any], server: Any, name: str, role: str, folder: Path) -> str:
    key = str(folder / f"{name}.json")
    made = careen("account", "create", name, "--role", role, "--key-file", key, CAREEN_DATA=str(server.data))
    assert made.returncode == 0, made.stderr
    return key


def test_a_service_account_of_the_source_brings_it_home(
    careen: Callable[..., Any], guarded_source: Any, target: Any, migrate: Migrate, tmp_path: Path
) -> None:
    key = account(careen, guarded_source, "mover", "container-registry.admin", tmp_path)
    done = migrate("--credentials", key, "--format", "json", of=guarded_source)
    assert done.returncode == 0, done.stdout + done.stderr
    private = json.loads(Path(key).read_text())["private_key"]
    assert private not in done.stdout + done.stderr
    assert "t1." not in done.stdout + done.stderr + guarded_source.log()


def test_what_a_lesser_role_may_not_read_is_said(
    careen: Callable[..., Any], guarded_source: Any, migrate: Migrate, tmp_path: Path
) -> None:
    key = account(careen, guarded_source, "editor", "container-registry.editor", tmp_path)
    done = migrate("--credentials", key, "--format", "json", of=guarded_source)
    assert done.returncode == 1
    report = reported(done)
    assert any("access bindings of registry" in remark for remark in report["remarks"])
    assert report["counts"]["images"]["careen"] == 4


def test_a_certificate_that_is_not_trusted_is_hinted_at(
    source: Any, target: Any, careen: Callable[..., Any]
) -> None:
    done = careen(
        "migrate",
        "--from",
        f"localhost:{source.grpc_port}",
        CAREEN_DATA=str(target.data),
        GRPC_VERBOSITY="NONE",
    )
    assert done.returncode == 1
    assert "--ca names who signed its certificate" in done.stderr


def test_nobody_is_told_who_is_missing(guarded_source: Any, migrate: Migrate) -> None:
    done = migrate(of=guarded_source)
    assert done.returncode == 1
    assert "UNAUTHENTICATED" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "nowhere"], "--from is HOST:PORT"),
        ([], "--from is HOST:PORT of the source's gRPC API, not 'missing'"),
        (["--from", "localhost:1", "--ca", "missing.pem"], "missing.pem cannot be read"),
        (["--from", "localhost:1", "--credentials", "missing.json"], "missing.json cannot be read"),
        (["--from", "localhost:1", "--iam-token-env", "NO_SUCH"], "no token in NO_SUCH"),
        (["--from-backup", "backup.tar"], "backup.tar: the form of the metadata backups is not published"),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(
    careen: Callable[..., Any], arguments: list[str], said: str
) -> None:
    done = careen("migrate", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
