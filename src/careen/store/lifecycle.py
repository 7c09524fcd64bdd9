"""Lifecycle policies, and what they would have deleted."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, literal, select, update

from careen.errors import Exists
from careen.model.policy import Candidate, DryRun, LifecyclePolicy, LifecycleRule, PolicyStatus
from careen.model.registry import Image
from careen.store import image_rows
from careen.store.inserts import insert_new, rows_of
from careen.store.paging import Listed, Listing, Page, fetch
from careen.store.tables import dry_run_images, dry_runs, images, lifecycle_policies, repositories

LISTING = Listing(
    key=lifecycle_policies.c.id,
    fields={
        "name": lifecycle_policies.c.name,
        "created_at": lifecycle_policies.c.created_at,
        "status": lifecycle_policies.c.status,
    },
    default=(("created_at", False),),
)
DRY_RUNS = Listing(
    key=dry_runs.c.id,
    fields={"run_at": dry_runs.c.run_at, "affected_images_count": dry_runs.c.affected},
    default=(("run_at", True),),
)
AFFECTED = Listing(
    key=images.c.id, fields={"created_at": images.c.created_at}, default=(("created_at", False),)
)


def add(connection: Connection, policy: LifecyclePolicy) -> None:
    """Raises Exists when the repository has another ACTIVE policy."""
    if not insert_new(connection, lifecycle_policies, _values(policy) | {"id": policy.id}):
        raise _second(policy)


def change(connection: Connection, policy: LifecyclePolicy) -> None:
    """Write all fields of the policy of that id; raises Exists like `add`."""
    if policy.status is PolicyStatus.ACTIVE:
        others = (
            lifecycle_policies.c.repository_id == policy.repository_id,
            lifecycle_policies.c.status == PolicyStatus.ACTIVE,
            lifecycle_policies.c.id != policy.id,
        )
        if connection.scalar(select(lifecycle_policies.c.id).where(*others)) is not None:
            raise _second(policy)
    statement = update(lifecycle_policies).where(lifecycle_policies.c.id == policy.id)
    connection.execute(statement.values(_values(policy)))


def get(connection: Connection, policy_id: str) -> LifecyclePolicy | None:
    found = _all(connection, lifecycle_policies.c.id == policy_id)
    return found[0] if found else None


def active(connection: Connection) -> Sequence[LifecyclePolicy]:
    return _all(connection, lifecycle_policies.c.status == PolicyStatus.ACTIVE)


def delete(connection: Connection, policy_id: str) -> None:
    connection.execute(lifecycle_policies.delete().where(lifecycle_policies.c.id == policy_id))


def page(
    connection: Connection, *, registry_id: str = "", repository_id: str = "", page: Page
) -> Listed[LifecyclePolicy]:
    """By time of creation; fields: name, created_at, status."""
    query = select(lifecycle_policies)
    if repository_id:
        query = query.where(lifecycle_policies.c.repository_id == repository_id)
    if registry_id:
        query = query.join(repositories).where(repositories.c.registry_id == registry_id)
    rows = fetch(connection, query, LISTING, page)
    return rows.made_into(map(_policy, rows))


def add_dry_run(connection: Connection, run: DryRun, affected: Sequence[Candidate]) -> None:
    """With those of the affected images that are still there."""
    connection.execute(dry_runs.insert().values(asdict(run)))
    add_affected(connection, run.id, [each.id for each in affected])


def add_affected(connection: Connection, run_id: str, image_ids: Sequence[str]) -> None:
    """Those of these images that are there, and stay until the transaction ends."""
    there = images.c.id.in_(rows_of(connection, image_ids))
    found = select(literal(run_id), images.c.id).where(there)
    found = found.with_for_update(read=True, key_share=True, of=images)
    connection.execute(dry_run_images.insert().from_select(["dry_run_id", "image_id"], found))


def dry_run(connection: Connection, run_id: str) -> DryRun | None:
    row = connection.execute(select(dry_runs).where(dry_runs.c.id == run_id)).one_or_none()
    return None if row is None else _dry_run(row)


def dry_run_page(connection: Connection, policy_id: str, page: Page) -> Listed[DryRun]:
    """The latest first; fields: run_at, affected_images_count."""
    query = select(dry_runs).where(dry_runs.c.policy_id == policy_id)
    rows = fetch(connection, query, DRY_RUNS, page)
    return rows.made_into(map(_dry_run, rows))


def affected_page(connection: Connection, run_id: str, page: Page) -> Listed[Image]:
    """Those of the images that are still there, oldest first."""
    query = image_rows.QUERY.join(dry_run_images, dry_run_images.c.image_id == images.c.id)
    rows = fetch(connection, query.where(dry_run_images.c.dry_run_id == run_id), AFFECTED, page)
    return rows.made_into(image_rows.load(connection, rows))


def _dry_run(row: Row[Any]) -> DryRun:
    return DryRun(row.id, row.policy_id, row.run_at, row.affected)


def _second(policy: LifecyclePolicy) -> Exists:
    return Exists(f"Repository {policy.repository_id} has an active lifecycle policy already")


def _all(connection: Connection, condition: ColumnElement[bool]) -> Sequence[LifecyclePolicy]:
    query = select(lifecycle_policies).where(condition).order_by(lifecycle_policies.c.id)
    return [_policy(row) for row in connection.execute(query)]


def _values(policy: LifecyclePolicy) -> dict[str, object]:
    return {
        "repository_id": policy.repository_id,
        "name": policy.name,
        "description": policy.description,
        "status": policy.status,
        "rules": [_rule_fields(rule) for rule in policy.rules],
        "created_at": policy.created_at,
    }


def _rule_fields(rule: LifecycleRule) -> dict[str, object]:
    period = rule.expire_period
    return {
        "description": rule.description,
        "tag_regexp": rule.tag_regexp,
        "untagged": rule.untagged,
        "expire_period": None if period is None else period.total_seconds(),
        "retained_top": rule.retained_top,
    }


def _rule(fields: dict[str, Any]) -> LifecycleRule:
    seconds = fields["expire_period"]
    return LifecycleRule(
        **fields | {"expire_period": None if seconds is None else timedelta(seconds=seconds)}
    )


def _policy(row: Row[Any]) -> LifecyclePolicy:
    return LifecyclePolicy(
        id=row.id,
        repository_id=row.repository_id,
        name=row.name,
        description=row.description,
        status=PolicyStatus(row.status),
        rules=tuple(_rule(fields) for fields in row.rules),
        created_at=row.created_at,
    )
