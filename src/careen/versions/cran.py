"""R's versions: numbers with `.` or `-` between them, and the longer one is above (R's `package_version`)."""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "cran"

_VERSION = re.compile(r"[0-9]+(?:[.-][0-9]+)*")


def key(text: str) -> bytes:
    if len(text) > LONGEST or not _VERSION.fullmatch(text):
        raise InvalidVersion.of(text, NAME)
    return ("".join("\1" + number(digits) for digits in re.split("[.-]", text)) + "\0").encode()
