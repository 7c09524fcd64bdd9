"""Results of scans, their findings and the packages they were judged on."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
    update,
)

from careen.errors import NotFound
from careen.model.digest import Digest
from careen.model.finding import Finding, Verdict
from careen.model.registry import ScanResult, ScanStatus
from careen.model.severity import Counts, Severity
from careen.store import documents
from careen.store.inserts import insert_all
from careen.store.paging import Listed, Listing, Page, fetch
from careen.store.tables import findings as findings_table
from careen.store.tables import image_children, images, operations, scan_packages, scan_results

_LATEST = (scan_results.c.scanned_at.desc(), scan_results.c.created_at.desc(), scan_results.c.id.desc())
_BY_ID = select(scan_results).where(scan_results.c.id == bindparam("id"))
_COUNTS = tuple(severity.name.lower() for severity in Severity)

LISTING = Listing(
    key=scan_results.c.id,
    fields={"status": scan_results.c.status, "created_at": scan_results.c.created_at},
    default=(("created_at", True),),
    tie="created_at",
)

# Ascending severity is worst first.
FINDINGS = Listing(
    key=findings_table.c.position,
    fields={
        "severity": findings_table.c.severity,
        "name": findings_table.c.name,
        "package": findings_table.c.package_name,
    },
    default=(),
)


def add(connection: Connection, scan: ScanResult) -> None:
    """Raises NotFound when there is no such image."""
    repository = connection.scalar(select(images.c.repository_id).where(images.c.id == scan.image_id))
    if repository is None:
        raise NotFound.of("Image", scan.image_id)
    row = {
        "id": scan.id,
        "image_id": scan.image_id,
        "repository_id": repository,
        "status": scan.status,
        "created_at": scan.created_at,
        "scanned_at": scan.scanned_at,
        "snapshot": scan.snapshot,
        "problems": [],
        **asdict(scan.counts),
    }
    connection.execute(scan_results.insert().values(row))


def get(connection: Connection, scan_id: str) -> ScanResult | None:
    row = connection.execute(_BY_ID, {"id": scan_id}).one_or_none()
    return None if row is None else _scan(row)


def last(connection: Connection, image_id: str) -> ScanResult | None:
    """The image's scan that finished last, be it READY or ERROR."""
    query = (
        select(scan_results)
        .where(scan_results.c.image_id == image_id, scan_results.c.status != ScanStatus.RUNNING)
        .order_by(*_LATEST)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _scan(row)


def page(
    connection: Connection, *, image_id: str = "", repository_id: str = "", page: Page
) -> Listed[ScanResult]:
    """Scans, newest first; fields: status, created_at."""
    query = select(scan_results)
    if image_id:
        query = query.where(scan_results.c.image_id == image_id)
    if repository_id:
        query = query.where(scan_results.c.repository_id == repository_id)
    rows = fetch(connection, query, LISTING, page)
    return rows.made_into(map(_scan, rows))


def running(connection: Connection, caller: str) -> int:
    """How many scans that `caller` began are under way."""
    query = select(func.count()).select_from(operations)
    return connection.scalar(query.where(operations.c.created_by == caller, ~operations.c.done)) or 0


def due(connection: Connection, repository_id: str, *, before: datetime) -> Sequence[str]:
    """Ids of the images that were last scanned `before` then, or never; oldest first.

    The parts of an index are scanned with it.
    """
    return _without_scan(connection, repository_id, scan_results.c.created_at > before)


def missed(connection: Connection, repository_id: str, *, since: datetime, until: datetime) -> Sequence[str]:
    """Ids of the images that came in that time and were never scanned; oldest first, no parts of an index."""
    came = images.c.created_at.between(since, until)
    return _without_scan(connection, repository_id, true(), came)


def _without_scan(
    connection: Connection, repository_id: str, which: ColumnElement[bool], *wanted: ColumnElement[bool]
) -> Sequence[str]:
    scan = select(scan_results.c.id).where(scan_results.c.image_id == images.c.id, which)
    index = select(image_children.c.image_id).where(image_children.c.child_id == images.c.id)
    query = select(images.c.id).where(
        images.c.repository_id == repository_id, ~scan.exists(), ~index.exists(), *wanted
    )
    return connection.scalars(query.order_by(images.c.created_at, images.c.id)).all()


def superfluous(connection: Connection, *, newest: int, since: datetime, limit: int) -> Sequence[str]:
    """Ids of scans that need not be kept.

    Of each image stay: the scan that ended last, the READY one that ended last, the `newest` READY ones that
    ended `since` then, and as many ERROR ones; and what is RUNNING.
    """
    ranked = (
        select(
            *scan_results.c["id", "status", "scanned_at"],
            _place(scan_results.c.image_id).label("place"),
            _place(scan_results.c.image_id, scan_results.c.status).label("place_by_status"),
        )
        .where(scan_results.c.status != ScanStatus.RUNNING)
        .subquery()
    ).c
    is_last_ready = and_(ranked.status == ScanStatus.READY, ranked.place_by_status == 1)
    is_old = and_(ranked.scanned_at < since, ~is_last_ready)
    query = select(ranked.id).where(ranked.place > 1, or_(ranked.place_by_status > newest, is_old))
    return connection.scalars(query.limit(limit)).all()


def _place(*among: ColumnElement[Any]) -> ColumnElement[int]:
    return func.row_number().over(partition_by=among, order_by=_LATEST)


def delete(connection: Connection, scan_ids: Sequence[str]) -> int:
    """With their findings; gives how many there were."""
    return connection.execute(scan_results.delete().where(scan_results.c.id.in_(scan_ids))).rowcount


def finish(
    connection: Connection, scan_id: str, verdict: Verdict, status: ScanStatus, scanned_at: datetime
) -> bool:
    """Write all that was found; False, and nothing is written, when the scan is not RUNNING any more."""
    values = {
        "snapshot": verdict.snapshot,
        "distro": None if verdict.distro is None else documents.of_distro(verdict.distro),
        "problems": documents.of_problems(verdict.problems),
        **asdict(verdict.counts),
    }
    if not _end(connection, scan_id, status, scanned_at, values):
        return False
    packages = [documents.of_package(package) for package in verdict.packages]
    connection.execute(scan_packages.insert().values(scan_id=scan_id, packages=packages))
    rows = (finding_row(scan_id, position, finding) for position, finding in enumerate(verdict.findings))
    insert_all(connection, findings_table, rows)
    return True


def fail(connection: Connection, scan_id: str, scanned_at: datetime) -> bool:
    """End the scan without a verdict; False when it is not RUNNING any more."""
    return _end(connection, scan_id, ScanStatus.ERROR, scanned_at, {})


def findings(connection: Connection, scan_id: str, *, page: Page) -> Listed[tuple[int, Finding]]:
    """(position, finding) pairs in the verdict's order; fields: severity, name, package."""
    rows = fetch(connection, _findings_of(scan_id), FINDINGS, page)
    return rows.made_into((row[0], _finding(row)) for row in rows)


def verdict(connection: Connection, scan_id: str) -> Verdict | None:
    """What `finish` was given; None for a scan that is running or failed without a verdict."""
    query = (
        select(*scan_results.c["distro", "problems", "snapshot"], scan_packages.c.packages)
        .join(scan_packages)
        .where(scan_results.c.id == scan_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    found = connection.execute(_findings_of(scan_id).order_by(findings_table.c.position))
    return Verdict(
        distro=None if row.distro is None else documents.distro(row.distro),
        packages=tuple(documents.package(document) for document in row.packages),
        findings=tuple(_finding(row) for row in found),
        problems=documents.problems(row.problems),
        snapshot=Digest(row.snapshot),
    )


def _end(
    connection: Connection,
    scan_id: str,
    status: ScanStatus,
    scanned_at: datetime,
    values: dict[str, object],
) -> bool:
    statement = (
        update(scan_results)
        .where(scan_results.c.id == scan_id, scan_results.c.status == ScanStatus.RUNNING)
        .values(status=status, scanned_at=scanned_at, **values)
    )
    return connection.execute(statement).rowcount == 1


# Documents as text: a page has many findings of few packages.
_FINDING = [
    cast(column, Text) if isinstance(column.type, JSON) else column
    for column in findings_table.c
    if column is not findings_table.c.scan_id
]


def _findings_of(scan_id: str) -> Select[Any]:
    return select(*_FINDING).where(findings_table.c.scan_id == scan_id)


def _scan(row: Row[Any]) -> ScanResult:
    return ScanResult(
        id=row.id,
        image_id=row.image_id,
        status=ScanStatus(row.status),
        created_at=row.created_at,
        scanned_at=row.scanned_at,
        counts=Counts(**{name: getattr(row, name) for name in _COUNTS}),
        snapshot=row.snapshot,
    )


def finding_row(scan_id: str, position: int, finding: Finding) -> dict[str, object]:
    return {
        "scan_id": scan_id,
        "position": position,
        "name": finding.id,
        "severity": finding.severity,
        "package_name": finding.package.name,
        "aliases": documents.encoded_names(finding.aliases),
        "package": documents.encoded_package(finding.package),
        "fixed_by": finding.fixed_by,
        "origin": finding.origin,
        "type": finding.type,
        "link": finding.link,
        "status": finding.status,
        "evidence": dict(finding.evidence),
        "platform": finding.platform,
    }


def _finding(row: Row[Any]) -> Finding:
    """Of the columns _FINDING; more may follow."""
    _, name, severity, _, aliases, package, *plain = row[: len(_FINDING)]
    fixed_by, origin, type_, link, status, evidence, platform = plain
    return Finding(
        id=name,
        aliases=tuple(json.loads(aliases)),
        severity=Severity(severity),
        package=documents.decoded_package(package),
        fixed_by=fixed_by,
        origin=origin,
        type=type_,
        link=link,
        status=status,
        evidence=json.loads(evidence),
        platform=platform,
    )
