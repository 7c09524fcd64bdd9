"""The cases that other projects' tests state, where the truth sets are at hand beside the repository."""

import json
from pathlib import Path

import pytest

from careen.indexing import Indexer, apk, conda, dotnet, dpkg, java, node, php, python, ruby
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

TRUTH = Path(__file__).parents[3] / "shared" / "truth" / "parse"

# Where each kind's files lie in an image; the truth sets have some of them under another name.
KINDS: dict[str, tuple[Indexer, str]] = {
    "apk": (apk, "lib/apk/db/installed"),
    "composer-installed": (php, "app/vendor/composer/installed.json"),
    "conda-meta": (conda, "opt/conda/conda-meta/a.json"),
    "dotnet-deps": (dotnet, "app/a.deps.json"),
    "dpkg": (dpkg, ""),
    "gemspec": (ruby, "usr/lib/ruby/gems/3.1.0/specifications/a.gemspec"),
    "java-jar": (java, ""),
    "node-package": (node, "app/node_modules/a/package.json"),
    "python-dist": (python, "usr/lib/python3/dist-packages/a.dist-info/METADATA"),
}
NOT_TRUSTED = {
    # Cut out of a test that looks at another file than this status, in which apt is installed.
    ("dpkg", "only-apt"),
    # A package that has no version is none that an advisory could be about.
    ("node-package", "without_version_package.json"),
}
CASES = [
    pytest.param(kind, case, id=f"{kind}/{case.name}")
    for kind in KINDS
    for case in sorted((TRUTH / kind).glob("*"))
    if (kind, case.name) not in NOT_TRUSTED
]


@pytest.mark.skipif(not CASES, reason=f"there are no truth sets at {TRUTH}")
@pytest.mark.parametrize(("kind", "case"), CASES)
def test_what_others_found_is_found(kind: str, case: Path) -> None:
    truth = json.loads((case / "expected.json").read_text())
    indexer, place = KINDS[kind]
    items = []
    for name in truth["files"]:
        content = (case / name).read_bytes()
        file = File(place or name, size=len(content), pieces=(content,))
        if indexer.wants(file):
            items += list(indexer.read(file))
    packages = [item for item in items if isinstance(item, Package)]
    assert sorted(map(facts, packages)) == sorted(map(expected, truth["packages"]))
    assert any(isinstance(item, Problem) for item in items) >= truth["error"]


def facts(package: Package) -> tuple[str, ...]:
    if not package.is_os:
        return package.name.lower(), package.version
    return package.name, package.version, package.arch, package.source, package.source_version


def expected(truth: dict[str, str]) -> tuple[str, ...]:
    if "src_name" not in truth:
        return truth["name"].lower(), truth["version"]
    return tuple(truth[name] for name in ("name", "version", "arch", "src_name", "src_version"))
