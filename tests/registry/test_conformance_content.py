"""Every kind of content that the specification's own conformance suite pushes, lists, pulls and deletes.

After opencontainers/distribution-spec, conformance/run.go (GenerateData, TestAll), with every kind and every
API switched on, also those that are optional or still to come (tags as parameters).
"""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from careen.store.database import Database

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"
FIRST = "application/vnd.example.oci.conformance.v1"
SECOND = "application/vnd.example.oci.conformance.v2"
ACCEPT = {"Accept": f"{INDEX}, {MANIFEST}"}
PLATFORMS = ({"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64"})

Described = dict[str, Any]


@dataclass
class Content:
    """Blobs and manifests in the order of their push; what tags and referrers are expected then."""

    algorithm: str = "sha256"
    with_data: bool = False  # in every descriptor
    extra: Mapping[str, object] = field(default_factory=dict)  # fields of nobody's specification
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    referrers: dict[str, list[Described]] = field(default_factory=dict)

    def describe(self, media_type: str, data: bytes) -> Described:
        digest = f"{self.algorithm}:{hashlib.new(self.algorithm, data).hexdigest()}"
        described: Described = {"mediaType": media_type, "digest": digest, "size": len(data)}
        if self.with_data:
            described["data"] = base64.b64encode(data).decode()
        return described

    def blob(self, media_type: str, data: bytes) -> Described:
        described = self.describe(media_type, data)
        self.blobs[described["digest"]] = data
        return described

    def layers(self, count: int = 2, *, compressed: bool = True) -> list[Described]:
        pieces = [os.urandom(700) for _ in range(count)]
        if compressed:
            return [self.blob(f"{LAYER}+gzip", gzip.compress(piece)) for piece in pieces]
        return [self.blob(LAYER, piece) for piece in pieces]

    def image(
        self,
        layers: Sequence[Described] | None = None,
        *,
        config: Described | None = None,
        tag: str = "",
        platform: Mapping[str, str] = PLATFORMS[0],
        **fields: object,
    ) -> Described:
        described = self.layers() if layers is None else list(layers)
        body = {**platform, "rootfs": {"type": "layers", "diff_ids": []}, "n": os.urandom(8).hex()}
        config = config or self.blob(CONFIG, json.dumps({**body, **self.extra}).encode())
        return self._manifest(MANIFEST, tag, config=config, layers=described, **fields)

    def artifact(self, artifact_type: str, **fields: object) -> Described:
        layer = self.blob(artifact_type, os.urandom(2048))
        config = self.blob(EMPTY, b"{}")
        return self.image([layer], config=config, artifactType=artifact_type, **fields)  # type: ignore[arg-type]

    def index(
        self, children: Sequence[Described] | None = None, *, tag: str = "", **fields: object
    ) -> Described:
        if children is None:
            children = [{**self.image(platform=each), "platform": each} for each in PLATFORMS]
        return self._manifest(INDEX, tag, manifests=list(children), **fields)

    def _manifest(self, media_type: str, tag: str, **fields: Any) -> Described:
        document = {"schemaVersion": 2, "mediaType": media_type, **fields, **self.extra}
        body = json.dumps(document).encode()
        described = self.describe(media_type, body)
        digest = described["digest"]
        self.manifests[digest] = body
        if tag:
            self.tags[tag] = digest
        if subject := fields.get("subject"):
            entry = {key: described[key] for key in ("mediaType", "digest", "size")}
            artifact_type = fields.get("artifactType") or fields.get("config", {}).get("mediaType", "")
            entry |= {"artifactType": artifact_type, "annotations": fields.get("annotations", {})}
            self.referrers.setdefault(subject["digest"], []).append(entry)
        return described


def annotations() -> dict[str, str]:
    return {"org.opencontainers.conformance": "hello conformance test", "org.example.x": os.urandom(4).hex()}


def image() -> Content:
    content = Content()
    content.image(tag="image")
    return content


def uncompressed() -> Content:
    content = Content()
    content.image(content.layers(compressed=False), tag="image-uncompressed")
    return content


def large_manifest() -> Content:
    content = Content()
    many = {f"large-annotation-{number}": "A" * 10_000 for number in range(390)}
    content.image(tag="large-manifest", annotations=many)
    return content


def index() -> Content:
    content = Content()
    content.index(tag="index")
    return content


def nested_index() -> Content:
    content = Content()
    content.index([content.index(), content.index()], tag="index-of-index")
    return content


def empty_index() -> Content:
    content = Content()
    content.index([], tag="index")
    return content


def artifact() -> Content:
    content = Content()
    content.artifact(FIRST, tag="artifact")
    return content


def artifact_index() -> Content:
    content = Content()
    content.index([content.artifact(FIRST) for _ in range(2)], tag="artifact-index", artifactType=FIRST)
    return content


def artifact_without_layers() -> Content:
    content = Content()
    empty = content.blob(EMPTY, b"{}")
    content.image([empty], config=empty, tag="artifact-without-layers", artifactType=FIRST)
    return content


def artifacts_with_subject() -> Content:
    content = Content()
    subject = content.image(tag="image")
    content.image(subject=subject)
    content.artifact(FIRST, tag="tagged-artifact1", subject=subject, annotations=annotations())
    content.artifact(SECOND, tag="tagged-artifact2", subject=subject, annotations=annotations())
    return content


def index_with_subject() -> Content:
    content = Content()
    subject = content.index(tag="index")
    content.index(tag="tagged", artifactType=FIRST, subject=subject, annotations=annotations())
    content.index(subject=subject)
    return content


def missing_subject() -> Content:
    content = Content()
    missing = {"mediaType": MANIFEST, "size": 123, "digest": content.describe("", os.urandom(8))["digest"]}
    content.artifact(FIRST, tag="tagged-artifact", subject=missing, annotations=annotations())
    return content


def data_field() -> Content:
    content = Content(with_data=True)
    content.index(tag="data-field")
    return content


def non_distributable_layers() -> Content:
    content = Content()
    elsewhere = {"size": 123_456, "urls": ["https://store.example.com/blobs/layer"]}
    foreign = [
        {**content.describe(media_type, os.urandom(256)), **elsewhere}
        for media_type in (f"{FOREIGN}+gzip", FOREIGN)
    ]
    content.image([*foreign, *content.layers(1)], tag="non-distributable-image")
    return content


def custom_fields() -> Content:
    content = Content(extra={"org.example." + os.urandom(4).hex(): {"nested": ["value", 1, None, 2.5]}})
    content.index(tag="custom-fields")
    return content


def no_layers() -> Content:
    content = Content()
    content.image([], tag="no-layers")
    return content


def sha512() -> Content:
    content = Content(algorithm="sha512")
    subject = content.index()
    content.artifact(FIRST, subject=subject, annotations=annotations())
    return content


KINDS = [
    image,
    uncompressed,
    large_manifest,
    index,
    nested_index,
    empty_index,
    artifact,
    artifact_index,
    artifact_without_layers,
    artifacts_with_subject,
    index_with_subject,
    missing_subject,
    data_field,
    non_distributable_layers,
    custom_fields,
    no_layers,
    sha512,
]


@pytest.fixture
def server(
    database: Database, serve: Callable[[Database], AbstractContextManager[object]]
) -> Iterator[object]:
    """On both engines."""
    with serve(database) as started:
        yield started


def media_type_of(body: bytes) -> str:
    return str(json.loads(body)["mediaType"])


def push_blobs(http: httpx.Client, name: str, content: Content) -> None:
    for digest, data in content.blobs.items():
        answer = http.post(f"/{name}/blobs/uploads/", params={"digest": digest}, content=data)
        assert answer.status_code == 201, answer.text


def put(http: httpx.Client, name: str, reference: str, digest: str, body: bytes) -> httpx.Response:
    """With all that the suite looks at in the answer."""
    path = f"/{name}/manifests/{reference}"
    answer = http.put(path, content=body, headers={"Content-Type": media_type_of(body)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["docker-content-digest"] == digest
    subject = json.loads(body).get("subject")
    assert answer.headers.get("oci-subject") == (subject["digest"] if subject else None)
    assert_there(http, answer.headers["location"].removeprefix("/v2"), digest, body)
    return answer


def assert_there(http: httpx.Client, path: str, digest: str, body: bytes) -> None:
    for method, expected in (("HEAD", b""), ("GET", body)):
        answer = http.request(method, path, headers=ACCEPT)
        assert (answer.status_code, answer.content) == (200, expected)
        assert answer.headers["content-type"] == media_type_of(body)
        assert answer.headers["content-length"] == str(len(body))
        assert answer.headers["docker-content-digest"] == digest


def assert_listed(http: httpx.Client, name: str, tags: Sequence[str]) -> None:
    listed = http.get(f"/{name}/tags/list").json()["tags"]
    assert set(tags) <= set(listed)
    assert listed == sorted(listed)
    for place, tag in enumerate(listed):
        assert http.get(f"/{name}/tags/list", params={"last": tag}).json()["tags"] == listed[place + 1 :]


def assert_referrers(http: httpx.Client, name: str, subject: str, expected: list[Described]) -> None:
    path = f"/{name}/referrers/{subject}"
    answer = http.get(path)
    assert answer.headers["content-type"] == INDEX
    found = answer.json()
    assert (found["schemaVersion"], found["mediaType"]) == (2, INDEX)
    assert without_empty(found["manifests"]) == without_empty(expected)
    for artifact_type in {one["artifactType"] for one in expected} - {""}:
        answer = http.get(path, params={"artifactType": artifact_type})
        assert answer.headers["oci-filters-applied"] == "artifactType"
        of_type = [one for one in expected if one["artifactType"] == artifact_type]
        assert without_empty(answer.json()["manifests"]) == without_empty(of_type)


def without_empty(entries: list[Described]) -> list[Described]:
    """In one order: what is empty need not be said."""
    trimmed = [{key: value for key, value in one.items() if value} for one in entries]
    return sorted(trimmed, key=lambda one: str(one["digest"]))


def delete(http: httpx.Client, name: str, content: Content) -> None:
    """Tags, then manifests from the last that was pushed, then blobs; each is gone at once."""
    paths = [f"/{name}/manifests/{tag}" for tag in content.tags]
    paths += [f"/{name}/manifests/{digest}" for digest in reversed(content.manifests)]
    paths += [f"/{name}/blobs/{digest}" for digest in content.blobs]
    for path in paths:
        assert http.delete(path).status_code == 202, path
        assert http.head(path).status_code == 404


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_content_is_pushed_listed_pulled_and_deleted(
    http: httpx.Client, name: str, make: Callable[[], Content]
) -> None:
    content = make()
    push_blobs(http, name, content)
    for digest, body in content.manifests.items():
        put(http, name, digest, digest, body)
    for tag, digest in content.tags.items():
        put(http, name, tag, digest, content.manifests[digest])
    assert_listed(http, name, list(content.tags))
    for tag, digest in content.tags.items():
        assert_there(http, f"/{name}/manifests/{tag}", digest, content.manifests[digest])
    for digest, data in content.blobs.items():
        assert http.get(f"/{name}/blobs/{digest}").content == data
    for subject, expected in content.referrers.items():
        assert_referrers(http, name, subject, expected)
    delete(http, name, content)
    for subject in content.referrers:
        assert_referrers(http, name, subject, [])


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_tags_may_be_parameters_of_a_push_by_digest(http: httpx.Client, name: str, algorithm: str) -> None:
    content = Content(algorithm=algorithm)
    content.index()
    push_blobs(http, name, content)
    for number, (digest, body) in enumerate(content.manifests.items()):
        tags = [f"first-{number}", f"second-{number}"]
        path = f"/{name}/manifests/{digest}"
        answer = http.put(
            path, params={"tag": tags}, content=body, headers={"Content-Type": media_type_of(body)}
        )
        assert answer.status_code == 201, answer.text
        assert [tag.strip() for tag in answer.headers["oci-tag"].split(",")] == tags
        for tag in tags:
            assert_there(http, f"/{name}/manifests/{tag}", digest, body)


def test_an_empty_registry_lists_nothing(http: httpx.Client, name: str) -> None:
    assert http.get(f"/{name}/tags/list").status_code == 404
    assert_referrers(http, name, Content().describe("", os.urandom(8))["digest"], [])
    assert http.get("/").status_code == 200


def test_a_manifest_with_another_digest_is_refused(http: httpx.Client, name: str) -> None:
    content = image()
    push_blobs(http, name, content)
    ((digest, body),) = content.manifests.items()
    for wrong in (digest, "sha256:baddigeststring"):
        path = f"/{name}/manifests/{wrong}"
        answer = http.put(path, content=body + b"  ", headers={"Content-Type": MANIFEST})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "DIGEST_INVALID"
        assert http.get(path).status_code in {400, 404}


def test_a_manifest_that_is_not_there_is_not_found(http: httpx.Client, name: str) -> None:
    push_blobs(http, name, image())
    missing = Content().describe("", os.urandom(1024))["digest"]
    for reference in (missing, "missing-tag"):
        for method in ("GET", "HEAD", "DELETE"):
            assert http.request(method, f"/{name}/manifests/{reference}").status_code == 404
