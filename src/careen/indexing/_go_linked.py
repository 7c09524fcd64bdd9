"""The version of a program that Go's linker was told to write into it: `-ldflags "-X main.version=1.2.3"`.

Which variables hold one is a habit and no rule (cmd/link, "-X importpath.name=value"). -trimpath keeps the
flags out of the record, but the value stands among the constants: unlike all others, between NULs.
"""

import re

from careen.indexing._executable import Executable

_MOST = 64 << 20  # bytes of constants that are searched
_AT_ONCE = 512 << 10  # of these
_SEVERAL = 100  # versions that are more than builds of one
_DOTS = re.compile(rb"\.[0-9]+\.[0-9]")  # what all versions have: to look for these takes 0.3 ns a byte
_BEFORE, _BEHIND = 16, 64  # bytes
_FLAG = re.compile(r"""-X[= ]\s*['"]?(?P<package>[^\s='"]+)\.(?P<name>\w+)=(?P<value>[^\s'"]+)""")
_VARIABLE = re.compile(r"(git|build|app|release|cli)?_?(version|ver|tag)", re.IGNORECASE)
_SEMANTIC = r"v?([0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)"
_VERSION = re.compile(_SEMANTIC)
_WRITTEN = re.compile(rb"\x00" + _SEMANTIC.encode() + rb"\x00")


def version(linker_flags: str, main: str) -> str:
    """That of the module `main`, such as "v1.2.3"; "" where the flags name none, or several.

    What the module's own packages are told goes before what others are (github.com/prometheus/common).
    """
    own, others = set[str](), set[str]()
    for flag in _FLAG.finditer(linker_flags):
        said = _VERSION.fullmatch(flag["value"])
        if said and _VARIABLE.fullmatch(flag["name"]):
            is_own = flag["package"] == "main" or f"{flag['package']}/".startswith(f"{main}/")
            (own if is_own else others).add(f"v{said[1]}")
    found = own or others
    return next(iter(found)) if len(found) == 1 else ""


def written(executable: Executable) -> str:
    """The version that stands among the constants; "" where there is none, or more than builds of one.

    And where there are more constants than are searched: another version may stand among the rest.
    """
    constants = executable.named(".rodata", "__rodata", ".rdata")
    if not constants or constants.size > _MOST:
        return ""
    found = set[str]()
    searched = executable.rope.part(constants.offset, constants.size)
    for content, _ in searched.windows(_AT_ONCE, _BEFORE + _BEHIND):
        found.update(_around(content, dots.start()) for dots in _DOTS.finditer(content))
        if len(found) > _SEVERAL:
            return ""
    found.discard("")
    shortest = min(found, key=len, default="")
    builds = (each for each in found if each.startswith((f"{shortest}-", f"{shortest}+")))
    return f"v{shortest}" if found and found == {shortest, *builds} else ""


def _around(content: bytes | memoryview, at: int) -> str:
    texts = _WRITTEN.finditer(content, max(0, at - _BEFORE), at + _BEHIND)
    return next((text[1].decode() for text in texts if text.start() < at < text.end()), "")
