"""Scan, from the request to the counts, through both doors; the JSON is that of Yandex' REST reference."""

import re
from typing import Any

from google.protobuf.json_format import MessageToDict
from yandex.cloud.containerregistry.v1.scanner_pb2 import ScanResult
from yandex.cloud.operation.operation_pb2 import Operation

V1 = "/container-registry/v1"
SCANNER = "yandex.cloud.containerregistry.v1.ScannerService"
OPERATIONS = "yandex.cloud.operation.OperationService"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
METADATA = "type.googleapis.com/yandex.cloud.containerregistry.v1.ScanMetadata"
RESULT = "type.googleapis.com/yandex.cloud.containerregistry.v1.ScanResult"


def get(world: Any, path: str, **query: str) -> Any:
    answer = world.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def scan(world: Any, image_id: str = "") -> Any:
    answer = world.http.post(f"{V1}/scans", json={"imageId": image_id or world.image.id})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_running_scan_has_neither_error_nor_response(world: Any) -> None:
    operation = scan(world)
    scan_id = operation["metadata"]["scanResultId"]
    assert operation == {
        "id": operation["id"],
        "description": f"Scan image {world.image.id}",
        "createdAt": operation["createdAt"],
        "createdBy": "anonymous",
        "modifiedAt": operation["modifiedAt"],
        "done": False,
        "metadata": {"@type": METADATA, "scanResultId": scan_id},
    }
    assert re.fullmatch(r"crp[0-9a-v]{17}", operation["id"])
    assert re.fullmatch(r"che[0-9a-v]{17}", scan_id)
    assert TIME.fullmatch(operation["createdAt"])
    assert TIME.fullmatch(operation["modifiedAt"])
    assert get(world, f"{V1}/scans/{scan_id}") == {
        "id": scan_id,
        "imageId": world.image.id,
        "status": "RUNNING",
    }


def test_a_finished_scan_has_its_result_as_response(world: Any) -> None:
    operation_id = scan(world)["id"]
    world.executor.finish()
    operation = get(world, f"/operations/{operation_id}")
    result = get(world, f"{V1}/scans/{operation['metadata']['scanResultId']}")
    assert list(operation) == [
        "id",
        "description",
        "createdAt",
        "createdBy",
        "modifiedAt",
        "done",
        "metadata",
        "response",
    ]
    assert operation["done"] is True
    assert operation["response"] == {"@type": RESULT, **result}
    assert TIME.fullmatch(result["scannedAt"])
    assert result == {
        "id": operation["metadata"]["scanResultId"],
        "imageId": world.image.id,
        "scannedAt": result["scannedAt"],
        "status": "READY",
        "vulnerabilities": {
            "critical": "1",
            "high": "2",
            "medium": "1",
            "low": "1",
            "negligible": "0",
            "undefined": "0",
        },
    }


def test_a_failed_scan_has_its_error_and_no_counts(world: Any) -> None:
    world.executor.error = ("Invalid", "The image cannot be judged: no-feed: there are no advisories")
    operation_id = scan(world)["id"]
    world.executor.finish()
    operation = get(world, f"/operations/{operation_id}")
    assert operation["error"] == {"code": 3, "message": world.executor.error[1]}
    assert "response" not in operation
    result = get(world, f"{V1}/scans/{operation['metadata']['scanResultId']}")
    assert result["status"] == "ERROR"
    assert "vulnerabilities" not in result


def test_both_doors_give_the_same_answers(world: Any) -> None:
    operation_id = scan(world)["id"]
    world.executor.finish()
    by_rest = get(world, f"/operations/{operation_id}")
    by_grpc = world.call(f"{OPERATIONS}.Get", operation_id=operation_id)
    assert isinstance(by_grpc, Operation)
    result = ScanResult()
    assert by_grpc.response.Unpack(result)
    assert result == world.call(f"{SCANNER}.GetLast", image_id=world.image.id)
    zeros = {"negligible": "0", "undefined": "0"}
    written = MessageToDict(by_grpc)
    written["response"]["vulnerabilities"] |= zeros
    assert written == by_rest
    rows = world.call(f"{SCANNER}.ListVulnerabilities", scan_result_id=result.id)
    assert MessageToDict(rows) == get(world, f"{V1}/scans/{result.id}:listVulnerabilities")


def test_a_second_scan_joins_the_first_while_it_runs(world: Any) -> None:
    first = scan(world)
    assert scan(world)["id"] == first["id"]
    world.executor.finish()
    assert scan(world)["id"] != first["id"]


def test_a_scan_takes_a_reference_that_resolves(world: Any) -> None:
    name, image = world.repository.name, world.image
    for reference in (
        name,
        f"{name}:latest",
        f"cr.yandex/{name}:latest",
        f"localhost:8080/{name}@{image.digest}",
        f"[::1]:8080/{name}",
    ):
        assert scan(world, reference)["description"] == f"Scan image {image.id}"


def test_the_last_scan_is_the_one_that_finished_last(world: Any) -> None:
    path = f"{V1}/images/{world.image.id}:lastScanResult"
    scan(world)
    assert world.http.get(path).status_code == 404
    world.executor.finish()
    first = get(world, path)
    world.executor.go.clear()
    scan(world)
    assert get(world, path) == first
    world.executor.finish()
    assert get(world, path)["id"] != first["id"]


def test_scans_are_listed_of_an_image_and_of_a_repository(world: Any) -> None:
    other = world.push("other")
    done = world.scanned()
    world.executor.go.clear()
    running = scan(world)["metadata"]["scanResultId"]
    scan(world, other.id)
    of_image = get(world, f"{V1}/scans", imageId=world.image.id)["scanResults"]
    assert [each["id"] for each in of_image] == [running, done]
    assert get(world, f"{V1}/scans", repositoryId=world.repository.id)["scanResults"] == of_image
    ready = get(world, f"{V1}/scans", imageId=world.image.id, filter='ScanResult.status = "READY"')
    assert [each["id"] for each in ready["scanResults"]] == [done]


def test_a_vulnerability_says_what_yandex_says(still_world: Any) -> None:
    last = get(still_world, f"{V1}/images/{still_world.image.id}:lastScanResult")
    rows = get(still_world, f"{V1}/scans/{last['id']}:listVulnerabilities")
    assert rows["vulnerabilities"][0] == {
        "severity": "CRITICAL",
        "package": {
            "name": "CVE-2023-0001",
            "link": "https://security-tracker.debian.org/tracker/CVE-2023-0001",
            "package": "libssl3",
            "source": "dpkg",
            "version": "3.0.8-1",
            "fixedBy": "3.0.9-1",
            "origin": "os",
            "type": "debian",
        },
    }
    assert "fixedBy" not in rows["vulnerabilities"][3]["package"]
    assert "nextPageToken" not in rows


def test_an_operation_that_is_done_cannot_be_cancelled_any_more(world: Any) -> None:
    operation_id = scan(world)["id"]
    world.executor.finish()
    done = get(world, f"/operations/{operation_id}")
    assert get(world, f"/operations/{operation_id}:cancel") == done
    assert world.http.post(f"/operations/{operation_id}:cancel").json() == done


def test_an_operation_whose_result_was_deleted_ends_in_an_error(world: Any) -> None:
    from careen.store import images  # noqa: PLC0415 - only this test deletes

    operation_id = scan(world)["id"]
    world.executor.finish()
    with world.database.write() as connection:
        images.delete(connection, world.image.id)
    operation = get(world, f"/operations/{operation_id}")
    assert operation["error"]["code"] == 5
    assert "response" not in operation
