"""The result of a scan for people, on a terminal of 80 to 120 columns."""

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import zip_longest

from careen.model.finding import Finding, Verdict
from careen.model.problem import Problem
from careen.report.facts import ImageFacts
from careen.report.use import use

NAME = "table"

_NARROW, _WIDE = 80, 120
_GAP = "  "
_MIN_COLUMN = 10
_MAX_CELL = 200  # characters of what an image calls its things
_MAX_SAID = 2_000  # characters of a problem
_HEADINGS = ("SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED BY", "TYPE")


def render(verdict: Verdict, image: ImageFacts) -> str:
    columns = shutil.get_terminal_size((_WIDE, 24)).columns
    width = min(max(columns, _NARROW), _WIDE)
    blocks = [_header(verdict, image), _findings(verdict, image, width), _problems(verdict.problems, width)]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _header(verdict: Verdict, image: ImageFacts) -> list[str]:
    distro = verdict.distro
    facts = {
        "image": image.reference,
        "digest": image.digest,
        "platform": image.platform or "not known",
        "distro": distro.name or distro.ecosystem or distro.id if distro else "none",
        "snapshot": verdict.snapshot,
    }
    if verdict.fatal:
        kinds = ", ".join(dict.fromkeys(problem.kind for problem in verdict.fatal))
        facts["status"] = f"ERROR: this image cannot be judged ({kinds})"
    return [f"{name:<9}{_clean(value)}" for name, value in facts.items()]


def _findings(verdict: Verdict, image: ImageFacts, width: int) -> list[str]:
    examined = _examined(verdict, image)
    if not verdict.findings:
        found = "Nothing can be said of" if verdict.fatal else "No vulnerability found in"
        return [f"{found} {examined}."]
    counts = ", ".join(f"{count} {name}" for name, count in asdict(verdict.counts).items() if count)
    total = _count(len(verdict.findings), "finding")
    return [f"{total} in {examined}: {counts}", "", *_rows(verdict.findings, width)]


def _examined(verdict: Verdict, image: ImageFacts) -> str:
    """`16 packages (14 apk, 2 pypi) in 3 layers`."""
    types = Counter(package.type for package in verdict.packages)
    listed = ", ".join(f"{count} {_clean(name)}" for name, count in sorted(types.items()))
    packages = _count(len(verdict.packages), "package") + (f" ({listed})" if listed else "")
    return f"{packages} in {_count(len(image.layers), 'layer')}"


def _rows(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """A row for each finding, and below it its link, whole, so that it can be clicked, and who uses it."""
    rows = [_cells(finding) for finding in findings]
    widths = _widths([_HEADINGS, *rows], width)
    yield from _row(_HEADINGS, widths)
    for finding, cells in zip(findings, rows, strict=True):
        yield from _row(cells, widths)
        if said := [_clean(each) for each in (finding.link, *use(finding.evidence)) if each]:
            yield " " * (widths[0] + len(_GAP)) + _GAP.join(said)


def _cells(finding: Finding) -> tuple[str, ...]:
    package = finding.package
    unfixed = "-" if finding.status == "affected" else finding.status.replace("_", " ")
    fixed, kind = finding.fixed_by or unfixed, f"{finding.origin}/{finding.type}"
    cells = (finding.severity.name, finding.id, package.name, package.version, fixed, kind)
    return tuple(_clean(cell) for cell in cells)


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """As wide as the widest cell, but the widest columns give way until all fit."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _MIN_COLUMN:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: Iterable[str], widths: Sequence[int]) -> Iterator[str]:
    """A cell that is too long goes on below: a version that is cut off says something else."""
    pieces = [
        textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, widths, strict=True)
    ]
    for line in zip_longest(*pieces, fillvalue=""):
        padded = (piece.ljust(width) for piece, width in zip(line, widths, strict=True))
        yield _GAP.join(padded).rstrip()


def _problems(problems: Sequence[Problem], width: int) -> list[str]:
    if not problems:
        return []
    lines = [_count(len(problems), "problem") + ":"]
    for problem in problems:
        where = f"{problem.path}: " if problem.path else ""
        said = _clean(f"{problem.kind}: {where}{problem.message}", _MAX_SAID)
        lines += textwrap.wrap(said, width, initial_indent="  ", subsequent_indent="    ")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _clean(text: str, limit: int = _MAX_CELL) -> str:
    """Without what could steer a terminal: names and versions come from the image."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if char.isprintable() else "�" for char in short)
