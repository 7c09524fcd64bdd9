"""One careen takes over another: what a client of the old one reads, it reads from the new one alike."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from careen.store.database import Database

pytestmark = pytest.mark.e2e

PACKAGES = b"P:libcrypto3\nV:3.1.1-r0\no:openssl\n\nP:busybox\nV:1.36.0-r9\no:busybox\n\n"
OS = b"ID=alpine\nVERSION_ID=3.18.2\n"
STRANGER = "ajeabcdefghijklmnopq"  # a service account that only the source knows
BASE = {"etc/os-release": OS, "lib/apk/db/installed": PACKAGES}


@pytest.fixture
def source(new_server: Callable[..., Any]) -> Iterator[Any]:
    server = new_server()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def target(new_server: Callable[..., Any]) -> Iterator[Any]:
    server = new_server()
    server.start()
    yield server
    server.kill()


Migrate = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def migrate(careen: Callable[..., Any], source: Any, target: Any) -> Migrate:
    def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        address = ("--from", f"localhost:{source.grpc_port}", "--ca", str(source.ca))
        done: subprocess.CompletedProcess[str] = careen(
            "migrate", *address, *arguments, CAREEN_DATA=str(target.data), **environment
        )
        return done

    return run


def post(server: Any, path: str, verb: str = "POST", **body: object) -> dict[str, Any]:
    with server.client() as http:
        answer = http.request(verb, f"/container-registry/v1/{path}", json=body).raise_for_status().json()
    operation: dict[str, Any] = server.await_operation(answer)
    assert "error" not in operation, operation
    response: dict[str, Any] = operation.get("response", {})
    return response


@pytest.fixture
def filled(source: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]) -> Any:
    """Pushes, scans and policies, as people leave them."""
    app = make_layout(BASE, {"srv/app": b"1" * 100_000})
    lib = make_layout(BASE, {"srv/lib": b"2" * 1000})
    name = source.push(skopeo, app, "shop/web")
    source.push(skopeo, lib, "shop/deep/lib")
    target = f"docker://127.0.0.1:{source.http_port}/{name}:v1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{app}", target)
    registry = source.registry_id()
    for image in listed(source, "images", registryId=registry):
        source.scan(image["id"])
    repositories = listed(source, "repositories", registryId=registry)
    repository = next(each for each in repositories if each["name"] == name)
    post(source, f"registries/{registry}", "PATCH", updateMask="labels", labels={"team": "shop"})
    rules = [
        {"tagRegexp": "tmp-.*", "expirePeriod": "172800s", "retainedTop": "3"},
        {"untagged": True, "retainedTop": "5"},
    ]
    policy = post(
        source, "lifecyclePolicies", repositoryId=repository["id"], name="old", status="ACTIVE", rules=rules
    )
    post(source, f"dryRunLifecyclePolicy/{policy['id']}")
    rule = {"repositoryPrefixes": ["*"], "rescanPeriod": "604800s"}
    post(source, "scanPolicies", registryId=registry, rules={"scheduleRules": [rule]})
    everybody = binding("container-registry.images.puller", "allUsers", "system")
    somebody = binding("container-registry.admin", STRANGER, "serviceAccount")
    post(source, f"registries/{registry}:setAccessBindings", accessBindings=[everybody, somebody])
    post(source, f"repositories/{repository['id']}:setAccessBindings", accessBindings=[somebody])
    permission = {"action": "PUSH", "ip": "127.0.0.0/8"}
    post(source, f"registries/{registry}:setIpPermission", ipPermission=[permission])
    return source


def binding(role: str, subject: str, kind: str) -> dict[str, Any]:
    return {"roleId": role, "subject": {"id": subject, "type": kind}}


def listed(server: Any, kind: str, **parameters: str) -> list[dict[str, Any]]:
    with server.client() as http:
        answer = http.get(f"/container-registry/v1/{kind}", params=parameters).raise_for_status().json()
    rows: list[dict[str, Any]] = answer.get(kind, [])
    return rows


def got(server: Any, path: str) -> Any:
    with server.client() as http:
        return http.get(f"/container-registry/v1/{path}").raise_for_status().json()


def everything(server: Any, registry: str) -> dict[str, Any]:
    """What every read method answers about the registry."""
    found: dict[str, Any] = {"registry": got(server, f"registries/{registry}")}
    found["repositories"] = listed(server, "repositories", registryId=registry)
    found["images"] = listed(server, "images", registryId=registry)
    found["policies"] = listed(server, "lifecyclePolicies", registryId=registry)
    found["scanPolicy"] = got(server, f"scanPolicies/{registry}:byRegistry")
    found["permissions"] = got(server, f"registries/{registry}:listIpPermission")
    found["bindings"] = got(server, f"registries/{registry}:listAccessBindings")
    for policy in found["policies"]:
        runs = got(server, f"dryRunLifecyclePolicyResults?lifecyclePolicyId={policy['id']}")
        found[f"runs {policy['id']}"] = runs
    for repository in found["repositories"]:
        scans = got(server, f"scans?repositoryId={repository['id']}")
        found[f"scans {repository['id']}"] = scans
        path = f"repositories/{repository['id']}:listAccessBindings"
        found[f"bindings {repository['id']}"] = got(server, path)
        for scan in scans["scanResults"]:
            found[scan["id"]] = got(server, f"scans/{scan['id']}:listVulnerabilities")
    for image in found["images"]:
        found[f"last {image['id']}"] = got(server, f"images/{image['id']}:lastScanResult")
    return found


def test_every_read_method_answers_alike_on_both_sides(filled: Any, target: Any, migrate: Migrate) -> None:
    registry = filled.registry_id()
    done = migrate("--format", "json")
    assert done.returncode == 0, done.stderr + done.stdout
    report = json.loads(done.stdout)
    assert report["agrees"]
    assert report["counts"]["images"] == {"source": 2, "careen": 2, "to_come": 0}
    assert [each["subject"]["id"] for each in report["disabled_access_bindings"]] == [STRANGER, STRANGER]
    assert everything(target, registry) == everything(filled, registry)


def test_images_are_pulled_by_their_old_names_and_scan_by_their_old_ids(
    filled: Any, target: Any, migrate: Migrate, skopeo: Callable[..., None], tmp_path: Path
) -> None:
    registry = filled.registry_id()
    images = listed(filled, "images", registryId=registry)
    assert migrate("--registry", registry).returncode == 0
    filled.kill()
    for image in images:
        for name in (*(f":{tag}" for tag in image["tags"]), f"@{image['digest']}"):
            reference = f"docker://127.0.0.1:{target.http_port}/{image['name']}{name}"
            skopeo("copy", "--src-tls-verify=false", reference, f"oci:{tmp_path}/{image['id']}:x")
        ended = target.scan(image["id"])
        assert ended["response"]["status"] == "READY", ended


def test_run_again_it_brings_only_what_is_new(
    filled: Any, migrate: Migrate, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    assert migrate().returncode == 0
    again = json.loads(migrate("--format", "json").stdout)
    assert again["agrees"]
    assert again["bytes"] == 0
    filled.push(skopeo, make_layout(BASE, {"srv/new": b"3" * 10}), "shop/new")
    more = json.loads(migrate("--format", "json").stdout)
    assert more["agrees"]
    assert 0 < more["bytes"] < 1500  # a config and one small layer: the other is here
    assert more["counts"]["repositories"]["careen"] == 3


def test_a_dry_run_says_what_would_come_and_writes_nothing(
    filled: Any, target: Any, migrate: Migrate
) -> None:
    report = json.loads(migrate("--dry-run", "--format", "json").stdout)
    assert report["dry_run"]
    assert report["counts"]["images"] == {"source": 2, "careen": 0, "to_come": 2}
    images = listed(filled, "images", registryId=filled.registry_id())
    blobs = {
        blob["digest"]: int(blob["size"]) for image in images for blob in (image["config"], *image["layers"])
    }
    assert report["bytes"] == sum(blobs.values())
    assert len(listed(target, "registries", folderId="default")) == 1


def test_an_id_that_is_taken_stops_it_before_anything_is_written(
    filled: Any, target: Any, migrate: Migrate
) -> None:
    registry = filled.registry_id()
    name = f"{registry}/shop/web"
    image = filled.image(name)
    with Database(f"sqlite:///{target.data}/careen.db").write() as connection:
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
    with target.client() as http:
        assert http.get(f"/container-registry/v1/registries/{registry}").status_code == 404


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
