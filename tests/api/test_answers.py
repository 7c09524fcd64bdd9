"""What every answer carries, and the one refusal of Yandex that is known to the letter, by both doors."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import grpc
import pytest
import structlog
from google.rpc.error_details_pb2 import LocalizedMessage, RequestInfo
from google.rpc.status_pb2 import Status
from sqlalchemy import text

from careen.api import grpc as grpc_door
from careen.api.dispatch import Api
from careen.api.methods import METHODS
from careen.audit.trail import Trail
from careen.auth.authentication import Authentication
from careen.errors import Unavailable

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


def test_a_message_that_is_too_large_is_refused(still_world: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        still_world.call(SCAN, image_id="a" * (1 << 20))
    error: Any = refused.value
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert still_world.http.get("/endpoints").is_success


def test_an_address_in_use_is_said(still_world: Any) -> None:
    api = Api(
        still_world.database,
        still_world.executor,
        grpc_address="",
        authentication=Authentication(still_world.database, enforced=False),
        trail=Trail(None),
    )
    with pytest.raises(Unavailable, match="cannot listen on localhost"):
        asyncio.run(grpc_door.serve(api, still_world.plaintext_address))
    api.close()


def test_a_client_that_leaves_in_the_middle_harms_nobody(still_world: Any) -> None:
    host, port = str(still_world.http.base_url).removeprefix("http://").rstrip("/").split(":")
    head = "POST /container-registry/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
    with structlog.testing.capture_logs() as logged:
        with socket.create_connection((host, int(port))) as client:
            client.sendall(head.encode())
        assert still_world.http.get("/endpoints").is_success
    assert logged == []


def test_a_read_does_not_wait_for_writes_that_wait(world: Any) -> None:
    """As many as are done at a time, and more, stand behind one that takes long."""
    create = "yandex.cloud.containerregistry.v1.RegistryService.Create"
    get = "yandex.cloud.containerregistry.v1.RegistryService.Get"
    with ThreadPoolExecutor(20) as threads:
        with world.database.write():
            writes = [threads.submit(world.call, create, folder_id="f", name=f"reg-{i}") for i in range(20)]
            assert not wait(writes, timeout=0.2).done
            assert world.call(get, registry_id=world.registry.id).name == "harbour"
            path = f"/container-registry/v1/registries/{world.registry.id}"
            assert world.http.get(path).json()["name"] == "harbour"
            assert not wait(writes, timeout=0).done
        assert all(write.result().done for write in writes)


def test_what_failed_is_found_in_the_log_by_the_clients_own_id(world: Any) -> None:
    with world.database.write() as connection:
        connection.execute(text("UPDATE registries SET labels = 'no JSON'"))
    get, sent = METHODS["yandex.cloud.containerregistry.v1.RegistryService.Get"], "x-client-request-id"
    with structlog.testing.capture_logs() as logged:
        call = world.plaintext.unary_unary(get.grpc_path)
        request = get.request(registry_id=world.registry.id).SerializeToString()
        with pytest.raises(grpc.RpcError):
            call(request, metadata=((sent, "1111-by-grpc"),))
        path = f"/container-registry/v1/registries/{world.registry.id}"
        answer = world.http.get(path, headers={sent: "2222-by-rest"})
    assert [each["client_request_id"] for each in logged] == ["1111-by-grpc", "2222-by-rest"]
    assert logged[1]["request_id"] == answer.headers["x-request-id"]
