"""Which versions a list of fixes leaves affected, where each minor release of RHEL has a fix of its own.

A repository keeps the builds of all its minor releases: curl was fixed in 9.2 by 7.76.1-23.el9_2.4, and by
7.76.1-26.el9_3.2 in 9.3, which had begun with an affected 7.76.1-26.el9. What is below the lowest fix is
affected; above it, what does not follow a fixed build: those of a minor release keep version and number.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from careen.model.advisory import Range
from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

# 7.76.1-23.el9_2.4, 4.18.0-477.27.1.el8_8, 1:18.18.2-1.module+el8.9.0+20473+c4e3d824, 1.0-5.el7eap
_BUILD = re.compile(
    r"(?P<version>(?:[0-9]+:)?[^-]+)-(?P<number>[0-9]+)(?P<more>.*)(?P<mark>[.+_]el)(?P<major>[0-9]+)"
    r"(?:(?P<point>_|(?<=\+el[0-9])\.|(?<=\+el[0-9][0-9])\.)(?P<minor>[0-9]+).*|.*)"
)


@dataclass(frozen=True, slots=True)
class _Branch:
    """The builds of a package in one minor release, from a fixed one on."""

    version: str
    number: int  # the first of the release
    more: str
    major: str  # with what stands before it: ".el9"
    minor: str  # with what stands before it: "_2"; "" = none is said

    @property
    def name(self) -> tuple[object, ...]:
        return self.version, self.number, self.major, self.minor

    def end(self, below: str) -> str:
        """The first version after it; the next number of the release, if that is below the other fix."""
        following = f"{self.version}-{self.number + 1}"
        if _order(following) < _order(below):
            return following
        base = f"{self.version}-{self.number}{self.more}"
        if self.minor:
            return f"{base}{self.major}{self.minor[0]}{int(self.minor[1:]) + 1}"
        return f"{base}{self.major.rstrip('0123456789')}{int(self.major.lstrip('.+_el')) + 1}"


def ranges(fixes: Iterable[str]) -> list[Range]:
    """From the lowest on; what cannot be ordered is left to whoever builds the snapshot, who reports it."""
    ordered = sorted(set(fixes), key=_order)
    found = [Range(fixed=ordered[0])]
    for fixed in ordered[1:]:
        before, own = _branch(found[-1].fixed), _branch(fixed)
        if before is None or own is None:
            break  # the lowest one holds for all that are above it
        introduced = before.end(fixed)
        if before.name != own.name and _order(introduced) < _order(fixed):
            found.append(Range(introduced, fixed))
    return found


def _branch(version: str) -> _Branch | None:
    match = _BUILD.fullmatch(version)
    if not match:
        return None
    minor = f"{match['point']}{match['minor']}" if match["minor"] else ""
    major = f"{match['mark']}{match['major']}"
    return _Branch(match["version"], int(match["number"]), match["more"], major, minor)


def _order(version: str) -> tuple[bytes, str]:
    try:
        return rpm.key(version), version
    except InvalidVersion:
        return b"", version
