"""The images that a scan looks into: an image itself, or all of an index (image-spec, image-index.md)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection

from careen.images import manifest as manifests
from careen.images.opened import NotAnImage
from careen.jobs.layers import check_image
from careen.model.digest import Digest
from careen.model.finding import Finding, Verdict
from careen.model.manifest import Descriptor, Manifest
from careen.model.problem import Problem, ProblemKind
from careen.model.registry import Image
from careen.store import images

_DEEPEST = 4  # indexes inside of indexes
_MOST = 100  # images of one index


@dataclass(frozen=True, slots=True)
class Part:
    """One image, and what it is for."""

    platform: str  # "linux/arm64"; "" = nothing is said of it
    manifest: Manifest


def parts(connection: Connection, image: Image) -> tuple[list[Part], list[Problem]]:
    """What is to be scanned, in the order of the index, and a Problem for each image that is not here.

    Attestations and other artifacts in an index are left aside.
    Raises NotAnImage, in the words of Yandex' service, where nothing is left.
    """
    manifest = manifests.parse(images.body(connection, image.id))
    if not manifest.is_index:
        check_image(manifest)
        return [Part("", manifest)], []
    within = _within(connection, image.repository_id, manifest, _DEEPEST, set())
    found = list(islice(within, _MOST + 1))
    problems = [each for each in found if isinstance(each, Problem)]
    wanted = [each for each in found if isinstance(each, Part)]
    if not found:
        raise NotAnImage(f"Image media type is not supported: {manifest.media_type} without any image")
    if len(found) > _MOST:
        message = f"only the first {_MOST} images of the index were looked into"
        problems.append(Problem(ProblemKind.BUDGET_EXCEEDED, "", message))
    return wanted[:_MOST], problems


def _within(
    connection: Connection, repository_id: str, index: Manifest, depth: int, seen: set[Digest]
) -> Iterator[Part | Problem]:
    """`seen` are the images looked at: hostile indexes name one another many times over."""
    for child in index.children:
        if child.is_attestation or child.digest in seen:
            continue
        seen.add(child.digest)
        image = images.by_digest(connection, repository_id, child.digest)
        if image is None:
            message = f"{_name(child)}: the index names this image, but it is not here and was not judged"
            yield Problem(ProblemKind.MISSING_PLATFORM, "", message)
            continue
        manifest = manifests.parse(images.body(connection, image.id))
        if manifests.is_image(manifest):
            yield Part(_name(child), manifest)
        elif manifest.is_index and depth:
            yield from _within(connection, repository_id, manifest, depth - 1, seen)


def _name(child: Descriptor) -> str:
    return str(child.platform) if child.platform else child.digest


def combined(verdicts: Sequence[tuple[Part, Verdict]], problems: Sequence[Problem]) -> Verdict:
    """One verdict of all parts: each finding has its row, and its platform where there are several."""
    (first, alone), *others = verdicts
    if not others and not first.platform:
        return replace(alone, problems=tuple(sorted({*alone.problems, *problems})))
    findings = [
        each._replace(platform=part.platform) for part, verdict in verdicts for each in verdict.findings
    ]
    said = {_of(part, problem) for part, verdict in verdicts for problem in verdict.problems}
    packages = dict.fromkeys(package for _, verdict in verdicts for package in verdict.packages)
    distros = {verdict.distro for _, verdict in verdicts}
    return Verdict(
        distro=distros.pop() if len(distros) == 1 else None,
        packages=tuple(packages),
        findings=tuple(sorted(findings, key=_order)),
        problems=tuple(sorted({*said, *problems})),
        snapshot=alone.snapshot,
    )


def _of(part: Part, problem: Problem) -> Problem:
    return replace(problem, message=f"{part.platform}: {problem.message}")


def _order(finding: Finding) -> tuple[object, ...]:
    """As the matcher orders one image's: a stable sort keeps the rest."""
    return (finding.severity, finding.package.name, finding.id)
