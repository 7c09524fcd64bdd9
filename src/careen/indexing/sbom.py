"""Bills of materials that an image brings along: CycloneDX and SPDX 2 as JSON (cyclonedx.org, spdx.dev).

They say what somebody put into the image, or into a part of it. What is there is found by its own evidence,
and counted once; the rest, such as what was linked into a program, is known with low confidence.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from careen.indexing._json import InvalidJson, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "sbom"
VERSION = 2

_ENDS = (".cdx.json", ".cyclonedx.json", ".spdx.json", "/bom.json", "/sbom.json")
_MOST = 100_000  # components
_DEEPEST = 16  # components in components

# By type of purl: OSV's ecosystem, and what stands between namespace and name there (purl-spec, types). What
# distributions install is left to their databases.
_LANGUAGES = {
    "cargo": ("crates.io", ""),
    "composer": ("Packagist", "/"),
    "conan": ("ConanCenter", "/"),
    "cran": ("CRAN", ""),
    "gem": ("RubyGems", ""),
    "golang": ("Go", "/"),
    "hackage": ("Hackage", ""),
    "hex": ("Hex", "/"),
    "maven": ("Maven", ":"),
    "npm": ("npm", "/"),
    "nuget": ("NuGet", ""),
    "pub": ("Pub", ""),
    "pypi": ("PyPI", ""),
    "swift": ("SwiftURL", "/"),
}

# Types in whose names letter case is no part, and one that takes "_" and "." for "-" (PEP 503).
_CASELESS = frozenset({"composer", "hex", "nuget", "pypi"})
_SEPARATORS = re.compile(r"[-_.]+")

_LOCAL = "download_url=file:"  # as cargo-cyclonedx writes it

SIGNS = Signs(ends=_ENDS)


def wants(file: File) -> bool:
    return file.path.endswith(_ENDS)


def read(file: File) -> Iterator[Package | Problem]:
    """Each package of a language that has a purl, once; nothing for objects of another kind.

    What lies beyond the bounds is said.
    """
    try:
        document = load_object(file)
    except InvalidJson as error:
        yield invalid(file, error)
        return
    if document.get("bomFormat") == "CycloneDX":
        components, deeper = _components(document)
        purls = [_purl(component) for component in components]
        if deeper:
            yield invalid(file, InvalidJson(f"components lie deeper than {_DEEPEST} components: {deeper}"))
    elif isinstance(document.get("spdxVersion"), str):
        purls = [purl for package in _list(document, "packages") for purl in _located(package)]
    else:
        return
    if len(purls) > _MOST:
        yield invalid(file, InvalidJson(f"of its {len(purls)} components the first {_MOST} are read"))
    for purl in dict.fromkeys(purls[:_MOST]):
        yield from _package(file, purl)


def _components(document: Mapping[str, object]) -> tuple[list[Mapping[str, object]], int]:
    """Those in others too, as far as they are not too deep, and the number of those that are."""
    found: list[Mapping[str, object]] = []
    waiting, deeper = [(component, 0) for component in _list(document, "components")], 0
    while waiting:
        component, depth = waiting.pop()
        found.append(component)
        inner = _list(component, "components")
        if depth < _DEEPEST:
            waiting += [(each, depth + 1) for each in inner]
        else:
            deeper += len(inner)
    return found, deeper


def _purl(component: Mapping[str, object]) -> str:
    """Nothing for what served to build only, and for what its own project alone has."""
    purl = text(component.get("purl"))
    return "" if component.get("scope") == "excluded" or _LOCAL in purl else purl


def _located(package: Mapping[str, object]) -> list[str]:
    references = _list(package, "externalRefs")
    return [text(each.get("referenceLocator")) for each in references if each.get("referenceType") == "purl"]


def _list(fields: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """Its objects; what is of another type is none."""
    value = fields.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _package(file: File, purl: str) -> Iterator[Package | Problem]:
    """Of pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS#SUBPATH; without a version it is none to judge."""
    scheme, _, rest = purl.partition("#")[0].partition("?")[0].partition(":")
    type_, _, path = rest.lstrip("/").partition("/")
    path, at, version = path.rpartition("@")
    if scheme != "pkg" or type_.lower() not in _LANGUAGES or not at:
        return
    name, version = _name(type_.lower(), path), unquote(version)
    if not is_token(name) or not is_token(version):
        yield unnamed(file, name, version, "a component")
        return
    ecosystem, _ = _LANGUAGES[type_.lower()]
    yield Package(name, version, type_.lower(), NAME, file.path, ecosystem, confidence="low")


def _name(type_: str, path: str) -> str:
    _, separator = _LANGUAGES[type_]
    *namespace, name = (unquote(part) for part in path.strip("/").split("/"))
    full = f"{'/'.join(namespace)}{separator}{name}" if namespace and separator else name
    full = full.lower() if type_ in _CASELESS else full
    return _SEPARATORS.sub("-", full) if type_ == "pypi" else full
