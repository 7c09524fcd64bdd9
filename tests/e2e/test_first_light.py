"""A real image is pushed with skopeo, scanned by the official SDK and by REST, and both say the same."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SDK_CLIENT = Path(__file__).with_name("sdk_scan.py")

SYSTEM = {
    "etc/os-release": b'ID=alpine\nVERSION_ID=3.18.2\nPRETTY_NAME="Alpine Linux v3.18"\n',
    "lib/apk/db/installed": (
        b"P:libssl3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\n"
        b"P:libcrypto3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\n"
        b"P:musl\nV:1.2.4-r0\nA:x86_64\no:musl\n\n"
    ),
}
APPLICATION = {
    "app/Jinja2-2.10.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.10\n\n"
}


@pytest.fixture(scope="module")
def image(server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]) -> dict[str, Any]:
    repository = server.push(skopeo, make_layout(SYSTEM, APPLICATION), "team/web")
    return dict(server.image(repository))


@pytest.fixture(scope="module")
def sdk_answer(server: Any, image: dict[str, Any]) -> dict[str, Any]:
    """What the official SDK, in a process of its own, gets through the TLS port."""
    client = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            str(SDK_CLIENT),
            f"localhost:{server.grpc_port}",
            str(server.ca),
            image["id"],
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert client.returncode == 0, client.stderr
    answer: dict[str, Any] = json.loads(client.stdout)
    return answer


@pytest.fixture(scope="module")
def rest_answer(server: Any, image: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = server.scan(image["id"])
    return operation


def test_the_pushed_image_is_listed_with_its_tag_and_size(image: dict[str, Any]) -> None:
    blobs = [image["config"], *image["layers"]]
    assert image["tags"] == ["latest"]
    assert int(image["compressedSize"]) == sum(int(blob["size"]) for blob in blobs)


def test_the_sdk_gets_a_ready_result_with_its_metadata(
    sdk_answer: dict[str, Any], image: dict[str, Any]
) -> None:
    assert sdk_answer["result"]["status"] == "READY"
    assert sdk_answer["result"]["imageId"] == image["id"]
    assert sdk_answer["metadata"] == sdk_answer["result"]["id"]


def test_both_doors_give_the_same_rows_in_the_same_order(
    server: Any, sdk_answer: dict[str, Any], rest_answer: dict[str, Any]
) -> None:
    rows = server.vulnerabilities(rest_answer["response"]["id"])
    assert rows == sdk_answer["vulnerabilities"]
    assert rows


def test_the_counters_count_the_rows(server: Any, rest_answer: dict[str, Any]) -> None:
    result = rest_answer["response"]
    counted = Counter(row["severity"].lower() for row in server.vulnerabilities(result["id"]))
    severities = ["critical", "high", "medium", "low", "negligible", "undefined"]
    assert result["vulnerabilities"] == {severity: str(counted[severity]) for severity in severities}


def test_a_row_names_the_binary_package_and_the_fix(server: Any, rest_answer: dict[str, Any]) -> None:
    rows = server.vulnerabilities(rest_answer["response"]["id"])
    rows_of_one_flaw = [row["package"] for row in rows if row["package"]["name"] == "CVE-2023-5363"]
    assert [(row["package"], row["version"], row["fixedBy"]) for row in rows_of_one_flaw] == [
        ("libcrypto3", "3.1.1-r1", "3.1.4-r0"),
        ("libssl3", "3.1.1-r1", "3.1.4-r0"),
    ]
    assert {(row["origin"], row["type"], row["source"]) for row in rows_of_one_flaw} == {
        ("os", "alpine", "apk")
    }


def test_a_python_package_is_a_finding_of_origin_lang(server: Any, rest_answer: dict[str, Any]) -> None:
    rows = server.vulnerabilities(rest_answer["response"]["id"])
    lang = [row["package"] for row in rows if row["package"]["package"] == "jinja2"]
    assert "CVE-2024-22195" in {row["name"] for row in lang}
    assert {(row["origin"], row["type"], row["source"]) for row in lang} == {("lang", "python-pkg", "pip")}


def test_the_operation_has_exactly_the_fields_of_the_api_page(rest_answer: dict[str, Any]) -> None:
    assert set(rest_answer) == {
        "id",
        "description",
        "createdAt",
        "createdBy",
        "modifiedAt",
        "done",
        "metadata",
        "response",
    }
    assert rest_answer["done"] is True
    assert rest_answer["metadata"]["scanResultId"] == rest_answer["response"]["id"]


def test_the_whole_report_with_packages_and_evidence_can_be_had(
    server: Any, rest_answer: dict[str, Any]
) -> None:
    with server.client() as http:
        report = http.get(f"/careen/v1/scans/{rest_answer['response']['id']}").raise_for_status().json()
    assert {package["name"] for package in report["packages"]} == {"libssl3", "libcrypto3", "musl", "jinja2"}
    assert all(finding["evidence"] and finding["layer"] for finding in report["findings"])
    assert {package["created_by"] for package in report["packages"]} == {"step 0", "step 1"}


def test_a_pulled_image_is_the_one_that_was_pushed(
    server: Any, image: dict[str, Any], skopeo: Callable[..., None], tmp_path: Path
) -> None:
    source = f"docker://127.0.0.1:{server.http_port}/{image['name']}:latest"
    skopeo("copy", "--src-tls-verify=false", source, f"oci:{tmp_path / 'pulled'}:latest")
    pulled = json.loads((tmp_path / "pulled" / "index.json").read_text())["manifests"][0]
    assert pulled["digest"] == image["digest"]


def test_an_image_without_a_known_distribution_ends_in_error_and_not_in_zeros(
    server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    layout = make_layout({"lib/apk/db/installed": SYSTEM["lib/apk/db/installed"]})
    image = server.image(server.push(skopeo, layout, "team/unknown"))
    operation = server.scan(image["id"])
    assert "response" not in operation
    assert "unknown-distribution" in operation["error"]["message"]


def test_a_corrupt_layer_ends_in_error(
    server: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    broken = b"this is no tar archive at all" * 1000
    repository = server.push(skopeo, make_layout(SYSTEM, broken), "team/broken")
    operation = server.scan(server.image(repository)["id"])
    assert "corrupt-layer" in operation["error"]["message"]
