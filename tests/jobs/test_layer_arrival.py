"""R23 from the bytes on: whichever layer comes first, however many are read at once, one report."""

import io
import json
import random
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

from careen.images.budgets import Budgets
from careen.images.squash import squash
from careen.jobs.child import LayerSource
from careen.jobs.indexing import Indexing
from careen.jobs.reading import Reading
from careen.matching.builder import build
from careen.matching.matcher import match
from careen.matching.snapshot import Snapshot
from careen.matching.staging import Record
from careen.model import digest
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.severity import Severity
from careen.model.vulnerability import Likelihood, Rating, Score
from careen.report import json as report
from careen.report.facts import ImageFacts
from careen.store.database import Database

IMAGE = ImageFacts("example", digest.of(b"image"))
RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
STATUS = """Package: {name}
Status: install ok installed
Version: {version}
Architecture: amd64

"""
SITE = "usr/local/lib/python3.11/site-packages"


def dpkg(**packages: str) -> bytes:
    return "".join(STATUS.format(name=name, version=version) for name, version in packages.items()).encode()


def metadata(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()


def says(name: str, ecosystem: str, package: str, fixed: str, *aliases: str) -> Advisory:
    affected = Affected(ecosystem, package, (Range(fixed=fixed),), by_source=ecosystem == "Debian:12")
    return Advisory(name, (affected,), aliases)


LAYERS: Sequence[Mapping[str, bytes]] = (
    {"etc/os-release": RELEASE, "var/lib/dpkg/status": dpkg(curl="7.88.1-10", zlib1g="1:1.2.13")},
    {
        f"{SITE}/flask-2.0.dist-info/METADATA": metadata("flask", "2.0"),
        f"{SITE}/jinja2-3.0.dist-info/METADATA": metadata("jinja2", "3.0"),
    },
    {"var/lib/dpkg/status": dpkg(curl="7.88.1-10+deb12u1", zlib1g="1:1.2.13", jq="1.6-2.1")},
    {
        f"{SITE}/.wh.jinja2-3.0.dist-info": b"",
        f"{SITE}/pyyaml-6.0.dist-info/METADATA": metadata("pyyaml", "6.0"),
    },
    {
        "opt/broken/var/lib/rpm/rpmdb.sqlite": b"no database",
        "var/lib/dpkg/status.d/tini": dpkg(tini="0.19.0-1"),
    },
)
RECORDS: Sequence[tuple[str, Record]] = (
    ("debian", Ecosystem("Debian:12", "dpkg")),
    ("debian", says("CVE-2024-1001", "Debian:12", "curl", "7.90")),
    ("debian", says("CVE-2024-1002", "Debian:12", "zlib1g", "")),
    ("debian", says("CVE-2024-1003", "Debian:12", "jq", "1.7")),
    ("debian", says("CVE-2024-1004", "Debian:12", "tini", "1")),
    ("pypi", Ecosystem("PyPI", "pep440")),
    ("pypi", says("PYSEC-1", "PyPI", "flask", "7", "CVE-2023-1001")),
    ("pypi", says("PYSEC-2", "PyPI", "jinja2", "7", "CVE-2023-1002")),
    ("pypi", says("PYSEC-3", "PyPI", "pyyaml", "7", "CVE-2023-1003")),
    ("nvd", Rating("CVE-2023-1001", Score("NVD", "AV:N/AC:L/Au:N/C:C/I:C/A:C"), Severity.CRITICAL)),
    ("epss", Likelihood("CVE-2023-1003", 0.5, 0.9, "2026-08-16")),
)


def stored(folder: Path, files: Mapping[str, bytes]) -> LayerSource:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    blob = buffer.getvalue()
    name = digest.of(blob)
    path = folder / name.removeprefix("sha256:")
    path.write_bytes(blob)
    return LayerSource(path, 0, len(blob), name)


def reported(folder: Path, template: Path, seed: int) -> str:
    """By a server of its own, at which layers and records arrive in an order of their own."""
    chance = random.Random(seed)
    folder.mkdir()
    shutil.copy(template, folder / "careen.db")
    sources = [stored(folder, files) for files in LAYERS]
    with closing(Database(f"sqlite:///{folder}/careen.db")) as database:
        indexing = Indexing(database, partial(Reading, budgets=Budgets()), workers=1 + seed % 3)
        for source in chance.sample(sources, len(sources)):
            indexing.soon([source], whose="the image")
        inventory = squash(indexing.ensure(sources, whose="the image"))
        indexing.close()
    path = build(chance.sample(RECORDS, len(RECORDS)), folder, today=date(2026, 11, 22))
    with Snapshot.open(path) as snapshot:
        return report.render(match(inventory, snapshot), IMAGE)


def test_r23_the_order_in_which_layers_and_feeds_arrive_changes_no_byte(
    sqlite_template: Path, tmp_path: Path
) -> None:
    said = {reported(tmp_path / str(seed), sqlite_template, seed) for seed in range(4)}
    assert len(said) == 1
    found = json.loads(said.pop())
    named = {(each["id"], each["package"], each["version"]) for each in found["findings"]}
    assert named == {
        ("CVE-2023-1001", "flask", "2.0"),
        ("CVE-2023-1003", "pyyaml", "6.0"),
        ("CVE-2024-1001", "curl", "7.88.1-10+deb12u1"),
        ("CVE-2024-1002", "zlib1g", "1:1.2.13"),
        ("CVE-2024-1003", "jq", "1.6-2.1"),
        ("CVE-2024-1004", "tini", "0.19.0-1"),
    }
