"""A source that lies: nothing of it is believed that can be held against a digest, and it costs little."""

import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from yandex.cloud.containerregistry.v1 import image_service_pb2, repository_service_pb2
from yandex.cloud.endpoint import api_endpoint_service_pb2 as endpoints

pytestmark = pytest.mark.e2e

SECRET = "t1.a-token-that-nobody-else-may-see"


def test_bytes_of_another_digest_are_no_blob(between: Any, migrate_through: Callable[..., Any]) -> None:
    between.faults.after_get = lambda path, body: (
        body[:-1] + bytes([body[-1] ^ 1]) if "/blobs/" in path and body else body
    )
    done = migrate_through("--format", "json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert len(report["incomplete_images"]) == 3  # all but the index, which has no blobs
    assert "another" in json.dumps(report) or "digest" in json.dumps(report)


def test_a_manifest_of_another_digest_is_not_kept(between: Any, migrate_through: Callable[..., Any]) -> None:
    between.faults.after_get = lambda path, body: body + b" " if "/manifests/" in path else body
    done = migrate_through("--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(report["failures"]) == 4
    assert all("sends another manifest than sha256:" in each for each in report["failures"])


def test_more_bytes_than_a_blob_has_are_not_taken(between: Any, migrate_through: Callable[..., Any]) -> None:
    between.faults.after_get = lambda path, body: body + bytes(1 << 20) if "/blobs/" in path else body
    report = json.loads(migrate_through("--format", "json").stdout)
    assert "more than its" in report["incomplete_images"][0]["blobs"][0]["reason"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "{registry}/../x", "{registry}/a//b", "other/x", "{registry}/A"]
)
def test_a_repository_whose_name_is_a_trick_is_told_and_left(
    source: Any, between: Any, migrate_through: Callable[..., Any], name: str
) -> None:
    wrong = name.format(registry=source.registry_id())

    def rename(method: str, request: bytes, response: bytes) -> bytes:
        if not method.endswith("RepositoryService/List"):
            return response
        said = repository_service_pb2.ListRepositoriesResponse.FromString(response)
        said.repositories[0].name = wrong
        return bytes(said.SerializeToString())

    between.faults.after_call = rename
    done = migrate_through("--format", "json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert any("which is no name in it" in each for each in report["remarks"])
    assert report["counts"]["repositories"]["careen"] == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "x"), ("id", "../../../etc"), ("digest", "sha256:0"), ("tags", ["a/b"]), ("tags", [""])],
)
def test_an_image_that_cannot_be_is_told_and_left(
    between: Any, migrate_through: Callable[..., Any], field: str, value: Any
) -> None:
    def spoil(method: str, request: bytes, response: bytes) -> bytes:
        if not method.endswith("ImageService/List"):
            return response
        said = image_service_pb2.ListImagesResponse.FromString(response)
        if isinstance(value, list):
            said.images[0].tags[:] = value
        else:
            setattr(said.images[0], field, value)
        return bytes(said.SerializeToString())

    between.faults.after_call = spoil
    done = migrate_through("--format", "json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["remarks"]
    assert report["counts"]["images"]["source"] == 3


def test_pages_without_end_are_given_up(between: Any, migrate_through: Callable[..., Any]) -> None:
    def on_and_on(method: str, request: bytes, response: bytes) -> bytes:
        if not method.endswith("ImageService/List"):
            return response
        said = image_service_pb2.ListImagesResponse.FromString(response)
        said.next_page_token = "again"
        return bytes(said.SerializeToString())

    between.faults.after_call = on_and_on
    done = migrate_through()
    assert done.returncode == 1
    assert "the source's list of images has no end" in done.stderr
    assert "Traceback" not in done.stderr


def test_credentials_go_to_no_other_host(between: Any, migrate_through: Callable[..., Any]) -> None:
    def lead_away(method: str, request: bytes, response: bytes) -> bytes:
        if not method.endswith("ApiEndpointService/List"):
            return response
        said = endpoints.ListApiEndpointsResponse.FromString(response)
        for each in said.endpoints:
            if each.id != "careen-registry":
                each.address = "elsewhere.example:443"
        return bytes(said.SerializeToString())

    between.faults.after_call = lead_away
    done = migrate_through("--iam-token-env", "TOKEN", TOKEN=SECRET)
    assert done.returncode == 0, done.stdout + done.stderr  # all of it came from the source itself


def test_secrets_are_told_to_nobody(between: Any, migrate_through: Callable[..., Any]) -> None:
    """Not even where the source quotes them."""

    def quote(method: str, metadata: dict[str, str]) -> None:
        if method.endswith("RegistryService/List"):
            raise between.Refused(grpc.StatusCode.PERMISSION_DENIED, f"no, {metadata['authorization']}")

    between.faults.before_call = quote
    done = migrate_through("--iam-token-env", "TOKEN", TOKEN=SECRET)
    assert done.returncode == 1
    assert "PERMISSION_DENIED" in done.stderr
    assert SECRET not in done.stderr + done.stdout
