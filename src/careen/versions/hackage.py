"""Haskell's versions: numbers with dots between them, and the longer one is above (pvp.haskell.org)."""

import re

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "hackage"

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def key(text: str) -> bytes:
    if len(text) > LONGEST or not _VERSION.fullmatch(text):
        raise InvalidVersion.of(text, NAME)
    return ("".join("\1" + number(digits) for digits in text.split(".")) + "\0").encode()
