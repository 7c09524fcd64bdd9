"""What a migration did, and how both sides compare: for people, and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from careen.migration.comparison import Difference
from careen.migration.contents import Binding
from careen.migration.image_transfer import Lacking
from careen.migration.progress import human


@dataclass(frozen=True, slots=True)
class Report:
    source: str  # HOST:PORT
    is_dry_run: bool
    at_source: Mapping[str, int]  # kind -> how many
    here: Mapping[str, int]
    to_come: Mapping[str, int]  # of a dry run: kind -> how many are not here yet
    bytes: int  # that came, or would
    differences: tuple[Difference, ...] = ()
    lacking: tuple[Lacking, ...] = ()  # blobs that could not be had; their images are kept without them
    failures: tuple[str, ...] = ()  # what could not be brought
    disabled: tuple[Binding, ...] = ()  # roles of subjects that careen does not know
    remarks: tuple[str, ...] = field(default=())  # what the source says that cannot be, and the like

    @property
    def agrees(self) -> bool:
        return not (self.differences or self.lacking or self.failures or self.remarks)


def render(report: Report) -> str:
    lines = [*_table(report), *_sections(report), "", _conclusion(report)]
    return "\n".join(lines) + "\n"


def render_json(report: Report) -> str:
    document = {
        "source": report.source,
        "dry_run": report.is_dry_run,
        "agrees": report.agrees,
        "bytes": report.bytes,
        "counts": {
            kind: {
                "source": report.at_source[kind],
                "careen": report.here[kind],
                "to_come": report.to_come[kind],
            }
            for kind in report.at_source
        },
        "differences": [
            {"kind": each.kind, "name": each.name, "what": each.what} for each in report.differences
        ],
        "incomplete_images": _incomplete(report),
        "failures": list(report.failures),
        "disabled_access_bindings": [
            {
                "resource_id": each.resource.id,
                "role_id": each.binding.role,
                "subject": {"id": each.binding.subject_id, "type": each.binding.subject_type},
            }
            for each in report.disabled
        ],
        "remarks": list(report.remarks),
    }
    return json.dumps(document, indent=2) + "\n"


def _incomplete(report: Report) -> list[dict[str, object]]:
    found: dict[str, list[dict[str, str]]] = {}
    for each in report.lacking:
        found.setdefault(each.image_id, []).append({"digest": each.digest, "reason": each.reason})
    return [{"image_id": image_id, "blobs": blobs} for image_id, blobs in found.items()]


def _table(report: Report) -> list[str]:
    head = f"{'':<20}{'source':>10}{'careen':>10}" + (f"{'to come':>10}" if report.is_dry_run else "")
    lines = [f"{report.source}, and what careen has of it", "", head]
    for kind, count in report.at_source.items():
        line = f"{kind.replace('_', ' '):<20}{count:>10}{report.here[kind]:>10}"
        lines.append(line + (f"{report.to_come[kind]:>10}" if report.is_dry_run else ""))
    return [*lines, f"{human(report.bytes)} {'would come' if report.is_dry_run else 'came'}"]


def _sections(report: Report) -> list[str]:
    sections = {
        "Differences": [] if report.is_dry_run else list(map(str, report.differences)),
        "Images without some of their blobs": [
            f"{each.image_id} lacks {each.digest}: {each.reason}" for each in report.lacking
        ],
        "Not brought": list(report.failures),
        "Roles of subjects that careen does not know: kept, and without effect": list(
            map(str, report.disabled)
        ),
        "Noticed": list(report.remarks),
    }
    lines: list[str] = []
    for title, rows in sections.items():
        lines += ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []
    return lines


def _conclusion(report: Report) -> str:
    if report.is_dry_run:
        return "This was a dry run: nothing was written."
    if report.agrees:
        return "Both sides agree."
    return "The two sides differ. Run the same command again to go on where this one ended."
