"""Go's versions: semantic ones (go.dev/ref/mod#versions), and the tags of Go itself, as `go1.21rc3`.

The key is semver's. Go's vulnerability database writes that tag as 1.21.0-rc.3 (golang.org/x/vuln,
GoTagToSemver).
"""

import re

from careen.versions import semver
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "golang"

_TAG = re.compile(r"(?P<release>[0-9]+\.[0-9]+(?:\.[0-9]+)?)(?P<stage>beta|rc)(?P<count>[0-9]+)")


def key(text: str) -> bytes:
    if len(text) > LONGEST:
        raise InvalidVersion.of(text, NAME)
    version = text.removeprefix("go")
    if tag := _TAG.fullmatch(version):
        version = f"{tag['release']}-{tag['stage']}.{tag['count']}"
    try:
        return semver.key(version)
    except InvalidVersion:
        raise InvalidVersion.of(text, NAME) from None
