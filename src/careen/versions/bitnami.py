"""Bitnami's versions: semantic ones, with the revision of Bitnami's own build behind a hyphen (`2.3.1-4`).

Its advisories speak of the software alone, so a revision says nothing of the order.
"""

import re

from careen.versions import semver
from careen.versions.invalid import InvalidVersion

NAME = "bitnami"

_REVISION = re.compile(r"-[0-9]+$", re.ASCII)


def key(text: str) -> bytes:
    try:
        return semver.key(_REVISION.sub("", text))
    except InvalidVersion:
        raise InvalidVersion.of(text, NAME) from None
