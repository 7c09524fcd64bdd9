"""Who a Java archive is: Maven's pom.properties, the manifest (JAR File Specification), the file's name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from careen.indexing._maven_groups import group_of
from careen.indexing._tokens import is_token

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.+~-]{0,127}")
# Where a version begins in a file's name: not at a number that another one follows, as in log4j-1.2-1.2.17,
# unless that is the time of a snapshot.
_NUMBER = re.compile(
    r"-(?=[0-9]|r[0-9]+$|build[0-9])(?![0-9]+(?:\.[0-9]+)*-(?![0-9]{8}\.[0-9]{6}-)[0-9]+\.[0-9])"
)
_SEPARATOR = re.compile("[=:]")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+(?:[.-].*)?", re.DOTALL)
# As Gradle's plugins write it: org.apache.xmlgraphics:batik-all, com.netflix.eureka#eureka-client;1.9.2
_TITLE = re.compile(r"(?P<group>[A-Za-z0-9_.-]+)[:#](?P<artifact>[A-Za-z0-9_.-]+)(?:;.*)?")
_TOO_WIDE = ("org.apache", "com.sun")  # vendors of many groups, in whose name nothing is published
_VERSIONS = ("implementation-version", "plugin-version", "bundle-version")


class Coordinates(NamedTuple):
    group: str  # "" = nobody says
    artifact: str
    version: str

    @property
    def name(self) -> str:
        return f"{self.group}:{self.artifact}" if self.group else self.artifact


def pom(content: bytes, folder: str) -> Coordinates | None:
    """What a pom.properties in `group/artifact` says; None where there is no group, artifact or version."""
    fields = _properties(content)
    group, _, artifact = folder.partition("/")
    found = Coordinates(
        fields.get("groupId", group), fields.get("artifactId", artifact), fields.get("version", "")
    )
    return found if found.group and _is_valid(found) else None


def manifest(content: bytes) -> Mapping[str, str]:
    """The main section of a MANIFEST.MF, its names in small letters; lines that go on are joined."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    main = text.lstrip("\n").partition("\n\n")[0].replace("\n ", "")
    pairs = (line.partition(":") for line in main.split("\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def own(stem: str, said: Mapping[str, str], pom_folders: Sequence[str]) -> Coordinates | None:
    """The archive itself by its manifest, its file's name without suffix, and `group/artifact` of a pom.xml.

    The group is given only where there is no doubt about it.
    """
    title = _TITLE.fullmatch(said.get("implementation-title", ""))
    artifact, version = _split(stem, said)
    if not version:
        return None
    if title and artifact.startswith(title["artifact"]):
        titled = Coordinates(title["group"], title["artifact"], version)
        return titled if _is_valid(titled) else None
    for candidate in _artifacts(artifact, said):
        for group in _groups(candidate, version, said, pom_folders):
            found = Coordinates(group, candidate, version)
            if group and _is_valid(found):
                return found
    vendor = said.get("implementation-vendor-id", "")
    group = vendor if "." in vendor and vendor not in _TOO_WIDE and _PART.fullmatch(vendor) else ""
    found = Coordinates(group, artifact, version)
    return found if _is_valid(found) else None


def is_own(found: Coordinates, stem: str, said: Mapping[str, str]) -> bool:
    """Whether a pom is about the archive that it lies in, not about something that was copied into that."""
    return stem.startswith(found.artifact) or found.artifact in _artifacts("", said)


def _split(stem: str, said: Mapping[str, str]) -> tuple[str, str]:
    """Artifact and version; of the file's name where that tells, else the manifest tells the version."""
    stated = [version for name in _VERSIONS if _VERSION.fullmatch(version := _version(said, name))]
    for version in stated:
        artifact, found, _ = stem.partition(f"-{version}")
        if found:
            return artifact, version
    place = _NUMBER.search(stem)
    if place:
        named = stem[place.end() :]
        return stem[: place.start()], named if _DOTTED.fullmatch(named) or not stated else stated[0]
    return stem, stated[0] if stated else ""


def _version(said: Mapping[str, str], name: str) -> str:
    """Eclipse's build puts a time in the place of `qualifier`, others leave the word there."""
    return said.get(name, "").removesuffix(".qualifier")


def _artifacts(artifact: str, said: Mapping[str, str]) -> list[str]:
    """Names that it may have, the surest first."""
    symbolic = _symbolic(said)
    names = (
        said.get("short-name", "") if "plugin-version" in said else "",
        artifact,
        said.get("implementation-title", "") if "." not in said.get("implementation-title", "") else "",
        symbolic.rpartition(".")[2],
    )
    return [name for name in dict.fromkeys(names) if _PART.fullmatch(name)]


def _groups(
    artifact: str, version: str, said: Mapping[str, str], pom_folders: Iterable[str]
) -> Iterable[str]:
    for folder in pom_folders:
        group, _, last = folder.partition("/")
        if last == artifact:
            yield group
    if "plugin-version" in said and said.get("short-name") == artifact:
        yield said.get("group-id", "")
    yield group_of(artifact, version)
    if said.get("implementation-title") == artifact and "." in said.get("implementation-vendor-id", ""):
        yield said["implementation-vendor-id"]
    yield _bundle_group(artifact, _symbolic(said))


def _symbolic(said: Mapping[str, str]) -> str:
    return said.get("bundle-symbolicname", "").partition(";")[0].strip()


def _bundle_group(artifact: str, symbolic: str) -> str:
    """Maven's bundle plugin writes group.artifact, and leaves out what would stand there twice.

    `org.apache.commons` and `commons-lang3` are `org.apache.commons.lang3`.
    """
    if "-" not in artifact:
        return ""  # com.google.guava may stand for com.google:guava or for com.google.guava:guava
    if symbolic.endswith(f".{artifact}"):
        return symbolic[: -len(artifact) - 1]
    first, _, rest = artifact.partition("-")
    group = symbolic[: -len(rest) - 1] if symbolic.endswith(f".{rest}") else ""
    return group if group.rpartition(".")[2] == first else ""


def _properties(content: bytes) -> dict[str, str]:
    lines = (line.strip() for line in content.decode("utf-8", "replace").splitlines())
    pairs = (_SEPARATOR.split(line, maxsplit=1) for line in lines if not line.startswith(("#", "!")))
    return {pair[0].rstrip(): pair[1].lstrip() for pair in pairs if len(pair) == 2}  # noqa: PLR2004 - name and value


def _is_valid(found: Coordinates) -> bool:
    return (
        (_PART.fullmatch(found.group) is not None if found.group else True)
        and _PART.fullmatch(found.artifact) is not None
        and _VERSION.fullmatch(found.version) is not None
        and is_token(found.name)
    )
