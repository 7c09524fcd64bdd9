"""R23: the same image and the same advisories are the same bytes, in whatever order things come."""

import random
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.matching.staging import Record
from careen.model import digest
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.distro import Distro
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.model.severity import Severity
from careen.model.vulnerability import Likelihood, Rating, Score
from careen.report import json as report
from careen.report.facts import ImageFacts

DISTRO = Distro("debian", "12")
IMAGE = ImageFacts("example", digest.of(b"image"))
LAYERS = [digest.of(b"one"), digest.of(b"two")]
NAMES = st.sampled_from(["curl", "zlib", "flask"])
VERSIONS = st.sampled_from(["1.0", "1.1", "2.0", "2.0+local", "3"])
IDS = st.sampled_from(["CVE-2024-1001", "CVE-2024-1002", "GHSA-1", "GHSA-2", "PYSEC-1"])
ECOSYSTEMS = [Ecosystem("Debian:12", "dpkg"), Ecosystem("PyPI", "pep440")]

RANGES = st.builds(Range, st.just("") | VERSIONS, st.just("") | VERSIONS)
AFFECTED = st.builds(
    Affected,
    ecosystem=st.sampled_from(["Debian:12", "PyPI"]),
    package=NAMES,
    ranges=st.lists(RANGES, max_size=2).map(tuple),
    versions=st.lists(VERSIONS, max_size=2).map(tuple),
    by_source=st.booleans(),
    severity=st.sampled_from(["", "low", "high"]),
    status=st.sampled_from(["affected", "pending", "not_affected"]),
)
ADVISORIES = st.builds(
    Advisory, IDS, st.lists(AFFECTED, max_size=3).map(tuple), aliases=st.lists(IDS, max_size=2).map(tuple)
)
FACTS = st.sampled_from(
    [
        Rating("CVE-2024-1001", Score("NVD", "AV:N/AC:L/Au:N/C:C/I:C/A:C"), Severity.CRITICAL),
        Likelihood("CVE-2024-1002", 0.5, 0.9, "2026-08-16"),
    ]
)
PACKAGES = st.builds(
    lambda name, version, kind, path, layer: Package(
        name, version, kind, kind, path, "PyPI" if kind == "pypi" else "", layer=layer
    ),
    NAMES,
    VERSIONS,
    st.sampled_from(["deb", "pypi"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(LAYERS),
)


def reported(records: Sequence[tuple[str, Record]], packages: Sequence[Package], folder: Path) -> str:
    with Snapshot.open(build(records, folder, today=date(2026, 11, 22))) as snapshot:
        return report.render(match(Inventory(DISTRO, tuple(packages), ()), snapshot), IMAGE)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["a-feed", "b-feed"]), ADVISORIES | FACTS), max_size=12),
    st.lists(PACKAGES, max_size=8),
    st.randoms(use_true_random=False),
)
def test_r23_the_order_of_feeds_and_of_packages_changes_no_byte(
    said: list[tuple[str, Record]], packages: list[Package], chance: random.Random
) -> None:
    records = [("a-feed", each) for each in ECOSYSTEMS] + said
    with tempfile.TemporaryDirectory() as folder:
        first = reported(records, packages, Path(folder))
        chance.shuffle(records)
        chance.shuffle(packages)
        assert reported(records, packages, Path(folder)) == first


def test_r23_however_many_match_at_once_the_bytes_are_the_same(tmp_path: Path) -> None:
    records: list[tuple[str, Record]] = [("a-feed", each) for each in ECOSYSTEMS]
    for number in range(1000, 1200):
        affected = Affected("PyPI", f"p{number % 20}", (Range(fixed="2.0"),))
        records.append(("a-feed", Advisory(f"CVE-2024-{number}", (affected,), (f"GHSA-{number // 2}",))))
    packages = tuple(Package(f"p{n}", "1.0", "pypi", "pip", f"at/{n}", "PyPI") for n in range(20))
    with Snapshot.open(build(records, tmp_path, today=date(2026, 11, 22))) as snapshot:

        def rendered(seed: int) -> str:
            mixed = random.Random(seed).sample(packages, len(packages))
            return report.render(match(Inventory(None, tuple(mixed), ()), snapshot), IMAGE)

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(rendered, range(24)))) == 1
