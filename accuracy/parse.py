"""Package databases, and what other projects' tests or the reference tool find in them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from careen.indexing import INDEXERS
from careen.model.file import File
from careen.model.package import Package

# Where each kind's files lie in an image; the truth sets have them under other names. "" = where they say.
_PLACES = {
    "apk": "lib/apk/db/installed",
    "composer-installed": "app/vendor/composer/installed.json",
    "conda-meta": "opt/conda/conda-meta/{}",
    "dotnet-deps": "app/{}",
    "dpkg": "{}",
    "gemspec": "usr/lib/ruby/gems/3.1.0/specifications/{}",
    "java-jar": "app/{}",
    "node-package": "app/node_modules/a/package.json",
    "python-dist": "usr/lib/python3/dist-packages/a.dist-info/METADATA",
    "rpm": "var/lib/rpm/{}",
}
_INDEXERS = {
    "apk": "apk",
    "composer-installed": "php",
    "conda-meta": "conda",
    "dotnet-deps": "dotnet",
    "dpkg": "dpkg",
    "gemspec": "ruby",
    "java-jar": "java",
    "node-package": "node",
    "python-dist": "python",
    "rpm": "rpm",
}
Rows = set[str]


def sets(shared: Path) -> Iterator[tuple[str, Rows, Rows]]:
    """What is in the cases of each kind, and what careen finds there; a package is a row."""
    for folder in sorted((shared / "truth" / "parse").glob("*")):
        if folder.name in _PLACES:
            expected: Rows = set()
            found: Rows = set()
            for case in sorted(folder.iterdir()):
                truth = json.loads((case / "expected.json").read_text())
                stated = [{**each, **_source(each)} for each in truth["packages"]]
                expected |= {_row(case.name, each) for each in stated}
                names = {"name", "version", *(name for each in stated for name in each)}
                found |= {
                    _row(case.name, _facts(package, names))
                    for package in _read(folder.name, case, truth["files"])
                }
            yield f"parse/{folder.name}", expected, found


def _read(kind: str, case: Path, files: Iterable[str]) -> Iterator[Package]:
    wanted = _INDEXERS[kind]
    (indexer,) = [each for each in INDEXERS if wanted == each.NAME]
    for name in files:
        content = (case / name).read_bytes()
        file = File(_PLACES[kind].format(name), size=len(content), pieces=(content,))
        if indexer.wants(file):
            yield from (item for item in indexer.read(file) if isinstance(item, Package))


def _source(truth: Mapping[str, Any]) -> dict[str, Any]:
    """rpm's name of the source package's file, as name and version."""
    if "source_rpm" not in truth:
        return {}
    name, version, release = truth["source_rpm"].removesuffix(".src.rpm").rsplit("-", 2)
    return {"src_name": name, "src_version": f"{version}-{release}"}


def _facts(package: Package, stated: Iterable[str]) -> Mapping[str, Any]:
    known = {
        "name": package.name,
        "version": package.version,
        "arch": package.arch,
        "src_name": package.source,
        "src_version": package.source_version,
    }
    return {name: known[name] for name in known if name in stated}


def _row(case: str, facts: Mapping[str, Any]) -> str:
    fields = ("name", "version", "arch", "src_name", "src_version")
    name, *rest = (str(facts[field]) for field in fields if facts.get(field))
    return " ".join((case, name if "arch" in facts else name.lower(), *rest))
