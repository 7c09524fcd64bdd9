"""A machine without a network gets its advisories through a file or a registry."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


def test_a_snapshot_travels_through_a_registry_and_a_file(
    careen: Callable[..., Any], server: Any, tmp_path: Path
) -> None:
    reference = f"{server.url.removeprefix('http://')}/{server.registry_id()}/careen/advisories:today"
    targets = (reference, str(tmp_path / "advisories.tar"), f"oci:{tmp_path / 'layout'}:today")
    for number, target in enumerate(targets):
        brought = careen("feeds", "export", target)
        assert brought.returncode == 0, brought.stderr
        elsewhere = {"CAREEN_DATA": str(tmp_path / f"data{number}")}
        taken = careen("feeds", "import", target, **elsewhere)
        assert (taken.returncode, taken.stdout) == (0, brought.stdout)
        digest = brought.stdout.strip().removeprefix("sha256:")
        assert f"snapshot {digest[:12]}" in careen("feeds", "status", **elsewhere).stdout


def test_what_is_no_snapshot_is_refused_in_a_sentence(careen: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "letter.tar").write_text("dear reader")
    refused = careen("feeds", "import", str(tmp_path / "letter.tar"))
    assert refused.returncode == 1
    assert refused.stderr.startswith("careen: ")
    assert "Traceback" not in refused.stderr
