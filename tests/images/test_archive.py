"""Opening archives: those that skopeo writes, those that `docker save` wrote, and broken ones."""

import gzip
import hashlib
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from careen.errors import Error, Invalid, NotFound
from careen.images import manifest as manifests
from careen.images.opened import Ambiguous, MissingBlob, NotAnImage, WrongDigest
from careen.images.source import open_image
from careen.model import digest as digests
from careen.model.manifest import Platform
from careen.zstd import compress as zstd

Files = dict[str, Any]


def hexdigest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def contents(target: object, work: Path, **options: Any) -> tuple[Any, list[bytes]]:
    """The opened image and the bytes of its layers, whose digests are checked."""
    with open_image(str(target), work=work, **options) as image:
        found = []
        for layer in image.layers:
            with layer.path.open("rb") as file:
                file.seek(layer.offset)
                found.append(file.read(layer.size))
            assert digests.of(found[-1]) == layer.digest
    return image, found


@pytest.fixture
def layers(tar_of: Callable[..., bytes]) -> list[bytes]:
    return [tar_of({"etc/os-release": b"ID=alpine\n"}), tar_of({"etc/motd": b"hello"})]


@pytest.fixture
def saved(layers: list[bytes]) -> Files:
    """The members of an archive as `docker save` wrote it before version 25."""
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hexdigest(layer)}" for layer in layers]},
    }
    body = json.dumps(config).encode()
    name = f"{hexdigest(body)}.json"
    paths = ["aaaa/layer.tar", "bbbb/layer.tar"]
    listed = [{"Config": name, "RepoTags": ["shop/web:1", "web:latest"], "Layers": paths}]
    return {
        "aaaa/VERSION": b"1.0",
        "aaaa/layer.tar": layers[0],
        "bbbb/layer.tar": layers[1],
        name: body,
        "manifest.json": json.dumps(listed).encode(),
    }


@pytest.fixture
def archive(tmp_path: Path, tar_of: Callable[..., bytes]) -> Callable[..., Path]:
    def write(members: Files, name: str = "image.tar", **options: Any) -> Path:
        path = tmp_path / name
        path.write_bytes(tar_of(members, **options))
        return path

    return write


def config_of(members: Files) -> tuple[str, dict[str, Any]]:
    name = next(name for name in members if len(name) == 69)
    return name, json.loads(members[name])


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_layers_of_a_docker_archive_are_ranges_of_it(
    saved: Files,
    layers: list[bytes],
    archive: Callable[..., Path],
    tmp_path: Path,
    format: int,  # noqa: A002 - tarfile's word
) -> None:
    path = archive(saved, format=format)
    image, found = contents(path, tmp_path)
    assert found == layers
    assert {layer.path for layer in image.layers} == {path}
    assert image.platform == Platform("linux", "amd64")
    assert image.manifest.media_type == manifests.DOCKER_MANIFEST
    assert digests.of(image.body) == image.manifest.digest
    assert digests.of(image.config_body) == image.manifest.config.digest


@pytest.mark.parametrize(
    "link", [(tarfile.SYMTYPE, "../aaaa/layer.tar"), (tarfile.LNKTYPE, "aaaa/layer.tar")]
)
def test_a_layer_that_is_there_twice_is_a_link(
    saved: Files, layers: list[bytes], archive: Callable[..., Path], tmp_path: Path, link: tuple[bytes, str]
) -> None:
    name, config = config_of(saved)
    config["rootfs"]["diff_ids"] = [f"sha256:{hexdigest(layers[0])}"] * 2
    body = json.dumps(config).encode()
    listed = json.loads(saved["manifest.json"])
    listed[0]["Config"] = "config"
    members = {**saved, "bbbb/layer.tar": link, "config": body, "manifest.json": json.dumps(listed).encode()}
    del members[name]
    assert contents(archive(members), tmp_path)[1] == [layers[0]] * 2


def test_links_that_lead_out_of_the_archive_lead_nowhere(
    saved: Files, archive: Callable[..., Path], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    for target in (str(secret), "../../../../.." + str(secret), "layer.tar"):
        members = {**saved, "bbbb/layer.tar": (tarfile.SYMTYPE, target)}
        with pytest.raises(MissingBlob, match=r"bbbb/layer\.tar is missing"):
            contents(archive(members), tmp_path)


def test_compressed_layers_keep_the_digest_of_their_bytes(
    saved: Files, layers: list[bytes], archive: Callable[..., Path], tmp_path: Path
) -> None:
    packed = gzip.compress(layers[0], mtime=0)
    image, found = contents(archive({**saved, "aaaa/layer.tar": packed}), tmp_path)
    assert found == [packed, layers[1]]
    assert [layer.media_type.rpartition(".")[2] for layer in image.manifest.layers] == ["gzip", "tar"]


def test_the_same_archive_always_has_the_same_manifest(
    saved: Files, archive: Callable[..., Path], tmp_path: Path
) -> None:
    first, _ = contents(archive(saved), tmp_path)
    again, _ = contents(archive(dict(reversed(saved.items())), "again.tar"), tmp_path)
    assert first.body == again.body


@pytest.mark.parametrize(
    "name", ["shop/web:1", "docker.io/shop/web:1", "web", "docker.io/library/web:latest"]
)
@pytest.mark.parametrize("target", ["{}:{}", "docker-archive:{}:{}"])
def test_one_of_several_images_is_chosen_by_its_name(
    saved: Files, archive: Callable[..., Path], tmp_path: Path, name: str, target: str
) -> None:
    first = json.loads(saved["manifest.json"])[0]
    other = {**first, "RepoTags": ["other:1"], "Layers": []}
    path = archive({**saved, "manifest.json": json.dumps([other, first]).encode()})
    assert len(contents(target.format(path, name), tmp_path)[1]) == 2
    with pytest.raises(Ambiguous, match="choose one by its name: other:1, shop/web:1, web:latest"):
        contents(path, tmp_path)
    with pytest.raises(NotFound, match=f"{path} has no image absent:1; it has: other:1, shop"):
        contents(target.format(path, "absent:1"), tmp_path)


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_a_compressed_archive_is_unpacked_into_the_work_folder(
    saved: Files, layers: list[bytes], archive: Callable[..., Path], tmp_path: Path, compress: Any
) -> None:
    path = archive(saved)
    work = tmp_path / "work"
    work.mkdir()
    packed = tmp_path / "image.tar.packed"
    packed.write_bytes(compress(path.read_bytes()))
    said: list[str] = []
    image, found = contents(packed, work, progress=lambda what, done, total: said.append(what))
    assert found == layers
    assert image.layers[0].path.is_relative_to(work)
    assert not list(work.iterdir())
    assert set(said) == {"unpacking the archive", "reading the archive"}
    packed.write_bytes(packed.read_bytes()[:-300])
    with pytest.raises(Invalid, match=r"is damaged|is no image"):
        contents(packed, work)


def test_what_skopeo_writes_opens_like_the_layout_it_came_from(
    layout: Any, layers: list[bytes], skopeo: Callable[..., None], tmp_path: Path
) -> None:
    source = f"oci:{layout.finish(web=layout.image(layers))}:web"
    skopeo("copy", source, f"docker-archive:{tmp_path}/docker.tar:shop/web:1")
    skopeo("copy", "--preserve-digests", source, f"oci-archive:{tmp_path}/oci.tar:web")
    original, _ = contents(layout.folder, tmp_path)
    image, found = contents(f"{tmp_path}/docker.tar", tmp_path)
    assert found == layers
    assert image.config == original.config
    for target in ("{}/oci.tar", "oci-archive:{}/oci.tar", "oci-archive:{}/oci.tar:web"):
        image, found = contents(target.format(tmp_path), tmp_path)
        assert (image.manifest, found) == (original.manifest, layers)


def test_a_real_layout_in_a_tar_opens_like_the_folder(
    real_layout: Path, archive: Callable[..., Path], tmp_path: Path
) -> None:
    files = {
        str(path.relative_to(real_layout)): path.read_bytes()
        for path in real_layout.rglob("*")
        if path.is_file()
    }
    image, found = contents(archive({f"./{name}": data for name, data in files.items()}), tmp_path)
    original, layers = contents(real_layout, tmp_path)
    assert (image.manifest, found) == (original.manifest, layers)


def test_docker_writes_both_and_the_layout_counts(
    layout: Any, layers: list[bytes], archive: Callable[..., Path], tmp_path: Path
) -> None:
    image = layout.image(layers)
    folder = layout.finish(latest=image)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(layout.path(image["digest"]).read_bytes())
    blob = {"Config": manifest["config"], "Layers": manifest["layers"]}
    listed = {
        "Config": "blobs/" + blob["Config"]["digest"].replace(":", "/"),
        "RepoTags": ["web:latest"],
        "Layers": ["blobs/" + one["digest"].replace(":", "/") for one in blob["Layers"]],
    }
    path = archive({**files, "manifest.json": json.dumps([listed]).encode()})
    both, found = contents(path, tmp_path)
    assert (both.manifest.digest, found) == (image["digest"], layers)
    docker, found = contents(f"docker-archive:{path}", tmp_path)
    assert (docker.manifest.media_type, found) == (manifests.DOCKER_MANIFEST, layers)
    assert docker.config == both.config


def test_changed_content_is_found_out(
    saved: Files, layers: list[bytes], archive: Callable[..., Path], tmp_path: Path
) -> None:
    name, config = config_of(saved)
    with pytest.raises(WrongDigest, match=f"{name} has another digest"):
        contents(archive({**saved, name: json.dumps({**config, "os": "plan9"}).encode()}), tmp_path)
    with pytest.raises(WrongDigest, match=f"layer sha256:{hexdigest(layers[0])} has another"):
        contents(archive({**saved, "aaaa/layer.tar": layers[1]}), tmp_path)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"manifest.json": b"[]"}, NotFound, "has no image at all"),
        ({"manifest.json": b"{}"}, Invalid, "must be a list"),
        ({"manifest.json": b"{"}, Invalid, "no JSON"),
        ({"manifest.json": b'[{"Layers": []}]'}, Invalid, "Config is missing"),
        ({"manifest.json": b'[{"Config": "../../etc/shadow"}]'}, MissingBlob, "etc/shadow is missing"),
        ({"manifest.json": b'[{"Config": "aaaa/VERSION"}]'}, Invalid, "no JSON object"),
        ({"manifest.json": b'[{"Config": "aaaa"}]'}, MissingBlob, "aaaa is missing"),
        ({"manifest.json": b" " * (4 << 20) + b"[]"}, Invalid, "more than 4194304"),
        ({"manifest.json": None}, Invalid, "no image: a tar without manifest.json or index.json"),
        ({"bbbb/layer.tar": None}, MissingBlob, "bbbb/layer.tar is missing"),
    ],
)
def test_what_is_wrong_with_an_archive_is_said(
    saved: Files, archive: Callable[..., Path], tmp_path: Path, changes: Files, error: type[Error], said: str
) -> None:
    members = {name: data for name, data in {**saved, **changes}.items() if data is not None}
    with pytest.raises(error, match=said):
        contents(archive(members), tmp_path)


def test_the_number_of_layers_must_agree(saved: Files, archive: Callable[..., Path], tmp_path: Path) -> None:
    listed = json.loads(saved["manifest.json"])
    listed[0]["Layers"].pop()
    with pytest.raises(Invalid, match="has 1 layers, the image's config 2"):
        contents(archive({**saved, "manifest.json": json.dumps(listed).encode()}), tmp_path)


@pytest.mark.parametrize("data", [b"", b"not a tar" * 100, random.Random(1).randbytes(2048), b"\0" * 1024])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=r"is no (archive of images|image)"):
        contents(path, tmp_path)


def test_an_artifact_in_an_archive_is_no_image(
    layout: Any, archive: Callable[..., Path], tmp_path: Path
) -> None:
    chart = layout.blob("application/vnd.cncf.helm.config.v1+json", b"{}")
    folder = layout.finish(_=layout.document(manifests.OCI_MANIFEST, {"config": chart, "layers": []}))
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(NotAnImage):
        contents(archive(files), tmp_path)
