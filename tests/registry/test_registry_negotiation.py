"""Which manifest a client gets that says what it takes."""

import hashlib
import json
from collections.abc import Callable

import httpx
import pytest
from starlette.datastructures import Headers

from careen.registry.negotiation import wants_image

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([], False),
        (["*/*"], False),
        ([MANIFEST], True),
        ([f"{MANIFEST}, {DOCKER}"], True),
        ([DOCKER.upper()], True),
        ([MANIFEST, INDEX], False),
        ([f"{MANIFEST};q=0.5, {LIST};q=0.1"], False),
        ([f"{MANIFEST}, */*;q=0.1"], False),
        ([f"{MANIFEST}, */*;q=0"], True),
        ([f"{MANIFEST}, application/*"], False),
        ([f"{MANIFEST};q=0"], False),
        (["application/json"], False),
        ([",;=,,q=;"], False),
    ],
)
def test_who_takes_images_only_is_known_by_accept(accepted: list[str], expected: bool) -> None:  # noqa: FBT001
    headers = Headers(raw=[(b"accept", value.encode()) for value in accepted])
    assert wants_image(headers, INDEX) is expected
    assert wants_image(headers, LIST) is expected
    assert not wants_image(headers, MANIFEST)


@pytest.fixture
def push_index(http: httpx.Client, name: str, manifest_of: Callable[..., bytes]) -> Callable[..., bytes]:
    """Pushes an index over an image for each of the platforms; returns the index."""

    def push(*architectures: str) -> bytes:
        entries = []
        for architecture in architectures:
            body = manifest_of(architecture.encode())
            http.put(f"/{name}/manifests/{digest_of(body)}", content=body, headers={"Content-Type": MANIFEST})
            platform = {"os": "linux", "architecture": architecture}
            described = {"mediaType": MANIFEST, "digest": digest_of(body), "size": len(body)}
            entries.append({**described, "platform": platform})
        index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        answer = http.put(f"/{name}/manifests/v1", content=index, headers={"Content-Type": INDEX})
        assert answer.status_code == 201, answer.text
        return index

    return push


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_takes_images_only_gets_the_usual_platform_s(
    http: httpx.Client, name: str, push_index: Callable[..., bytes], method: str
) -> None:
    index = push_index("arm64", "amd64")
    amd64 = json.loads(index)["manifests"][1]["digest"]
    answer = http.request(method, f"/{name}/manifests/v1", headers={"Accept": f"{DOCKER}, {MANIFEST}"})
    assert answer.headers["docker-content-digest"] == amd64
    assert answer.headers["content-type"] == MANIFEST
    assert answer.headers["vary"] == "Accept"
    by_digest = f"/{name}/manifests/{digest_of(index)}"
    answer = http.request(method, by_digest, headers={"Accept": MANIFEST})
    assert answer.headers["docker-content-digest"] == digest_of(index)


def test_who_takes_images_only_gets_the_index_where_there_is_no_such_image(
    http: httpx.Client, name: str, push_index: Callable[..., bytes]
) -> None:
    index = push_index("arm64")
    assert http.get(f"/{name}/manifests/v1", headers={"Accept": MANIFEST}).content == index


def test_who_has_the_manifest_already_hears_so(
    http: httpx.Client, name: str, push_image: Callable[[str, bytes], str]
) -> None:
    digest = push_image("v1", b"layer")
    for reference in ("v1", digest):
        path = f"/{name}/manifests/{reference}"
        answer = http.get(path, headers={"If-None-Match": f'"{digest}"'})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["docker-content-digest"] == digest
        assert http.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_answer_says_of_which_api_it_is(http: httpx.Client, name: str) -> None:
    for path in ("/", f"/{name}/tags/list", "/nothing", f"/{name}/manifests/v1"):
        assert http.get(path).headers["docker-distribution-api-version"] == "registry/2.0"
