"""Packages and advisories make findings. What differs between distributions is data on their advisories."""

from collections.abc import Iterable
from dataclasses import replace

from careen.matching import strangers
from careen.matching.conditions import Repositories
from careen.matching.coverage import asked, cover
from careen.matching.judge import Judge
from careen.matching.lookup import Asked
from careen.matching.snapshot import Snapshot
from careen.model.finding import Finding, Verdict
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.model.problem import Problem


def match(inventory: Inventory, snapshot: Snapshot, *, kernel_headers: bool = False) -> Verdict:
    """Every vulnerability of every package, and all that could not be judged as a Problem.

    The same inventory and snapshot give the same Verdict, in whatever order the packages come.
    Vulnerabilities of the kernel count for its headers only with `kernel_headers`.
    """
    distro, packages = inventory.distro, _distinct(inventory.packages)
    third_party = [each for each in packages if strangers.is_third_party(each, distro)]
    headers = [] if kernel_headers else [each for each in packages if strangers.is_kernel_headers(each)]
    coverage = cover(inventory, snapshot, not_judged=[*third_party, *headers])
    judge = Judge(snapshot, distro, Repositories.of(inventory, snapshot))
    aside = {*third_party, *headers}
    judged: list[Package] = []
    wanted: list[Asked] = []
    for package in packages:
        covered = coverage.ecosystems.get(asked(package, distro))
        judged.append(replace(package, ecosystem=covered.name) if covered else package)
        if covered and package not in aside and package.owner not in coverage.judges:
            wanted.append(Asked(judged[-1], covered))
    found: list[Finding | Problem] = [*inventory.problems, *coverage.problems]
    found += [*strangers.problems(third_party, headers), *judge.of(wanted)]
    return Verdict(
        distro,
        tuple(judged),
        tuple(sorted((item for item in found if isinstance(item, Finding)), key=_order)),
        tuple(sorted({item for item in found if isinstance(item, Problem)})),
        snapshot.digest,
    )


def _identity(package: Package) -> tuple[str, ...]:
    return (package.name, package.version, package.arch, package.path)


def _distinct(packages: Iterable[Package]) -> list[Package]:
    """In order, and a package that was found twice at the same place only once."""
    ordered = sorted(packages, key=lambda each: (*_identity(each), each.layer or "", repr(each)))
    return list({_identity(package): package for package in reversed(ordered)}.values())[::-1]


def _order(finding: Finding) -> tuple[object, ...]:
    name, *rest = _identity(finding.package)
    return (finding.severity, name, finding.id, *rest)
