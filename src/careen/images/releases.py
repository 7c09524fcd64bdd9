"""The release that an image takes its packages from, where it is another one than os-release names.

Alpine is moved to another release by a change of apk's repositories; os-release stays behind until its own
package is upgraded. What apk installs and upgrades from then on has the versions of the repositories.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from careen.model.distro import Distro
from careen.model.problem import Problem, ProblemKind

_BRANCH = re.compile(r"alpine/(?:v(?P<major>[0-9]+)\.(?P<minor>[0-9]+)|edge)/(?:main|community)")
_EDGE = (1 << 30, 0)  # newer than every release


def followed(distro: Distro | None, repositories: Iterable[str]) -> Distro | None:
    """With the newest release among the repositories' ids, if there is any."""
    if distro is None or distro.id != "alpine":
        return distro
    branches = [match for each in repositories if (match := _BRANCH.fullmatch(each))]
    newest = max(map(_number, branches), default=None)
    if newest is None:
        return distro
    return replace(distro, version_id="edge" if newest == _EDGE else f"{newest[0]}.{newest[1]}")


def _number(branch: re.Match[str]) -> tuple[int, int]:
    return (int(branch["major"]), int(branch["minor"])) if branch["major"] else _EDGE


def mixed(named: Distro | None, taken: Distro | None) -> Iterable[Problem]:
    """Where the release of os-release is not that of the repositories."""
    if named and taken and named.ecosystem != taken.ecosystem:
        message = (
            f"os-release names {named.ecosystem}, but apk's repositories {taken.ecosystem}: judged by that"
        )
        yield Problem(ProblemKind.MIXED_RELEASES, named.path, message)
