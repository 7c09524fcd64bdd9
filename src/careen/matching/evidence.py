"""Why a finding is reported, as values that JSON can hold."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from careen.matching.records import Candidate, Covered, Hit, Record
from careen.matching.severity import told
from careen.model.package import Package
from careen.model.vulnerability import Exploited, Likelihood

_SIGNED = "linux-signed"
_SIGNED_KERNEL = re.compile(rf"{_SIGNED}(?P<flavour>(?:-[a-z0-9.]+?)*?)(?:-(?:amd64|arm64|i386))?")


class Proof(Mapping[str, object]):
    """Evidence that is made when somebody first reads it; most callers only count."""

    __slots__ = ("_make", "_said")

    def __init__(self, make: Callable[[], Mapping[str, object]]) -> None:
        self._make: Callable[[], Mapping[str, object]] | None = make
        self._said: Mapping[str, object] = {}

    def _read(self) -> Mapping[str, object]:
        if make := self._make:
            self._said, self._make = make(), None
        return self._said

    def __getitem__(self, name: str) -> object:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())


def of(
    package: Package,
    covered: Covered,
    hits: Sequence[Hit],
    opinions: Sequence[Candidate],
    remarks: Sequence[str] = (),
    *,
    confidence: str = "",
) -> Mapping[str, object]:
    """`hits` in an order of their own meaning: those of one advisory side by side, the leading one first."""
    installed = {hit.by_source: compared(package, by_source=hit.by_source) for hit in hits}
    return {
        "advisories": [_advisory(record, group, installed) for record, group in groupby(hits, _RECORD)],
        "compared": [
            {"by": by, "installed": version, "scheme": covered.scheme, "ecosystem": covered.name}
            for by, version in installed.values()
        ],
        "severities": told(opinions),
        **({"remarks": list(remarks)} if remarks else {}),
        **({"confidence": confidence} if confidence else {}),
    }


def of_use(exploited: Iterable[Exploited], likelihood: Likelihood | None) -> Mapping[str, object]:
    """Whether the vulnerability is used by anybody, and how likely it is to be; nothing where nobody says."""
    said: dict[str, object] = {}
    if seen := [each._asdict() for each in exploited]:
        said["exploited"] = seen
    if likelihood:
        said["likelihood"] = likelihood._asdict()
    return said


def compared(package: Package, *, by_source: bool) -> tuple[str, str]:
    """What was compared, such as `source package openssl`, and its version."""
    if by_source:
        return f"source package {source_name(package)}", source_version(package)
    return f"package {package.name}", package.version


def source_name(package: Package) -> str:
    """That advisories speak of: Debian and Ubuntu sign a kernel in a source package of its own."""
    if package.source.startswith(_SIGNED) and (signed := _SIGNED_KERNEL.fullmatch(package.source)):
        return f"linux{signed['flavour']}"
    return package.source or package.name


def source_version(package: Package) -> str:
    """A signed kernel has the version of the kernel; only its source is written otherwise (6.1.115+1)."""
    if package.source.startswith(_SIGNED):
        return package.version
    return package.source_version or package.version


_RECORD = attrgetter("record")


def _advisory(
    record: Record, hits: Iterable[Hit], installed: Mapping[bool, tuple[str, str]]
) -> Mapping[str, object]:
    return {
        "id": record.id,
        "feed": record.feed,
        "digest": record.digest,
        "link": record.link,
        "modified": record.modified,
        "ranges": [
            {
                "introduced": hit.introduced,
                "fixed": hit.fixed,
                "last_affected": hit.last_affected,
                "status": hit.status,
                "because": _because(installed[hit.by_source][1], hit),
            }
            for hit in hits
        ],
    }


def _because(installed: str, affected: Hit) -> str:
    """The comparison in words: `1.2.3 is not before 1.0 and before 1.2.4, where it is fixed`."""
    if affected.introduced and affected.introduced == affected.last_affected:
        return f"{installed} is listed as affected"
    ends = []
    if affected.introduced not in ("", "0"):
        ends.append(f"not before {affected.introduced}, with which it began,")
    if affected.fixed:
        ends.append(f"before {affected.fixed}, where it is fixed")
    elif affected.last_affected:
        ends.append(f"not after {affected.last_affected}, the last that is affected")
    if not ends:
        return f"{installed} is affected as all versions are"
    return f"{installed} is {' and '.join(ends)}".removesuffix(",")
