"""Signatures, SBOMs and whatever else is about another manifest."""

import hashlib
import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SBOM = "application/spdx+json"
UNKNOWN = "sha256:" + "0" * 64

Refused = Callable[..., dict[str, str]]
Refer = Callable[..., str]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def refer(http: httpx.Client, name: str, push_blob: Callable[..., str]) -> Refer:
    """Pushes an artifact about a digest, as cosign and oras do, and returns the artifact's own."""

    def push(subject: str, artifact_type: str = SBOM, to: str = name, **fields: object) -> str:
        empty = {"mediaType": EMPTY, "digest": push_blob(b"{}", to), "size": 2, "data": "e30="}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": artifact_type,
            "config": empty,
            "layers": [empty],
            "subject": {"mediaType": MANIFEST, "digest": subject, "size": 7},
            **fields,
        }
        body = json.dumps(manifest, ensure_ascii=False).encode()
        path = f"/{to}/manifests/{digest_of(body)}"
        answer = http.put(path, content=body, headers={"Content-Type": MANIFEST})
        assert answer.status_code == 201, answer.text
        assert answer.headers["oci-subject"] == subject
        return digest_of(body)

    return push


def listed(http: httpx.Client, name: str, subject: str, **query: str | int) -> list[str]:
    answer = http.get(f"/{name}/referrers/{subject}", params=query)
    assert answer.status_code == 200, answer.text
    return [entry["digest"] for entry in answer.json()["manifests"]]


def test_a_signature_may_come_before_what_it_signs_and_outlive_it(
    http: httpx.Client, name: str, refer: Refer, manifest_of: Callable[..., bytes]
) -> None:
    body = manifest_of(b"layer")
    signature = refer(digest_of(body))
    assert listed(http, name, digest_of(body)) == [signature]
    for _ in range(2):
        http.put(f"/{name}/manifests/v1", content=body, headers={"Content-Type": MANIFEST})
        assert listed(http, name, digest_of(body)) == [signature]
        assert http.delete(f"/{name}/manifests/{digest_of(body)}").status_code == 202
        assert listed(http, name, digest_of(body)) == [signature]
    http.delete(f"/{name}/manifests/{signature}")
    assert listed(http, name, digest_of(body)) == []


def test_referrers_are_those_of_one_repository(http: httpx.Client, name: str, refer: Refer) -> None:
    refer(UNKNOWN, to=f"{name}/elsewhere")
    assert listed(http, name, UNKNOWN) == []


def test_a_list_comes_in_pages_that_keep_their_filter(http: httpx.Client, name: str, refer: Refer) -> None:
    sboms = sorted(refer(UNKNOWN, annotations={"n": str(number)}) for number in range(5))
    refer(UNKNOWN, "application/signature")
    found: list[str] = []
    query: dict[str, str] = {"n": "2", "artifactType": SBOM}
    while query:
        answer = http.get(f"/{name}/referrers/{UNKNOWN}", params=query)
        assert answer.headers["oci-filters-applied"] == "artifactType"
        found += [entry["digest"] for entry in answer.json()["manifests"]]
        url = answer.links.get("next", {}).get("url", "")
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    assert found == sboms
    assert len(listed(http, name, UNKNOWN)) == 6
    assert listed(http, name, UNKNOWN, artifactType="application/none") == []
    assert "oci-filters-applied" not in http.get(f"/{name}/referrers/{UNKNOWN}").headers


def test_an_answer_is_no_larger_than_a_manifest_may_be(http: httpx.Client, name: str, refer: Refer) -> None:
    large = sorted(refer(UNKNOWN, annotations={"n": str(number), "x": "é" * 900_000}) for number in range(3))
    first = http.get(f"/{name}/referrers/{UNKNOWN}")
    assert len(first.content) <= 4 << 20
    assert [entry["digest"] for entry in first.json()["manifests"]] == large[:2]
    following = http.get(first.links["next"]["url"].removeprefix("/v2"))
    assert [entry["digest"] for entry in following.json()["manifests"]] == large[2:]
    assert "next" not in following.links


@pytest.mark.parametrize("digest", ["sha256:abc", "latest", "sha256:" + "A" * 64, "md5:" + "0" * 32, "x:y"])
def test_what_is_no_digest_is_refused(http: httpx.Client, name: str, digest: str, refused: Refused) -> None:
    refused(http.get(f"/{name}/referrers/{digest}"), 400, "DIGEST_INVALID")


def test_what_cannot_be_is_refused(http: httpx.Client, name: str, refused: Refused) -> None:
    path = f"/{name}/referrers/{UNKNOWN}"
    refused(http.get(path, params={"n": "-1"}), 400, "UNSUPPORTED")
    refused(http.get(path, params={"artifactType": "x" * 300}), 400, "UNSUPPORTED")
    refused(http.get(path, params={"artifactType": "a\nb"}), 400, "UNSUPPORTED")
    refused(http.get(f"/crpnoneofours00000000/web/referrers/{UNKNOWN}"), 404, "NAME_UNKNOWN")
    refused(http.get(f"/UPPER/web/referrers/{UNKNOWN}"), 400, "NAME_INVALID")


def test_cosign_s_tags_are_tags(http: httpx.Client, name: str, manifest_of: Callable[..., bytes]) -> None:
    """As cosign keeps signatures by default, and clients keep referrers where a registry lists none."""
    body = manifest_of(b"signature")
    for suffix in (".sig", ".att", ".sbom", ""):
        tag = f"sha256-{'0' * 64}{suffix}"
        assert http.put(f"/{name}/manifests/{tag}", content=body).status_code == 201
        assert http.get(f"/{name}/manifests/{tag}").content == body


def test_what_a_client_listed_under_a_tag_is_listed_here_too(
    http: httpx.Client, name: str, refer: Refer
) -> None:
    """In a repository that was copied from a registry without referrers ("Referrers Tag Schema")."""
    signature = refer(UNKNOWN, "application/signature", annotations={"a": "b"})
    size = int(http.head(f"/{name}/manifests/{signature}").headers["content-length"])
    entry = {
        "mediaType": MANIFEST,
        "digest": signature,
        "size": size,
        "artifactType": "application/signature",
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    tag = UNKNOWN.replace(":", "-")
    answer = http.put(f"/{name}/manifests/{tag}", content=json.dumps(index), headers={"Content-Type": INDEX})
    assert answer.status_code == 201
    assert listed(http, name, UNKNOWN) == [signature]


def test_half_a_character_in_an_annotation_is_refused(
    http: httpx.Client, name: str, refer: Refer, push_blob: Callable[..., str]
) -> None:
    """JSON can say it, and no answer that lists it could be encoded."""
    signature = refer(UNKNOWN)
    empty = {"mediaType": EMPTY, "digest": push_blob(b"{}", name), "size": 2}
    subject = {"mediaType": MANIFEST, "digest": UNKNOWN, "size": 7}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": [empty]}
    for annotations in ({"a": "\udc00"}, {"\ud800": "a"}):
        body = json.dumps({**manifest, "subject": subject, "annotations": annotations}).encode()
        answer = http.put(f"/{name}/manifests/x", content=body, headers={"Content-Type": MANIFEST})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "MANIFEST_INVALID"
    assert listed(http, name, UNKNOWN) == [signature]
