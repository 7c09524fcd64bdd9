"""What counts as an installed package of a language, and under which name advisories know it."""

import json

import pytest

from careen.indexing import Indexer, dotnet, node, python
from careen.model.file import File
from careen.model.package import Package


def read(indexer: Indexer, path: str, content: str) -> list[tuple[str, str]]:
    """Names and versions; none where the indexer does not want the file."""
    file = File(path, size=len(content), pieces=(content.encode(),))
    items = indexer.read(file) if indexer.wants(file) else ()
    return [(item.name, item.version) for item in items if isinstance(item, Package)]


@pytest.mark.parametrize(
    ("path", "fields", "is_package"),
    [
        ("app/node_modules/lodash/package.json", {"name": "lodash", "version": "4.17.0"}, True),
        ("app/node_modules/@a/b/package.json", {"name": "@a/b", "version": "1.0.0"}, True),
        ("app/node_modules/x/node_modules/y/package.json", {"name": "y", "version": "1.0.0"}, True),
        ("app/node_modules/lodash/package.json", {"name": "lodash"}, False),
        ("app/node_modules/lodash/package.json", {"version": "4.17.0"}, False),
        ("app/node_modules/lodash/package.json", {"type": "module"}, False),
        ("app/package.json", {"name": "app", "version": "1.0.0"}, False),
        ("app/node_modules/x/test/fixtures/package.json", {"name": "lodash", "version": "4.0.0"}, False),
        ("root/.vscode/extensions/git-1.0/package.json", {"name": "git", "version": "1.0.0"}, False),
    ],
)
def test_r16_a_package_json_is_a_package_where_node_finds_it_and_if_it_has_name_and_version(
    path: str, fields: dict[str, str], *, is_package: bool
) -> None:
    found = read(node, path, json.dumps(fields))
    assert found == ([(fields["name"], fields["version"])] if is_package else [])


@pytest.mark.parametrize(
    "name", ["Flask-SQLAlchemy", "flask_sqlalchemy", "Flask.SQLAlchemy", "FLASK--sqlalchemy"]
)
def test_r17_a_python_name_is_normalised_as_pep_503_says(name: str) -> None:
    content = f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n"
    folder = f"usr/lib/python3/site-packages/{name.replace('-', '_')}-2.5.dist-info"
    assert read(python, f"{folder}/METADATA", content) == [("flask-sqlalchemy", "2.5")]


def test_r17_a_name_of_nuget_has_no_case() -> None:
    target = ".NETCoreApp,Version=v6.0"
    document = {
        "runtimeTarget": {"name": target},
        "targets": {target: {"Newtonsoft.Json/13.0.1": {"runtime": {"lib/Newtonsoft.Json.dll": {}}}}},
        "libraries": {"Newtonsoft.Json/13.0.1": {"type": "package"}},
    }
    assert read(dotnet, "app/a.deps.json", json.dumps(document)) == [("newtonsoft.json", "13.0.1")]
