"""From which addresses a registry may be pulled from and pushed to."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from careen.model.policy import IpAction, IpPermission
from careen.store.inserts import insert_all
from careen.store.memory import remembered
from careen.store.tables import ip_permissions


@remembered
def of_registry(connection: Connection, registry_id: str) -> Sequence[IpPermission]:
    """In the order of actions and addresses."""
    query = select(*ip_permissions.c["action", "ip"]).where(ip_permissions.c.registry_id == registry_id)
    rows = connection.execute(query)
    return tuple(sorted(IpPermission(IpAction(row.action), row.ip) for row in rows))


def put(connection: Connection, registry_id: str, permissions: Iterable[IpPermission]) -> None:
    """In the place of all that there were."""
    connection.execute(ip_permissions.delete().where(ip_permissions.c.registry_id == registry_id))
    rows = (
        {"registry_id": registry_id, "action": each.action, "ip": each.ip}
        for each in sorted(set(permissions))
    )
    insert_all(connection, ip_permissions, rows)
