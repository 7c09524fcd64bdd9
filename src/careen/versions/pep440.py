"""Python's versions: the version specifiers specification (PEP 440), ordered as `packaging` does.

    [v] [epoch!] number {.number} [pre-release] [post-release] [.dev] [+ local]

The key is epoch, release without trailing zeros, pre-release, post-release, development release and local
version, one after the other; each part shows where it ends, so no key is the beginning of another. Texts
from before PEP 440 ("1.0-final-2", "0.3m2") are below all others.
"""

import re

from careen.versions import _legacy_python
from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "pep440"

_VERSION = re.compile(
    r"v?(?:(?P<epoch>[0-9]++)!)?(?P<release>[0-9]++(?:\.[0-9]++)*+)"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_count>[0-9]*+))?"
    r"(?P<post>-(?P<post_number>[0-9]++)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_count>[0-9]*+))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_count>[0-9]*+))?"
    r"(?:\+(?P<local>[a-z0-9]++(?:[-_.][a-z0-9]++)*+))?",
    re.ASCII,
)
_TRAILING_ZEROS = re.compile(r"(?:\.0+)+\Z")

_NONE = "\0"  # the part is missing, or ends here
_SOME = "\1"
_FINAL = "\2"  # above every _SOME
_PRE = {
    **dict.fromkeys(("alpha", "a"), "a"),
    **dict.fromkeys(("beta", "b"), "b"),
    **dict.fromkeys(("preview", "pre", "rc", "c"), "r"),
}
_ABOVE_PRE = "z"
_ABOVE_LOCAL = "\2"  # above every _SOME
_LEGACY = _NONE * 5  # below the key of 0.dev0, which has fewer


def key(text: str) -> bytes:
    if len(text) > LONGEST:
        raise InvalidVersion.of(text, NAME)
    version = _VERSION.fullmatch(text.strip().lower())
    if version is None:
        return _legacy(text)
    epoch, release, pre, pre_count, post, post_number, post_count, dev, dev_count, local = version.groups()
    parts = (
        number(epoch or ""),
        _release(release),
        _pre(pre, pre_count, is_dev_of_final=bool(dev and not post)),
        _SOME + number(post_number or post_count or "") if post else _NONE,
        _SOME + number(dev_count) if dev else _FINAL,
        _local(local) if local else _NONE,
    )
    return "".join(parts).encode()


def after(text: str) -> bytes:
    """Just above the version and, where it names none itself, above all local versions of it.

    `<=2.0` and `==2.0` hold for the build 2.0+cu118 too (PEP 440, "Version specifiers").
    """
    version = key(text)
    if "+" in text or version.startswith(_LEGACY.encode()):
        return version + b"\0"
    return version.removesuffix(_NONE.encode()) + _ABOVE_LOCAL.encode()


def _legacy(text: str) -> bytes:
    found = _legacy_python.key(text.strip().lower())
    if found is None:
        raise InvalidVersion.of(text, NAME)
    return (_LEGACY + found).encode()


def _release(numbers: str) -> str:
    significant = _TRAILING_ZEROS.sub("", numbers)
    if not significant.strip("0"):
        return _NONE
    return "".join([_SOME + number(each) for each in significant.split(".")]) + _NONE


def _pre(word: str | None, count: str, *, is_dev_of_final: bool) -> str:
    if word:
        return _PRE[word] + number(count)
    # 1.0.dev1 comes before 1.0a1, but 1.0.post1.dev1 after 1.0.
    return _NONE if is_dev_of_final else _ABOVE_PRE


def _local(local: str) -> str:
    return _SOME + "".join(map(_local_segment, re.split("[-_.]", local))) + _NONE


def _local_segment(segment: str) -> str:
    # Numbers are above words.
    return "\2" + number(segment) if segment.isdigit() else "\1" + segment + "\0"
