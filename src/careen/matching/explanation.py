"""Why a vulnerability is found in an image, or why not: the record that clears it, if there is one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from careen.matching import rejection, strangers
from careen.matching.aliases import is_cve
from careen.matching.conditions import Repositories, applies
from careen.matching.coverage import asked, cover
from careen.matching.evidence import source_name, source_version
from careen.matching.lookup import subjects
from careen.matching.matcher import match
from careen.matching.order import order_of
from careen.matching.records import Covered, Named, Statement
from careen.matching.snapshot import Snapshot
from careen.model.finding import Finding
from careen.model.inventory import Inventory
from careen.model.package import Package
from careen.versions.invalid import InvalidVersion


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one installed package does not have the vulnerability, or is not judged for it."""

    package: Package
    because: str
    advisory: str = ""  # id of the record that says so; "" = none does
    feed: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    vulnerability: str  # as it was asked for
    package: str  # as it was asked for; "" = all of them
    is_installed: bool  # whether the image has that package
    ecosystems: frozenset[str]  # that the image's packages belong to
    records: tuple[Named, ...]  # all that the snapshot has of it: under this id, as an alias, or by its CVE
    findings: tuple[Finding, ...]
    reasons: tuple[Reason, ...]


def explain(
    inventory: Inventory,
    snapshot: Snapshot,
    vulnerability: str,
    *,
    package: str = "",
    kernel_headers: bool = False,
) -> Explanation:
    """`package` is the name of a package or of its source; without it all are meant. Case says nothing."""
    verdict = match(inventory, snapshot, kernel_headers=kernel_headers)
    meant = {each for each in verdict.packages if _is_meant(each, package.casefold())}
    records = _records(snapshot, vulnerability)
    wanted = {vulnerability.casefold(), *_cves(records)}
    findings = tuple(
        finding
        for finding in verdict.findings
        if finding.package in meant and wanted & {name.casefold() for name in (finding.id, *finding.aliases)}
    )
    free = meant - {finding.package for finding in findings}
    clearing = _Clearing(inventory, snapshot, records, kernel_headers=kernel_headers)
    reasons = tuple(
        reason for each in verdict.packages if each in free for reason in dict.fromkeys(clearing.of(each))
    )
    ecosystems = frozenset(each.ecosystem for each in verdict.packages if each.ecosystem)
    return Explanation(vulnerability, package, bool(meant), ecosystems, records, findings, reasons)


def _is_meant(package: Package, name: str) -> bool:
    """By its name, its source's, or Maven's artifact without the group."""
    known = {each.casefold() for each in (package.name, source_name(package))}
    return not name or name in known or package.name.casefold().rpartition(":")[2] == name


def _records(snapshot: Snapshot, vulnerability: str) -> tuple[Named, ...]:
    """Those that name it, and those that name its CVE: distributions know only that."""
    found = snapshot.named(vulnerability)
    others = sorted(_cves(found) - {vulnerability.casefold()})
    every = [*found, *(named for cve in others for named in snapshot.named(cve))]
    return tuple({(named.record.digest): named for named in every}.values())


def _cves(records: Sequence[Named]) -> set[str]:
    """Of one flaw: a record about several does not say which of them is meant."""
    said = [{name.casefold() for name in named.record.ids if is_cve(name)} for named in records]
    return {cve for cves in said if len(cves) == 1 for cve in cves}


class _Clearing:
    """What the records say of packages that have no finding."""

    def __init__(
        self, inventory: Inventory, snapshot: Snapshot, records: Sequence[Named], *, kernel_headers: bool
    ) -> None:
        self._snapshot = snapshot
        self._distro = inventory.distro
        self._coverage = cover(inventory, snapshot)
        self._repositories = Repositories.of(inventory, snapshot)
        self._kernel_headers = kernel_headers
        self._statements = [(named, statement) for named in records for statement in named.statements]

    def of(self, package: Package) -> Iterator[Reason]:
        name = asked(package, self._distro)
        covered = self._coverage.ecosystems.get(name) or self._snapshot.ecosystem(name)
        if covered is None:
            return
        for name, version, by_source in subjects(package):
            for named, statement in self._statements:
                place = (statement.ecosystem, statement.package, statement.by_source)
                if place == (covered.name, name, by_source):
                    because = self._because(package, covered, version, statement)
                    yield Reason(package, because, named.record.id, named.record.feed)

    def _because(self, package: Package, covered: Covered, version: str, statement: Statement) -> str:
        if package.owner in self._coverage.judges:
            return f"{package.owner} of the distribution owns its files, whose advisories judge them"
        if strangers.is_third_party(package, self._distro):
            return f"it is not the distribution's own build, but of {package.vendor or 'another repository'}"
        if strangers.is_kernel_headers(package) and not self._kernel_headers:
            return "it holds headers of the kernel, not the kernel"
        if not applies(statement.hit, package, covered, self._repositories):
            return "the record is about builds for other machines or from other repositories"
        names = statement.hit.record.ids
        if who := rejection.of(names, self._snapshot.facts(names)):
            return f"{' and '.join(who)} says that the id was rejected: it names no vulnerability"
        return _outside(version, covered, statement)


def _outside(version: str, covered: Covered, statement: Statement) -> str:
    affected = statement.hit
    try:
        key = order_of(covered.scheme, by_source=statement.by_source).key(version)
    except InvalidVersion as error:
        return f"it cannot be judged: {error.message}"
    if statement.low <= key < statement.hit.high:
        if statement.hit.status == "not_affected":
            return f"upstream says that {version} is not affected"
        return f"{version} is in its range, but another record clears the vulnerability"
    if key < statement.low:
        return f"{version} is before {affected.introduced}, with which it began"
    if affected.fixed:
        return f"{version} is not before {affected.fixed}, where it is fixed"
    return f"{version} is after {affected.last_affected}, the last that is affected"


def compared(package: Package) -> str:
    """The installed thing in words: `libssl3 3.0.8-1 (source openssl 3.0.8-1)`."""
    said = f"{package.name} {package.version}"
    if package.is_os and (source_name(package), source_version(package)) != (package.name, package.version):
        said += f" (source {source_name(package)} {source_version(package)})"
    return said
