"""kill -9 in the middle of a push: it goes on where the bytes that arrived end."""

import hashlib
import random
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

DATA = random.Random(11).randbytes(12_000_000)
CHUNK = 3_000_000


@pytest.fixture
def own_server(new_server: Callable[..., Any]) -> Any:
    server = new_server()
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_an_upload_goes_on_after_every_kill(own_server: Any, algorithm: str) -> None:
    digest = f"{algorithm}:{hashlib.new(algorithm, DATA).hexdigest()}"
    name = f"{own_server.registry_id()}/large/blob"
    with own_server.client() as http:
        upload = http.post(f"/v2/{name}/blobs/uploads/").headers["location"]
    for start in range(0, len(DATA), CHUNK):
        with own_server.client() as http:
            said = http.get(upload)
            assert said.status_code == 204
            assert said.headers["range"] == f"0-{max(0, start - 1)}"
            chunk = DATA[start : start + CHUNK]
            headers = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
            assert http.patch(upload, content=chunk, headers=headers).status_code == 202
        own_server.kill()
        own_server.start()
    with own_server.client() as http:
        assert http.put(upload, params={"digest": digest}).status_code == 201
        assert http.get(f"/v2/{name}/blobs/{digest}").content == DATA


def test_a_chunk_that_a_kill_cut_off_is_no_lost_upload(own_server: Any) -> None:
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    name = f"{own_server.registry_id()}/large/blob"

    def broken() -> Any:
        yield DATA[:CHUNK]
        own_server.kill()
        yield DATA[CHUNK:]

    with own_server.client() as http:
        upload = http.post(f"/v2/{name}/blobs/uploads/").headers["location"]
        with pytest.raises(Exception, match=r"."):  # whatever the client calls it
            http.patch(upload, content=broken()).raise_for_status()
    own_server.start()
    with own_server.client() as http:
        arrived = int(http.get(upload).headers["range"].removeprefix("0-")) + 1
        arrived = 0 if arrived == 1 else arrived
        assert arrived <= CHUNK
        rest = {"Content-Range": f"{arrived}-{len(DATA) - 1}"}
        answer = http.put(upload, params={"digest": digest}, content=DATA[arrived:], headers=rest)
        assert answer.status_code == 201, answer.text
        assert http.get(f"/v2/{name}/blobs/{digest}").content == DATA
