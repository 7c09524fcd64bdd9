"""The result of a scan as one JSON document (docs: `careen scan --format json`)."""

import json
from dataclasses import asdict

from careen.model.finding import Finding, Verdict
from careen.model.package import Package
from careen.report.facts import ImageFacts

NAME = "json"

Document = dict[str, object]


def render(verdict: Verdict, image: ImageFacts) -> str:
    return dumps(document(verdict, image))


def document(verdict: Verdict, image: ImageFacts) -> Document:
    """All that is known, in the order of the verdict. With `status` ERROR the counts are no answer."""
    return {
        "status": "ERROR" if verdict.fatal else "READY",
        "image": asdict(image),
        "distro": _distro(verdict),
        "snapshot": verdict.snapshot,
        "counts": asdict(verdict.counts),
        "packages": [_package(package, image) for package in verdict.packages],
        "findings": [finding(each, image) for each in verdict.findings],
        "problems": [asdict(problem) for problem in verdict.problems],
    }


def dumps(document: Document) -> str:
    """The same document is the same bytes: keys stay in their order, everything is ASCII."""
    return json.dumps(document, indent=2) + "\n"


def _distro(verdict: Verdict) -> Document | None:
    distro = verdict.distro
    if distro is None:
        return None
    return {
        "id": distro.id,
        "version_id": distro.version_id,
        "name": distro.name,
        "ecosystem": distro.ecosystem,
    }


def _package(package: Package, image: ImageFacts) -> Document:
    return {
        "name": package.name,
        "version": package.version,
        "ecosystem": package.ecosystem,
        "purl": package.purl,
        "source": package.source,
        "source_version": package.source_version,
        "locations": [package.path],
        "owner": package.owner,
        "confidence": package.confidence,
        "layer": package.layer,
        "created_by": image.command(package.layer),
    }


def finding(finding: Finding, image: ImageFacts) -> Document:
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "severity": finding.severity.name,
        "package": finding.package.name,
        "version": finding.package.version,
        "fixed_by": finding.fixed_by,
        "origin": finding.origin,
        "type": finding.type,
        "source": finding.package.source,
        "link": finding.link,
        "layer": finding.package.layer,
        "created_by": image.command(finding.package.layer),
        "path": finding.package.path,
        "platform": finding.platform or image.platform,
        "evidence": dict(finding.evidence),
        "status": finding.status,
    }
