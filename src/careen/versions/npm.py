"""npm's versions: semantic ones, and the loose forms that node-semver reads (github.com/npm/node-semver).

The key is as semver's. A loose form has three numbers, of which the pre-release need not be set off: where a
dot follows them the last digits belong to it, as `1.2.34.5` is `1.2.3-4.5`. Versions of one or two numbers,
which node-semver only coerces, are filled up with zeros.
"""

import re

from careen.versions._semantic import prerelease, release
from careen.versions.invalid import LONGEST, InvalidVersion
from careen.versions.semver import VERSION

NAME = "npm"

_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_LOOSE = re.compile(
    r"(?P<release>[0-9]+\.[0-9]+\.(?:[0-9]++(?!\.)|[0-9]+(?=[0-9]\.)))"
    rf"(?:-?(?P<pre>{_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?"
)


def key(text: str) -> bytes:
    bare = text.strip(" \t\r\n").lstrip("v= \t\r\n")
    version = _LOOSE.fullmatch(bare) or VERSION.fullmatch(bare)
    if len(text) > LONGEST or version is None:
        raise InvalidVersion.of(text, NAME)
    return (release(version["release"]) + prerelease(version["pre"] or "")).encode()
