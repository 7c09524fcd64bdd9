"""Python's versions: the version specifiers specification (PEP 440), ordered as `packaging` does.

The key is epoch, release without trailing zeros, pre-release, post-release, development release and local
version, one after the other; each part shows where it ends, so no key is the beginning of another.
"""

from packaging import version as packaging

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "pep440"

_NONE = "\0"  # the part is missing, or ends here
_SOME = "\1"
_FINAL = "\2"  # above every _SOME
_ABOVE_PRE = "z"  # above "a", "b" and "rc"


def key(text: str) -> bytes:
    """Versions from before PEP 440 ("1.0-final-2") have no order, and are refused."""
    if len(text) > LONGEST:
        raise InvalidVersion.of(text, NAME)
    try:
        version = packaging.Version(text)
    except packaging.InvalidVersion:
        raise InvalidVersion.of(text, NAME) from None
    parts = (
        number(str(version.epoch)),
        _release(version.release),
        _pre(version),
        _NONE if version.post is None else _SOME + number(str(version.post)),
        _FINAL if version.dev is None else _SOME + number(str(version.dev)),
        _local(version.local),
    )
    return "".join(parts).encode()


def _release(components: tuple[int, ...]) -> str:
    significant = list(components)
    while significant and not significant[-1]:
        significant.pop()
    return "".join(_SOME + number(str(component)) for component in significant) + _NONE


def _pre(version: packaging.Version) -> str:
    if version.pre is not None:
        letter, count = version.pre
        return letter[0] + number(str(count))
    # 1.0.dev1 comes before 1.0a1, but 1.0.post1.dev1 after 1.0.
    is_dev_of_final = version.post is None and version.dev is not None
    return _NONE if is_dev_of_final else _ABOVE_PRE


def _local(local: str | None) -> str:
    if local is None:
        return _NONE
    return _SOME + "".join(map(_local_segment, local.split("."))) + _NONE


def _local_segment(segment: str) -> str:
    # Numbers are above words.
    return "\2" + number(segment) if segment.isdigit() else "\1" + segment + "\0"
