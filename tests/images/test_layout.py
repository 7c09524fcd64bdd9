"""Opening OCI layouts: real ones, and those of strangers."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from careen.errors import Error, Invalid, NotFound
from careen.images import manifest as manifests
from careen.images.manifest import InvalidManifest, NoSuchPlatform
from careen.images.opened import Ambiguous, MissingBlob, NotAnImage, OpenedImage, WrongDigest
from careen.images.source import open_image
from careen.model.manifest import Platform
from careen.model.problem import ProblemKind

ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """Opens a target and says what it is; its temporary files are gone afterwards."""

    def run(target: object, **options: Any) -> OpenedImage:
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        with open_image(str(target), work=work, **options) as image:
            for layer in image.layers:
                with layer.path.open("rb") as file:
                    file.seek(layer.offset)
                    assert "sha256:" + hashlib.sha256(file.read(layer.size)).hexdigest() == layer.digest
        assert not list(work.iterdir())
        return image

    return run


def test_a_real_layout_opens_with_its_layers_in_order(real_layout: Path, opened: Any) -> None:
    image = opened(real_layout)
    index = json.loads((real_layout / "index.json").read_bytes())
    assert image.manifest.digest == index["manifests"][0]["digest"]
    assert image.body == (real_layout / "blobs" / image.manifest.digest.replace(":", "/")).read_bytes()
    assert [layer.digest for layer in image.layers] == [layer.digest for layer in image.manifest.layers]
    assert len(image.layers) == 3
    assert image.config["rootfs"] == json.loads(image.config_body)["rootfs"]
    assert (image.platform, image.problems) == (Platform("linux", "amd64"), ())


@pytest.mark.parametrize("target", ["{}:alpine-lite-3.18", "oci:{}", "oci:{}:alpine-lite-3.18"])
def test_a_layout_is_named_in_several_ways(real_layout: Path, opened: Any, target: str) -> None:
    named = target.format(real_layout)
    image = opened(named)
    assert (image.reference, image.manifest) == (named, opened(real_layout).manifest)


def test_one_of_several_images_is_chosen_by_its_name(layout: Any, opened: Any) -> None:
    folder = layout.finish(old=layout.image([b"old"]), new=layout.image([b"new"]))
    assert opened(f"{folder}:new").layers[0].size == 3
    assert opened(f"{folder}:old").layers != opened(f"{folder}:new").layers
    with pytest.raises(Ambiguous, match="choose one by its name: old, new"):
        opened(folder)
    with pytest.raises(NotFound, match="has no image called newest; it has: old, new"):
        opened(f"{folder}:newest")


def test_two_names_of_one_image_are_not_ambiguous(layout: Any, opened: Any) -> None:
    image = layout.image([b"one"])
    assert opened(layout.finish(a=image, b=image)).manifest.digest == image["digest"]


def test_the_full_name_that_docker_gives_may_be_shortened(layout: Any, opened: Any) -> None:
    full = {"io.containerd.image.name": "docker.io/library/web:1", "org.opencontainers.image.ref.name": "1"}
    entries = [{**layout.image([b"web"]), "annotations": full}, layout.image([b"other"])]
    folder = layout.finish()
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    for name in ("1", "web:1", "library/web:1", "docker.io/library/web:1"):
        assert opened(f"{folder}:{name}").manifest.digest == entries[0]["digest"]
    with pytest.raises(NotFound):
        opened(f"{folder}:eb:1")


def test_the_platform_chooses_within_an_index(layout: Any, opened: Any) -> None:
    images = [layout.image([name.encode()], name) for name in ("linux/s390x", "linux/arm64", "linux/amd64")]
    attestation = {**layout.image([b"sbom"]), "annotations": ATTESTATION}
    folder = layout.finish(web=layout.index(attestation, *images))
    assert opened(folder, platform=Platform("linux", "arm64", "v8")).platform == Platform("linux", "arm64")
    assert opened(folder).platform == manifests.this_platform()
    with pytest.raises(
        NoSuchPlatform, match="no image for linux/mips; there are: linux/amd64, linux/arm64, l"
    ):
        opened(folder, platform=Platform("linux", "mips"))


def test_images_of_one_name_may_differ_by_platform(layout: Any, opened: Any) -> None:
    both = [layout.image([name.encode()], name) for name in ("linux/s390x", "linux/arm64")]
    folder = layout.finish()
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": both}))
    assert opened(folder, platform=Platform("linux", "arm64")).manifest.digest == both[1]["digest"]


def test_an_index_of_many_platforms_may_come_with_the_image_of_one(layout: Any, opened: Any) -> None:
    here, absent = layout.image([b"here"], "linux/s390x"), layout.image([b"absent"], "linux/amd64")
    folder = layout.finish(web=layout.index(absent, here))
    layout.path(absent["digest"]).unlink()
    assert opened(folder).platform == Platform("linux", "s390x")


def test_a_platform_is_checked_even_where_the_index_does_not_say_it(layout: Any, opened: Any) -> None:
    image = layout.image([b"arm"], "linux/arm64")
    del image["platform"]
    folder = layout.finish(_=image)
    assert opened(folder, platform=Platform("linux", "arm64")).platform == Platform("linux", "arm64")
    with pytest.raises(NoSuchPlatform, match="is for linux/arm64, not for linux/amd64"):
        opened(folder, platform=Platform("linux", "amd64"))


def test_a_foreign_layer_that_is_not_there_is_a_problem(layout: Any, opened: Any) -> None:
    foreign = {
        **layout.blob("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", b"windows"),
        "urls": ["https://example.com/layer"],
    }
    layers = [layout.blob("application/vnd.oci.image.layer.v1.tar", b"own"), foreign]
    config = layout.blob(manifests.OCI_CONFIG, b'{"os": "windows", "architecture": "amd64"}')
    image = layout.document(manifests.OCI_MANIFEST, {"config": config, "layers": layers})
    folder = layout.finish(_=image)
    assert len(opened(folder).layers) == 2
    layout.path(foreign["digest"]).unlink()
    incomplete = opened(folder)
    assert [layer.size for layer in incomplete.layers] == [3]
    assert [problem.kind for problem in incomplete.problems] == [ProblemKind.FOREIGN_LAYER]
    assert foreign["digest"] in incomplete.problems[0].message


def test_an_artifact_is_refused_by_its_kind(layout: Any, opened: Any) -> None:
    chart = layout.blob("application/vnd.cncf.helm.config.v1+json", b"{}")
    folder = layout.finish(_=layout.document(manifests.OCI_MANIFEST, {"config": chart, "layers": []}))
    with pytest.raises(NotAnImage, match=r"an artifact of application/vnd\.cncf\.helm"):
        opened(folder)


def test_a_signature_in_the_guise_of_an_image_is_refused(layout: Any, opened: Any) -> None:
    config, payload = (
        layout.blob(kind, b"{}") for kind in (manifests.OCI_CONFIG, "application/vnd.in-toto+json")
    )
    folder = layout.finish(_=layout.document(manifests.OCI_MANIFEST, {"config": config, "layers": [payload]}))
    with pytest.raises(NotAnImage, match=r"an artifact of application/vnd\.in-toto"):
        opened(folder)


def test_changed_manifests_and_configs_are_found_out(layout: Any, opened: Any) -> None:
    image = layout.image([b"layer"])
    folder = layout.finish(_=image)
    body = layout.path(image["digest"]).read_bytes()
    config = json.loads(body)["config"]["digest"]
    layout.path(config).write_bytes(b"{}")
    with pytest.raises(WrongDigest, match=config):
        opened(folder)
    layout.path(image["digest"]).write_bytes(body.replace(b"schemaVersion", b"schemaversion"))
    with pytest.raises(WrongDigest, match=image["digest"]):
        opened(folder)


def test_a_layer_of_another_size_is_found_out(layout: Any, opened: Any) -> None:
    image = layout.image([b"layer"])
    digest = "sha256:" + hashlib.sha256(b"layer").hexdigest()
    layout.path(digest).write_bytes(b"lay")
    with pytest.raises(WrongDigest, match="is not 5 bytes long"):
        opened(layout.finish(_=image))
    layout.path(digest).unlink()
    with pytest.raises(MissingBlob, match="is missing"):
        opened(layout.finish(_=image))


def test_a_layout_cannot_lead_out_of_its_folder(layout: Any, opened: Any, tmp_path: Path) -> None:
    image = layout.image([b"secret"])
    path = layout.path("sha256:" + hashlib.sha256(b"secret").hexdigest())
    outside = tmp_path / "secret"
    path.rename(outside)
    path.symlink_to(outside)
    with pytest.raises(Invalid, match="leads out of the folder"):
        opened(layout.finish(_=image))


def test_a_pipe_in_place_of_a_blob_is_not_waited_for(layout: Any, opened: Any) -> None:
    image = layout.image([b"layer"])
    folder = layout.finish(_=image)
    (folder / "index.json").unlink()
    os.mkfifo(folder / "index.json")
    with pytest.raises(Invalid, match="no regular file"):
        opened(folder)


def test_indexes_do_not_nest_without_end(layout: Any, opened: Any) -> None:
    nested = layout.image([b"deep"])
    for _ in range(3):
        nested = layout.index(nested)
    assert len(opened(layout.finish(_=nested)).layers) == 1
    for _ in range(3):
        nested = layout.index(nested)
    with pytest.raises(InvalidManifest, match="nested more than 4 deep"):
        opened(layout.finish(_=nested))


def test_a_manifest_cannot_be_larger_than_registries_allow(layout: Any, opened: Any) -> None:
    huge = layout.blob(manifests.OCI_MANIFEST, b" " * (4 << 20) + b"{}")
    with pytest.raises(InvalidManifest, match="too many for a document"):
        opened(layout.finish(_=huge))


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [
        ("{}/nothing", NotFound, "there is no file or folder"),
        ("./nothing.tar", NotFound, "there is no file or folder"),
        ("oci:nothing:here", NotFound, "there is no file or folder nothing:here"),
        ("{}", Invalid, "no OCI image layout: it has no file oci-layout"),
        ("/\0", NotFound, "there is no file or folder"),
        ("/" + "x" * 5000, NotFound, "there is no file or folder"),
        ("Not A Reference", Invalid, "no reference to an image"),
        ("", Invalid, "no reference to an image"),
    ],
)
def test_what_is_no_image_is_said_plainly(
    opened: Any, tmp_path: Path, target: str, error: type[Error], said: str
) -> None:
    with pytest.raises(error, match=said):
        opened(target.format(tmp_path))
