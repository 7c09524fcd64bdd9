"""What is a manifest, what is none, and which image of an index is meant."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.errors import Invalid
from careen.images import manifest as manifests
from careen.images.manifest import InvalidManifest, NoSuchPlatform, choose, parse
from careen.model import digest as digests
from careen.model.manifest import Descriptor, Platform, Referral

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def descriptor(media_type: str, digest: str = DIGEST, size: int = 7, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size, **more}


def image(**changes: object) -> dict[str, Any]:
    fields = {
        "schemaVersion": 2,
        "mediaType": manifests.OCI_MANIFEST,
        "config": descriptor(manifests.OCI_CONFIG),
        "layers": [descriptor(LAYER, OTHER, 99)],
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


def index(*children: dict[str, object], **changes: object) -> dict[str, Any]:
    fields = {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": list(children)}
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


def child(platform: str, digest: str = DIGEST) -> Descriptor:
    parts = platform.split("/")
    return Descriptor(
        manifests.OCI_MANIFEST, digests.parse(digest), 1, Platform(*parts) if platform else None
    )


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def test_an_image_has_a_config_and_layers() -> None:
    body = encoded(image())
    manifest = parse(body)
    assert (manifest.media_type, manifest.digest, manifest.size) == (
        manifests.OCI_MANIFEST,
        digests.of(body),
        len(body),
    )
    assert manifest.config == Descriptor(manifests.OCI_CONFIG, digests.parse(DIGEST), 7)
    assert manifest.layers == (Descriptor(LAYER, digests.parse(OTHER), 99),)
    assert not manifest.is_index
    assert manifests.is_image(manifest)


def test_an_index_has_children_with_platforms() -> None:
    arm = {"os": "linux", "architecture": "arm", "variant": "v7", "os.version": "ignored"}
    manifest = parse(encoded(index(descriptor(manifests.OCI_MANIFEST, platform=arm))))
    assert manifest.is_index
    assert [str(one.platform) for one in manifest.children] == ["linux/arm/v7"]
    assert not manifests.is_image(manifest)


@pytest.mark.parametrize(
    ("document", "media_type", "expected"),
    [
        (image(mediaType=...), "", manifests.OCI_MANIFEST),
        (image(mediaType=...), manifests.DOCKER_MANIFEST + "; charset=utf-8", manifests.DOCKER_MANIFEST),
        (image(mediaType=manifests.DOCKER_MANIFEST), "application/json", manifests.DOCKER_MANIFEST),
        (index(mediaType=...), "", manifests.OCI_INDEX),
        (index(mediaType=...), manifests.DOCKER_LIST, manifests.DOCKER_LIST),
        (index(manifests=None), "", manifests.OCI_INDEX),
    ],
)
def test_the_kind_is_the_documents_own_word_or_the_senders_or_its_shape(
    document: dict[str, Any], media_type: str, expected: str
) -> None:
    assert parse(encoded(document), media_type).media_type == expected


@pytest.mark.parametrize(
    "changes",
    [
        {
            "artifactType": "application/vnd.example.sbom",
            "config": descriptor(EMPTY, digests.of(b"{}"), 2, data="e30="),
            "layers": [],
        },
        {"config": descriptor("application/vnd.cncf.helm.config.v1+json")},
        {"config": descriptor(EMPTY), "layers": ...},
        {"config": descriptor(EMPTY), "layers": None, "subject": descriptor(manifests.OCI_MANIFEST, OTHER)},
        {"layers": [descriptor("application/vnd.in-toto+json")]},
        {"layers": [descriptor("application/vnd.dev.cosign.simplesigning.v1+json")]},
    ],
)
def test_an_artifact_is_a_manifest_but_no_image(changes: dict[str, object]) -> None:
    manifest = parse(encoded(image(**changes)))
    assert not manifest.is_index
    assert not manifests.is_image(manifest)


def test_an_image_may_have_no_layers() -> None:
    assert manifests.is_image(parse(encoded(image(layers=[]))))


def test_a_foreign_layer_is_known_by_its_type() -> None:
    urls = ["https://example.com/layer"]
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    (layer,) = parse(encoded(image(layers=[descriptor(foreign, urls=urls)]))).layers
    assert layer.urls == tuple(urls)
    assert manifests.is_foreign(layer)
    assert not manifests.is_layer(layer)
    assert manifests.is_layer(replace(layer, media_type=LAYER))


@pytest.mark.parametrize(
    ("media_type", "is_layer"),
    [
        ("application/vnd.oci.image.layer.v1.tar+zstd", True),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", False),
        ("application/vnd.in-toto+json", False),
    ],
)
def test_layers_of_images_are_told_from_other_content(media_type: str, is_layer: bool) -> None:  # noqa: FBT001 - a column
    assert manifests.is_layer(Descriptor(media_type, digests.parse(DIGEST), 1)) is is_layer


@pytest.mark.parametrize(
    ("platform", "annotations"),
    [
        ({"os": "unknown", "architecture": "unknown"}, {}),
        ({"os": "linux", "architecture": "amd64"}, {"vnd.docker.reference.type": "attestation-manifest"}),
    ],
)
def test_an_attestation_is_marked(platform: dict[str, str], annotations: dict[str, str]) -> None:
    entry = descriptor(manifests.OCI_MANIFEST, platform=platform, annotations=annotations)
    (attestation,) = parse(encoded(index(entry))).children
    assert attestation.is_attestation


@pytest.mark.parametrize(
    ("body", "media_type", "wrong"),
    [
        (b"", "", "no JSON"),
        (b"\xff\xfe{\x00}\x00", "", "no JSON"),
        (b"[]", "", "no JSON object"),
        (b'{"schemaVersion": 2, "schemaVersion": 2}', "", "stands twice"),
        (b'{"schemaVersion": NaN}', "", "NaN"),
        (b'{"schemaVersion": ' + b"9" * 5000 + b"}", "", "no JSON"),
        (b'{"a":' * 200_000, "", "no JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "", "nested more than 32"),
        (b" " * (4 << 20) + b"{}", "", "more than 4194304"),
        (encoded(image(schemaVersion=1)), "", "schema 1"),
        (encoded(image()), "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
        (encoded(image(schemaVersion=3)), "", "schemaVersion must be 2"),
        (encoded(image(schemaVersion=...)), "", "schemaVersion must be a whole number"),
        (encoded(image(schemaVersion=True)), "", "schemaVersion must be a whole number"),
        (encoded(image(mediaType="text/plain")), "", "'text/plain' is no media type"),
        (encoded(image()), manifests.DOCKER_MANIFEST, "sent as"),
        (encoded(image(mediaType=...)), manifests.OCI_INDEX, "looks like"),
        (encoded(image(mediaType=manifests.OCI_INDEX)), "", "looks like"),
        (encoded(image(manifests=[])), "", "manifest and an index at once"),
        (encoded(image(config=...)), "", "neither a config nor manifests"),
        (encoded(image(config=[])), "", "config is no JSON object"),
        (encoded(image(config=descriptor(""))), "", "config.mediaType is missing"),
        (encoded(image(config=descriptor(LAYER, "sha256:zz"))), "", "config.digest"),
        (encoded(image(config=descriptor(LAYER, "sha512:" + "a" * 64))), "", "config.digest"),
        (encoded(image(config=descriptor(LAYER, "md5:" + "a" * 32))), "", "config.digest"),
        (encoded(image(config=descriptor(EMPTY, size=2, data="!!"))), "", "config.data is no base64"),
        (encoded(image(config=descriptor(EMPTY, size=2, data=7))), "", "config.data is no base64"),
        (encoded(image(config=descriptor(EMPTY, size=2, data="e30="))), "", "config.data is not the content"),
        (encoded(image(annotations={"a": 7}, subject=descriptor(LAYER))), "", "annotations.a must be text"),
        (encoded(image(layers=[descriptor(LAYER, annotations={"a": []})])), "", "annotations.a must be text"),
        (encoded(image(annotations={"a": "\ud800"})), "", "annotations holds half of a surrogate pair"),
        (encoded(image(config=descriptor(LAYER, size=-1))), "", "config.size"),
        (encoded(image(config=descriptor(LAYER, size=1 << 63))), "", "config.size"),
        (encoded(image(layers=[descriptor(LAYER), descriptor(LAYER, size=1.5)])), "", "layers[1].size"),  # type: ignore[arg-type] # a wrong one on purpose
        (encoded(image(layers=[7])), "", "layers[0] is no JSON object"),
        (encoded(image(layers={})), "", "layers must be a list"),
        (encoded(image(layers=[descriptor(LAYER)] * 2001)), "", "2001 items"),
        (encoded(image(layers=[descriptor(LAYER, urls="x")])), "", "layers[0].urls must be a list"),
        (encoded(image(layers=[descriptor("a\u001b[31m")])), "", "not printable"),
        (encoded(image(subject={})), "", "subject.mediaType"),
        (encoded(image(artifactType=7)), "", "artifactType must be text"),
        (encoded(index(descriptor(LAYER, platform={"os": 7}))), "", "manifests[0].platform.os"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, media_type: str, wrong: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse(body, media_type)
    assert caught.value.message.startswith("invalid manifest: ")
    assert wrong in caught.value.message
    assert len(caught.value.message) < 500


def test_the_platform_that_is_asked_for_is_chosen() -> None:
    children = [child("linux/amd64"), child("linux/arm64/v8"), child("linux/arm/v6"), child("linux/arm/v7")]
    for wanted, position in [
        (Platform("linux", "amd64"), 0),
        (Platform("linux", "arm64"), 1),
        (Platform("linux", "arm"), 2),
        (Platform("linux", "arm", "v7"), 3),
    ]:
        assert choose(children, wanted) is children[position]


def test_a_variant_that_is_not_said_is_the_usual_one() -> None:
    only = child("linux/arm64")
    assert choose([only], Platform("linux", "arm64", "v8")) is only


def test_without_a_wish_this_machines_image_is_chosen_before_the_first() -> None:
    here = child(str(manifests.this_platform()), OTHER)
    strange = child("plan9/mips")
    assert choose([strange, here], None) is here
    assert choose([strange], None) is strange


def test_an_attestation_is_never_chosen() -> None:
    attestation = replace(child("linux/amd64"), is_attestation=True)
    real = child("linux/s390x", OTHER)
    assert choose([attestation, real], None) is real
    with pytest.raises(NoSuchPlatform):
        choose([attestation], None)


def test_a_single_image_without_a_platform_is_taken_on_trust() -> None:
    assert choose([child("")], Platform("linux", "arm64")) == child("")


def test_a_platform_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(NoSuchPlatform) as caught:
        choose([child("linux/arm64/v8"), child("linux/amd64")], Platform("linux", "s390x"))
    assert caught.value.message == "there is no image for linux/s390x; there are: linux/amd64, linux/arm64/v8"


def test_platforms_are_written_with_slashes() -> None:
    assert manifests.parse_platform("linux/arm/v7") == Platform("linux", "arm", "v7")
    for text in ("linux", "linux/", "a/b/c/d", ""):
        with pytest.raises(Invalid):
            manifests.parse_platform(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
DESCRIPTOR = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": st.sampled_from([LAYER, manifests.OCI_CONFIG, ""]) | JSON,
        "digest": st.sampled_from([DIGEST, "sha256:"]) | JSON,
        "size": st.integers() | JSON,
        "platform": st.fixed_dictionaries({"os": JSON, "architecture": JSON}) | JSON,
        "annotations": st.dictionaries(st.sampled_from(["vnd.docker.reference.type", "x"]), JSON) | JSON,
        "urls": JSON,
    },
)
MANIFEST = st.fixed_dictionaries(
    {"schemaVersion": st.sampled_from([2, 2, 2, 1]) | JSON},
    optional={
        "mediaType": st.sampled_from(manifests.MEDIA_TYPES) | JSON,
        "config": DESCRIPTOR | JSON,
        "layers": st.lists(DESCRIPTOR, max_size=3) | JSON,
        "manifests": st.lists(DESCRIPTOR, max_size=3) | JSON,
        "subject": DESCRIPTOR | JSON,
        "artifactType": JSON,
    },
)


@given(MANIFEST.map(encoded) | st.binary(max_size=200), st.sampled_from(["", *manifests.MEDIA_TYPES]))
def test_whatever_comes_is_a_manifest_or_an_invalid_one(body: bytes, media_type: str) -> None:
    try:
        manifest = parse(body, media_type)
    except InvalidManifest:
        return
    assert manifest.digest == digests.of(body)
    assert manifest.is_index == (manifest.media_type in manifests.INDEXES)


EMPTY_JSON = {"mediaType": EMPTY, "digest": str(digests.of(b"{}")), "size": 2}


def test_data_in_a_descriptor_is_verified() -> None:
    described = {**EMPTY_JSON, "data": "e30="}
    assert parse(encoded(image(config=described))).config == parse(encoded(image(config=EMPTY_JSON))).config
    for wrong in ("e2V9", "", "e30"):
        with pytest.raises(InvalidManifest, match=r"config\.data"):
            parse(encoded(image(config={**EMPTY_JSON, "data": wrong})))


def test_a_manifest_with_a_subject_tells_what_it_is_about() -> None:
    subject = descriptor(manifests.OCI_MANIFEST, OTHER)
    annotations = {"dev.sigstore.cosign/certificate": "-----BEGIN\nCERTIFICATE-----"}
    signature = parse(encoded(image(config=EMPTY_JSON, subject=subject, annotations=annotations)))
    assert signature.referral == Referral(digests.parse(OTHER), EMPTY, annotations)
    named = parse(encoded(image(config=EMPTY_JSON, subject=subject, artifactType="application/sbom")))
    assert named.referral == Referral(digests.parse(OTHER), "application/sbom")
    assert parse(encoded(index(subject=subject))).referral == Referral(digests.parse(OTHER), "")
    assert parse(encoded(image())).referral is None


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_every_registered_algorithm_is_known(algorithm: str) -> None:
    digest = digests.of(b"{}", algorithm)
    manifest = parse(encoded(image(config={**EMPTY_JSON, "digest": digest})), algorithm=algorithm)
    assert manifest.config is not None
    assert manifest.config.digest == digest
    assert manifest.digest == digests.of(encoded(image(config={**EMPTY_JSON, "digest": digest})), algorithm)
