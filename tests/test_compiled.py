"""What was compiled says the same as its sources (compiled.py)."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import careen.images.runs
from careen.images.budgets import Budgets
from careen.jobs.child import LayerSource, describe
from careen.model import digest

SOURCES = Path(__file__).parents[1] / "src"
TESTDATA = Path(__file__).parent / "indexing" / "testdata"
IS_COMPILED = not careen.images.runs.__file__.endswith(".py")


@pytest.fixture
def source(tmp_path: Path) -> LayerSource:
    """A layer with all the evidence that the tests of the indexers have."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for root in sorted(TESTDATA.glob("*/*/rootfs")):
            tar.add(root, f"{root.parts[-3]}/{root.parts[-2]}/{'long/' * 30}")
            tar.add(root, ".")
    data = out.getvalue()
    (tmp_path / "blob").write_bytes(data)
    return LayerSource(tmp_path / "blob", 0, len(data), digest.of(data))


def told(source: LayerSource, sources: Path) -> dict[str, object]:
    environment = {**os.environ, "PYTHONPATH": str(sources)}
    command = [sys.executable, "-P", "-m", "careen.jobs.child"]
    job = describe(source, Budgets())
    done = subprocess.run(command, input=job, stdout=subprocess.PIPE, check=True, env=environment)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.skipif(
    not IS_COMPILED, reason="nothing is compiled here: there is no C compiler, or no `make` yet"
)
def test_a_layer_is_the_same_to_what_was_compiled(source: LayerSource, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    shutil.copytree(SOURCES, plain, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    answer = told(source, SOURCES)
    assert answer == told(source, plain)
    assert len(json.dumps(answer["index"])) > 100_000
