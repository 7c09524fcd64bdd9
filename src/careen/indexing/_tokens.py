"""What a name, a version, an architecture or a vendor may look like, whatever the database is."""

import re
from typing import Final

_TOKEN: Final = re.compile(r"[!-~]{1,256}")
_LONGEST: Final = 200  # characters of such a line that are kept


def is_token(text: str) -> bool:
    """Printable ASCII without blanks: nothing else is a package's name or version in any ecosystem."""
    return _TOKEN.fullmatch(text) is not None


def printable(text: str) -> str:
    """Who built a package, or what a distribution calls itself: one short line of what can be printed."""
    return "".join(filter(str.isprintable, text[:_LONGEST]))


def shown(text: str) -> str:
    """For a message: what a stranger wrote, in one short line."""
    return repr(text[:80])
