"""IP permissions at the registry's door."""

from typing import Any

import httpx
import pytest

from careen.model.policy import IpAction, IpPermission
from careen.registry.admission import is_admitted
from careen.store import ip_permissions
from careen.store.database import Database


def allow(database: Database, registry_id: str, *permissions: IpPermission) -> None:
    with database.write() as connection:
        ip_permissions.put(connection, registry_id, permissions)


def test_a_list_for_one_action_restricts_that_action_only(
    http: httpx.Client, server: Any, sqlite_database: Database, manifest_of: Any
) -> None:
    path = f"/{server.name}/manifests/v1"
    manifest = manifest_of(b"layer")
    media_type = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    allow(sqlite_database, server.registry_id, IpPermission(IpAction.PUSH, "10.0.0.0/8"))
    refused = http.put(path, content=manifest, headers=media_type)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "DENIED")
    assert http.post(f"/{server.name}/blobs/uploads/").status_code == 403
    assert http.get(path).status_code == 404
    allow(sqlite_database, server.registry_id, IpPermission(IpAction.PUSH, "127.0.0.0/8"))
    assert http.put(path, content=manifest, headers=media_type).status_code == 201
    allow(sqlite_database, server.registry_id, IpPermission(IpAction.PULL, "192.0.2.1"))
    assert http.get(path).status_code == 403
    assert http.head(path).status_code == 403
    allow(sqlite_database, server.registry_id)
    assert http.get(path).status_code == 200


@pytest.mark.parametrize(
    ("address", "ip", "is_in"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("2001:db8::7", "2001:db8::/64", True),
        ("10.1.2.3", "2001:db8::/64", False),
        ("", "10.0.0.0/8", False),
        ("somewhere", "0.0.0.0/0", False),
    ],
)
def test_an_address_is_held_against_networks(address: str, ip: str, is_in: bool) -> None:  # noqa: FBT001
    assert is_admitted(address, [IpPermission(IpAction.PULL, ip)]) is is_in
    assert is_admitted(address, [])
