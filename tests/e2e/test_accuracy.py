"""`make accuracy` on the truth sets beside the project: every vulnerability, and no other."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parents[2]
TRUTH = PROJECT.parent / "shared" / "truth"


@pytest.mark.skipif(not TRUTH.is_dir(), reason=f"there are no truth sets at {TRUTH}")
def test_all_sets_are_scored_and_no_vulnerability_differs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "accuracy"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    scored = {line.split()[0]: line.split()[-1] for line in ran.stdout.splitlines() if "/" in line.split()[0]}
    assert {scored[name] for name in scored if name.startswith("matches/")} == {"1.0000"}
    assert len(scored) > len(list((TRUTH / "matches").glob("*.json")))


def test_without_truth_sets_it_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "accuracy", str(tmp_path)]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (ran.returncode, "there are no truth sets" in ran.stdout) == (1, True)
