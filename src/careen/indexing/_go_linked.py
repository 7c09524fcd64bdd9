"""The version of a program that Go's linker was told to write into it: `-ldflags "-X main.version=1.2.3"`.

Which variables hold one is a habit and no rule (cmd/link, "-X importpath.name=value").
"""

import re

_FLAG = re.compile(r"""-X[= ]\s*['"]?(?P<package>[^\s='"]+)\.(?P<name>\w+)=(?P<value>[^\s'"]+)""")
_VARIABLE = re.compile(r"(git|build|app|release|cli)?_?(version|ver|tag)", re.IGNORECASE)
_VERSION = re.compile(r"v?([0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")


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
