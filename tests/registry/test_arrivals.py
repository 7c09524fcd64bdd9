"""What the registry tells of a blob while it is pushed."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import httpx
import pytest

from careen.model.digest import Digest
from careen.store.database import Database
from careen.store.upload_files import Upload

DATA = b"0123456789"
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@dataclass
class Heard:
    sizes: list[int] = field(default_factory=list)
    read: bytes = b""  # of the file, as it was when we last heard of it
    blobs: list[tuple[str, Digest]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def bytes_arrived(self, name: str, upload: Upload) -> None:
        assert name.endswith("/shop/web")
        self.sizes.append(upload.offset)
        self.read = upload.path.read_bytes()

    def blob_arrived(self, name: str, upload_id: str, digest: Digest) -> None:
        assert name.endswith("/shop/web")
        self.blobs.append((upload_id, digest))

    def upload_ended(self, upload_id: str) -> None:
        self.ended.append(upload_id)


class Server(Protocol):
    address: str
    name: str


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def listening(
    serve: Callable[..., AbstractContextManager[Server]], sqlite_database: Database, heard: Heard
) -> Iterator[Server]:
    with serve(sqlite_database, arrivals=heard) as started:
        yield started


@pytest.fixture
def client(listening: Server) -> Iterator[httpx.Client]:
    base = f"http://{listening.address}/v2/{listening.name}/blobs/uploads/"
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def upload_id(client: httpx.Client) -> str:
    return client.post("").headers["docker-upload-uuid"]


def test_each_chunk_is_in_the_file_when_it_is_heard_of(
    client: httpx.Client, upload_id: str, heard: Heard
) -> None:
    client.patch(upload_id, content=DATA[:4])
    assert (heard.sizes[-1], heard.read) == (4, DATA[:4])
    client.patch(upload_id, content=DATA[4:])
    assert (heard.sizes[-1], heard.read) == (10, DATA)
    assert heard.blobs == []


def test_a_blob_is_heard_of_with_the_upload_that_it_was(
    client: httpx.Client, upload_id: str, heard: Heard
) -> None:
    client.put(upload_id, params={"digest": DIGEST}, content=DATA)
    assert heard.sizes[-1] == 10
    assert heard.blobs == [(upload_id, DIGEST)]
    assert heard.ended == []


def test_a_blob_pushed_by_one_request_is_heard_of_as_well(client: httpx.Client, heard: Heard) -> None:
    client.post("", params={"digest": DIGEST}, content=DATA)
    assert [digest for _, digest in heard.blobs] == [DIGEST]


def test_an_upload_that_is_cancelled_ends(client: httpx.Client, upload_id: str, heard: Heard) -> None:
    client.patch(upload_id, content=DATA)
    client.delete(upload_id)
    assert (heard.blobs, heard.ended) == ([], [upload_id])


def test_an_upload_of_other_bytes_than_promised_ends(
    client: httpx.Client, upload_id: str, heard: Heard
) -> None:
    client.put(upload_id, params={"digest": DIGEST}, content=DATA[1:])
    assert (heard.blobs, heard.ended) == ([], [upload_id])
