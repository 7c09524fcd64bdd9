"""A reference is taken wherever an image's id is asked for."""

from typing import Any
from urllib.parse import quote

import pytest

V1 = "/container-registry/v1"
SERVICE = "yandex.cloud.containerregistry.v1."


def written(world: Any) -> list[str]:
    name, digest = world.repository.name, world.image.digest
    return [
        name,
        f"{name}:latest",
        f"{name}@{digest}",
        f"cr.yandex/{name}:latest",
        f"localhost:5000/{name}@{digest}",
    ]


@pytest.mark.parametrize("number", range(5))
def test_every_method_that_takes_an_image_takes_a_reference(still_world: Any, number: int) -> None:
    reference = written(still_world)[number]
    for spelled in (reference, quote(reference, safe="")):
        image = still_world.http.get(f"{V1}/images/{spelled}").json()
        assert image["id"] == still_world.image.id
        last = still_world.http.get(f"{V1}/images/{spelled}:lastScanResult").json()
        assert (last["imageId"], last["status"]) == (still_world.image.id, "READY")
    listed = still_world.http.get(f"{V1}/scans", params={"imageId": reference}).json()
    assert [scan["imageId"] for scan in listed["scanResults"]] == [still_world.image.id]
    by_grpc = still_world.call(f"{SERVICE}ImageService.Get", image_id=reference)
    assert by_grpc.id == still_world.image.id


@pytest.mark.parametrize(
    "reference", ["nobody/has:this", "cr.yandex/nobody/has@sha256:" + "0" * 64, "a/../b"]
)
def test_a_reference_that_leads_nowhere_is_an_unknown_image(still_world: Any, reference: str) -> None:
    for path in (
        f"{V1}/images/{quote(reference, safe='')}",
        f"{V1}/images/{quote(reference, safe='')}:lastScanResult",
    ):
        answer = still_world.http.get(path)
        assert (answer.status_code, answer.json()["message"]) == (404, f"Image {reference} not found")


def test_an_image_is_deleted_by_its_reference(world: Any) -> None:
    other = world.push("other")
    operation = world.http.delete(f"{V1}/images/{other.name}:latest").json()
    assert operation["metadata"]["imageId"] == other.id
    assert world.http.get(f"{V1}/images/{other.id}").status_code == 404
    scan = world.http.post(f"{V1}/scans", json={"imageId": f"cr.yandex/{world.repository.name}"}).json()
    assert scan["metadata"]["scanResultId"].startswith("che")
