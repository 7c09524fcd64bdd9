"""`careen explain` for people and for programs: the proof of each finding, and why others are none."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from careen.matching.explanation import Explanation, Reason, compared
from careen.matching.records import Named
from careen.model.finding import Finding
from careen.report.facts import ImageFacts
from careen.report.json import dumps, finding
from careen.report.use import use

_MOST = 10  # packages that records speak of and that are told


def render_json(explanation: Explanation, image: ImageFacts) -> str:
    return dumps(
        {
            "vulnerability": explanation.vulnerability,
            "package": explanation.package,
            "installed": explanation.is_installed,
            "image": asdict(image),
            "findings": [finding(each, image) for each in explanation.findings],
            "not": [_reason(each) for each in explanation.reasons],
            "records": [_record(each) for each in explanation.records],
        }
    )


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "package": reason.package.name,
        "version": reason.package.version,
        "path": reason.package.path,
        "because": reason.because,
        "advisory": reason.advisory,
        "feed": reason.feed,
    }


def _record(named: Named) -> dict[str, object]:
    record = named.record
    return {
        "id": record.id,
        "feed": record.feed,
        "digest": record.digest,
        "aliases": list(record.aliases),
        "withdrawn": named.withdrawn,
        "packages": _packages(named),
    }


def _packages(named: Named) -> list[str]:
    """ECOSYSTEM/NAME of each."""
    return sorted({f"{each.ecosystem}/{each.package}" for each in named.statements})


def render(explanation: Explanation, image: ImageFacts) -> str:
    return "\n".join(_lines(explanation, image)) + "\n"


def _lines(explanation: Explanation, image: ImageFacts) -> Iterator[str]:
    wanted = explanation.vulnerability
    for each in explanation.findings:
        yield from _proof(each, image)
    for reason in explanation.reasons:
        who = f" ({reason.feed}, {reason.advisory})" if reason.advisory else ""
        yield f"{wanted} is not in {compared(reason.package)}: {reason.because}{who}"
        yield f"  evidence  {reason.package.path}"
    if not explanation.findings and not explanation.reasons:
        yield from _nothing(explanation)


def _nothing(explanation: Explanation) -> Iterator[str]:
    wanted = explanation.vulnerability
    if not explanation.is_installed:
        yield f"the image has no package {explanation.package or 'at all'}"
    if not explanation.records:
        yield f"{wanted}: no feed of this snapshot names it"
        return
    if explanation.is_installed:
        yield f"{wanted}: none of the image's packages is spoken of by the records that name it"
    for named in explanation.records:
        if named.withdrawn:
            yield f"  {named.record.id} of {named.record.feed} was withdrawn on {named.withdrawn}"
    yield from _elsewhere(explanation)


def _elsewhere(explanation: Explanation) -> Iterator[str]:
    """What each feed speaks of, the image's own ecosystems first."""
    by_feed: dict[tuple[str, str], set[tuple[bool, str]]] = defaultdict(set)
    for named in explanation.records:
        for each in named.statements:
            is_elsewhere = each.ecosystem not in explanation.ecosystems
            by_feed[named.record.feed, named.record.id].add(
                (is_elsewhere, f"{each.ecosystem}/{each.package}")
            )
    for (feed, id_), places in sorted(by_feed.items(), key=lambda each: (min(each[1]), each[0])):
        told = [place for _, place in sorted(places)]
        more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
        yield f"  {id_} of {feed} is about {', '.join(told[:_MOST])}{more}"


def _proof(found: Finding, image: ImageFacts) -> Iterator[str]:
    package, evidence = found.package, found.evidence
    fix = f"fixed by {found.fixed_by}" if found.fixed_by else "no fix is known"
    yield f"{found.id} is in {compared(package)}: {found.severity.name}, {found.status}, {fix}"
    yield f"  evidence  {package.path}{f'!{package.inner}' if package.inner else ''}"
    if package.layer:
        yield f"  layer     {package.layer}{_by(image.command(package.layer))}"
    for advisory in _values(evidence, "advisories"):
        yield f"  advisory  {advisory['id']} of {advisory['feed']}, record {advisory['digest']}"
        for affected in advisory["ranges"]:
            yield f"            {affected['because']}"
    for by in _values(evidence, "compared"):
        yield f"  compared  {by['by']} {by['installed']} in {by['ecosystem']}, in the order of {by['scheme']}"
    for opinion in _values(evidence, "severities"):
        mark = " (this one counts)" if opinion["chosen"] else ""
        said = f"{opinion['source']} with {opinion['says']!r}"
        yield f"  severity  {opinion['severity']} says {said}: {opinion['because']}{mark}"
    for said in use(evidence):
        yield f"  use       {said}"
    for remark in evidence.get("remarks", ()):  # type: ignore[attr-defined]  # a list of texts, see evidence.of
        yield f"  remark    {remark}"


def _by(command: str) -> str:
    return f", made by {command}" if command else ""


def _values(evidence: Any, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a document, see evidence.of
    return list(evidence.get(name, ()))
