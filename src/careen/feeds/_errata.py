"""Errata in OSV's records: updates of packages, each of which may fix many vulnerabilities, or none.

AlmaLinux' (github.com/AlmaLinux/osv-database) put the vulnerabilities under `related`, the severity first in
`summary`, and there too the modules: `Important: nodejs:18 security update`. Rocky Linux' are alike, but name
source packages (ossf.github.io/osv-schema, "Defined ecosystems"), if not always, and an epoch of 0. RXSA are
about builds of special interest groups. openEuler's and Mageia's come with all their releases in one archive.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from careen.feeds._fields import Record, records, sequence, text
from careen.model.advisory import Advisory, Affected, Range
from careen.model.package import modular
from careen.versions import rpm
from careen.versions.invalid import InvalidVersion

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_FIELDS = ("aliases", "upstream", "related")
_OF_SECURITY = re.compile(r"[A-Z]+SA-.*")  # ALSA, RLSA; bug fixes are ALBA, enhancements ALEA
_OF_OTHERS = "RXSA-"
_SEVERITY = re.compile(r"(Critical|Important|Moderate|Low): ")
_MODULE = re.compile(r"[\w.+-]+:[\w.+-]+", re.ASCII)
_BUILT_IN_MODULE = ".module"  # in the release of a package that is part of a module


def vulnerabilities(osv: Record, erratum: Advisory) -> Iterator[Advisory]:
    """An advisory for each CVE that the erratum fixes, with the erratum among its aliases.

    An erratum of security that names no CVE is a vulnerability by itself; one of another kind is none.
    """
    if erratum.id.startswith(_OF_OTHERS):
        return
    title = text(osv, "summary")
    severity = _SEVERITY.match(title)
    erratum = replace(
        erratum,
        severity=erratum.severity or (severity[1] if severity else ""),
        affected=tuple(_affected(erratum.affected, _MODULE.findall(_SEVERITY.sub("", title, 1)))),
    )
    is_of_security = _OF_SECURITY.fullmatch(erratum.id) is not None
    fixed = _named(osv) or (_referred(osv) if is_of_security else ())
    yield from (replace(erratum, id=cve, aliases=(erratum.id,)) for cve in dict.fromkeys(fixed))
    if is_of_security and not fixed:
        yield erratum


def _named(osv: Record) -> Sequence[str]:
    names = (name for field in _FIELDS for name in sequence(osv, field))
    return [name for name in names if isinstance(name, str) and _CVE.fullmatch(name)]


def _referred(osv: Record) -> Sequence[str]:
    """The CVEs whose pages it refers to."""
    pages = (text(reference, "url").rpartition("/")[2] for reference in records(osv, "references"))
    return [page for page in pages if _CVE.fullmatch(page)]


def _affected(affected: Iterable[Affected], modules: Sequence[str]) -> Iterator[Affected]:
    """Each package once; one that is built in a module under the names of the modules that may be meant.

    What is the name of a source may be that of a package as well.
    """
    ordered = sorted(affected, key=_place)
    for (_, name), group in groupby(ordered, _place):
        entries = list(group)
        ranges = tuple(dict.fromkeys(_without_zero(each) for entry in entries for each in entry.ranges))
        versions = tuple(dict.fromkeys(each for entry in entries for each in entry.versions))
        arches = tuple(sorted({arch for entry in entries for arch in entry.arches}))
        exact = arches if all(entry.arches for entry in entries) else ()
        whole = replace(entries[0], ranges=_lowest(ranges), versions=versions, arches=exact)
        is_modular = any(_BUILT_IN_MODULE in each.fixed for each in ranges)
        for own in [modular(name, module) for module in modules or ("",)] if is_modular else [name]:
            for by_source in sorted({whole.by_source, False}):
                yield replace(whole, package=own, by_source=by_source)


def _place(affected: Affected) -> tuple[str, str]:
    return affected.ecosystem, affected.package


def _without_zero(affected: Range) -> Range:
    """A package without an epoch has 0, and is shown without it."""
    return replace(affected, fixed=affected.fixed.removeprefix("0:"))


def _lowest(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    """Where several builds bring the fix of one erratum (for releases 8.5 and 8.6, say), the first one."""
    if any(each.introduced or not each.fixed for each in ranges):
        return ranges
    try:
        return (min(ranges, key=lambda each: rpm.key(each.fixed)),) if ranges else ()
    except InvalidVersion:
        return ranges
