"""The whole way from image to findings reproduces the truth sets that stand beside the project."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SHARED = Path(__file__).parents[3] / "shared"


@pytest.fixture
def truth() -> dict[str, Any]:
    path = SHARED / "truth" / "matches" / "pypi.json"
    if not path.exists():
        pytest.skip("the truth sets (../shared/truth) are not beside the project")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def test_every_python_vulnerability_of_the_truth_is_found_and_no_other(
    truth: dict[str, Any],
    make_layout: Callable[..., Path],
    careen: Callable[..., Any],
    really_advised_data: Path,
) -> None:
    files = {
        package["location"].lstrip("/"): f"Name: {package['name']}\nVersion: {package['version']}\n".encode()
        for package in truth["packages"]
    }
    scanned = careen(
        "scan", str(make_layout(files)), "--format", "json", CAREEN_DATA=str(really_advised_data)
    )
    document = json.loads(scanned.stdout)
    expected = {
        (row["package"], row["installed"], identifier, row["fixed"] or "")
        for row in truth["expected"]
        for identifier in [row["id"]]
    }
    found = {
        (finding["package"], finding["version"], identifier, finding["fixed_by"])
        for finding in document["findings"]
        for identifier in [finding["id"], *finding["aliases"]]
    }
    assert expected <= found
    known = {identifier for row in truth["expected"] for identifier in [row["id"], *row["aliases"]]}
    assert {finding["id"] for finding in document["findings"]} <= known
