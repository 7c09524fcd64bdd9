"""`make demo`, as it runs where there is no network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

DEMO = Path(__file__).parents[2] / "demo" / "run.py"


def test_the_demo_shows_a_result_and_says_that_it_is_an_example() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAREEN_")}
    shown = subprocess.run(
        [sys.executable, str(DEMO), "--example"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "EXAMPLE" in shown.stdout
    assert ": READY" in shown.stdout
    assert "CVE-2023-5363" in shown.stdout
    assert "careen scan" in shown.stdout
