"""Dart's versions: semantic ones whose build counts too (dart.dev/tools/pub/versioning, pub_semver).

The key is semver's and then the identifiers of the build: a version with one is above that without.
"""

from careen.versions._semantic import build, prerelease, release
from careen.versions.invalid import LONGEST, InvalidVersion
from careen.versions.semver import VERSION

NAME = "pub"


def key(text: str) -> bytes:
    version = VERSION.fullmatch(text)
    if len(text) > LONGEST or version is None:
        raise InvalidVersion.of(text, NAME)
    parts = (release(version["release"]), prerelease(version["pre"] or ""), build(version["build"] or ""))
    return "".join(parts).encode()
