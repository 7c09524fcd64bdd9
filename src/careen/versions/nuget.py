"""NuGet's versions: semantic ones with up to four numbers, without case (NuGet.Versioning, VersionComparer).

The key is as semver's. Digits beyond an Int32 in a pre-release are a word, as .NET reads them.
"""

from careen.versions._semantic import prerelease, release
from careen.versions.invalid import LONGEST, InvalidVersion
from careen.versions.semver import VERSION

NAME = "nuget"

_LARGEST_NUMBER = 2**31 - 1


def key(text: str) -> bytes:
    version = VERSION.fullmatch(text)
    if len(text) > LONGEST or version is None:
        raise InvalidVersion.of(text, NAME)
    identifiers = (version["pre"] or "").lower()
    return (release(version["release"]) + prerelease(identifiers, _LARGEST_NUMBER)).encode()
