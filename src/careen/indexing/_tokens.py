"""What a name, a version, an architecture or a vendor may look like, whatever the database is."""

import re

_TOKEN = re.compile(r"[!-~]{1,256}")
_LONGEST = 200  # characters of a vendor that are kept


def is_token(text: str) -> bool:
    """Printable ASCII without blanks: nothing else is a package's name or version in any ecosystem."""
    return _TOKEN.fullmatch(text) is not None


def vendor(text: str) -> str:
    """Who built a package, in one short line of what can be printed."""
    return "".join(filter(str.isprintable, text[:_LONGEST]))


def shown(text: str) -> str:
    """For a message: what a stranger wrote, in one short line."""
    return repr(text[:80])
