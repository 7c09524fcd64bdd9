"""The recipes of docs/moving-from-yandex.md, as far as what they need is here."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

GUIDE = (Path(__file__).parents[3] / "docs" / "moving-from-yandex.md").read_text()
SDK_CLIENT = Path(__file__).parents[1] / "sdk_scan.py"


@pytest.fixture(scope="module")
def moved(
    new_server: Callable[..., Any], source: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A started careen that has taken the source over."""
    server = new_server()
    command = [sys.executable, "-m", "careen", "migrate", "--from", f"localhost:{source.grpc_port}"]
    subprocess.run(
        [*command, "--ca", str(source.ca)], env=server.environment, check=True, capture_output=True
    )
    server.start()
    yield server
    server.kill()


def image_of(server: Any, source: Any) -> dict[str, Any]:
    with server.client() as http:
        query = {"registryId": source.registry_id()}
        answer = http.get("/container-registry/v1/images", params=query).raise_for_status()
    image: dict[str, Any] = next(each for each in answer.json()["images"] if each.get("tags"))
    return image


def recipe(begin: str) -> str:
    """The indented block that follows."""
    rest = GUIDE[GUIDE.index(begin) :].splitlines()[2:]
    lines = []
    for line in rest:
        if line and not line.startswith("    "):
            break
        lines.append(line[4:])
    return "\n".join(lines)


def test_the_old_name_is_pulled_by_way_of_registries_conf(
    moved: Any, source: Any, skopeo: Callable[..., None], tmp_path: Path
) -> None:
    text = recipe("**podman, buildah, skopeo, CRI-O**")
    assert 'prefix = "cr.yandex"' in text
    configuration = tmp_path / "registries.conf"
    configuration.write_text(text.replace("careen.example:8080", f"127.0.0.1:{moved.http_port}"))
    image = image_of(moved, source)
    old = f"docker://cr.yandex/{image['name']}:{image['tags'][0]}"
    skopeo("--registries-conf", str(configuration), "copy", old, f"oci:{tmp_path}/image:x")
    layout = json.loads((tmp_path / "image" / "index.json").read_text())
    assert layout["manifests"][0]["digest"] == image["digest"]


def test_the_official_sdk_scans_by_an_id_that_it_remembers(moved: Any, source: Any) -> None:
    image = image_of(source, source)
    command = [sys.executable, str(SDK_CLIENT), f"localhost:{moved.grpc_port}", str(moved.ca), image["id"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["status"] == "READY"


def test_every_option_that_the_guide_names_is_there(careen: Callable[..., Any]) -> None:
    said = careen("migrate", "--help").stdout
    for option in ("--dry-run", "--credentials", "--folder", "--registry", "--connections", "--from-backup"):
        assert option in GUIDE
        assert option in said
