"""Semantic versions (semver.org, 2.0.0), as of Rust's crates.

    number {.number} [- identifier {.identifier}] [+ build]

The key is the release without trailing zeros and then the pre-release, each closed, so no key is the
beginning of another. The build says nothing of the order.

Fewer or more than three numbers, leading zeros, a `v`, and a pre-release that begins with a letter and so
needs no hyphen are taken as well: real packages have them, and the order of valid versions stays as it is.
"""

import re

from careen.versions._semantic import prerelease, release
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "semver"

_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
VERSION = re.compile(
    rf"[vV]?(?P<release>[0-9]+(?:\.[0-9]+)*)(?:(?:-|\.?(?=[A-Za-z]))(?P<pre>{_IDENTIFIERS}))?"
    rf"(?:\+(?P<build>{_IDENTIFIERS}))?"
)


def key(text: str) -> bytes:
    version = VERSION.fullmatch(text)
    if len(text) > LONGEST or version is None:
        raise InvalidVersion.of(text, NAME)
    return (release(version["release"]) + prerelease(version["pre"] or "")).encode()
