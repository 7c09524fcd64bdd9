"""Findings and the result of a scan."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from careen.model.digest import Digest
from careen.model.distro import Distro
from careen.model.package import Package
from careen.model.problem import FATAL, Problem
from careen.model.severity import Counts, Severity


class Finding(NamedTuple):  # thousands are made for an image
    """One vulnerability in one installed package, and why we say so."""

    id: str  # the CVE where there is one, else upstream's id
    aliases: tuple[str, ...]
    severity: Severity
    package: Package
    fixed_by: str  # lowest version above the installed one that is not affected; "" = none is known
    origin: str  # "os" | "lang"
    type: str  # the distribution's ID for "os" ("debian"), the kind of package for "lang" ("python-pkg")
    link: str
    # fixed (a fix can be had) | affected | will_not_fix | deferred | end_of_life | under_investigation
    status: str = "affected"
    # advisory, feed, range, compared, severities …
    evidence: Mapping[str, object] = MappingProxyType({})
    platform: str = ""  # of which image of an index, "linux/arm64"; "" = the image is none


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that a scan says of an image, against one snapshot. Findings are in the order of the API."""

    distro: Distro | None
    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    snapshot: Digest

    @property
    def counts(self) -> Counts:
        return Counts.of(finding.severity for finding in self.findings)

    @property
    def fatal(self) -> tuple[Problem, ...]:
        """The problems for which these counts must not be taken as an answer."""
        return tuple(problem for problem in self.problems if problem.kind in FATAL)
