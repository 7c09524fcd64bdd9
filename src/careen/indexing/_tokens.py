"""What a name, a version or an architecture may look like, whatever the database is."""

import re

_TOKEN = re.compile(r"[!-~]{1,256}")


def is_token(text: str) -> bool:
    """Printable ASCII without blanks: nothing else is a package's name or version in any ecosystem."""
    return _TOKEN.fullmatch(text) is not None


def shown(text: str) -> str:
    """For a message: what a stranger wrote, in one short line."""
    return repr(text[:80])
