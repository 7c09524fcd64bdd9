"""Scan policies: at most one a registry."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from careen.errors import Exists
from careen.model.policy import ScanPolicy, ScanRule
from careen.store.inserts import insert_new
from careen.store.tables import scan_policies


def add(connection: Connection, policy: ScanPolicy) -> None:
    """Raises Exists when the registry has one."""
    if not insert_new(connection, scan_policies, _values(policy) | {"id": policy.id}):
        raise Exists(f"Registry {policy.registry_id} has a scan policy already")


def change(connection: Connection, policy: ScanPolicy) -> None:
    statement = update(scan_policies).where(scan_policies.c.id == policy.id)
    connection.execute(statement.values(_values(policy)))


def get(connection: Connection, policy_id: str) -> ScanPolicy | None:
    return _one(connection, scan_policies.c.id == policy_id)


def of_registry(connection: Connection, registry_id: str) -> ScanPolicy | None:
    return _one(connection, scan_policies.c.registry_id == registry_id)


def enabled(connection: Connection) -> Sequence[ScanPolicy]:
    query = select(scan_policies).where(~scan_policies.c.disabled).order_by(scan_policies.c.id)
    return [_policy(row) for row in connection.execute(query)]


def delete(connection: Connection, policy_id: str) -> None:
    connection.execute(scan_policies.delete().where(scan_policies.c.id == policy_id))


def _one(connection: Connection, condition: ColumnElement[bool]) -> ScanPolicy | None:
    row = connection.execute(select(scan_policies).where(condition)).one_or_none()
    return None if row is None else _policy(row)


def _values(policy: ScanPolicy) -> dict[str, object]:
    return {
        "registry_id": policy.registry_id,
        "name": policy.name,
        "description": policy.description,
        "push_rule": None if policy.push_rule is None else _fields(policy.push_rule),
        "schedule_rules": [_fields(rule) for rule in policy.schedule_rules],
        "created_at": policy.created_at,
        "disabled": policy.disabled,
    }


def _fields(rule: ScanRule) -> dict[str, object]:
    period = rule.rescan_period
    return {
        "prefixes": list(rule.prefixes),
        "disabled": rule.disabled,
        "rescan_period": None if period is None else period.total_seconds(),
    }


def _rule(fields: dict[str, Any]) -> ScanRule:
    seconds = fields["rescan_period"]
    period = None if seconds is None else timedelta(seconds=seconds)
    return ScanRule(tuple(fields["prefixes"]), fields["disabled"], period)


def _policy(row: Row[Any]) -> ScanPolicy:
    return ScanPolicy(
        id=row.id,
        registry_id=row.registry_id,
        name=row.name,
        description=row.description,
        push_rule=None if row.push_rule is None else _rule(row.push_rule),
        schedule_rules=tuple(_rule(fields) for fields in row.schedule_rules),
        created_at=row.created_at,
        disabled=row.disabled,
    )
