"""What every answer carries, and the one refusal of Yandex that is known to the letter, by both doors."""

from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import LocalizedMessage, RequestInfo
from google.rpc.status_pb2 import Status

SCAN = "yandex.cloud.containerregistry.v1.ScannerService.Scan"


def refusal(world: Any, image_id: str) -> Any:
    with pytest.raises(grpc.RpcError) as refused:
        world.call(SCAN, image_id=image_id)
    return refused.value


def told(error: Any) -> Any:
    return Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])


def test_an_unknown_image_is_told_as_yandex_tells_it(still_world: Any) -> None:
    for image_id in ("crp00000000000000000", "cr.yandex/crp0/python-app:latest", "no/such:image@", "образ"):
        error = refusal(still_world, image_id)
        status = told(error)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert (status.code, status.message) == (5, f"Image {image_id} not found")
        localized, info = LocalizedMessage(), RequestInfo()
        assert status.details[0].Unpack(localized)
        assert status.details[1].Unpack(info)
        assert localized.locale == "en"
        assert localized.message == f'{{i18n:container_registry.unknownImageName,name:"{image_id}"}}'
        answer = still_world.http.post("/container-registry/v1/scans", json={"imageId": image_id})
        assert answer.status_code == 404
        assert (answer.json()["code"], answer.json()["message"]) == (5, status.message)
        assert answer.json()["details"][0] == {
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en",
            "message": localized.message,
        }


def test_every_answer_can_be_found_in_the_log(still_world: Any) -> None:
    error = refusal(still_world, "")
    headers = dict(error.initial_metadata())
    info = RequestInfo()
    assert told(error).details[-1].Unpack(info)
    assert headers["x-request-id"] == info.request_id
    trace, span, again, sampled = headers["x-server-trace-id"].split(":")
    assert (again, sampled, len(trace), len(span)) == (trace, "1", 16, 16)
    assert headers["server"] == "ycapi"
    good_answer = still_world.http.get("/endpoints")
    assert len(good_answer.headers["x-request-id"]) == 36
    assert good_answer.headers["x-server-trace-id"].endswith(":1")
