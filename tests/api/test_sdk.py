"""The official SDK as a client, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from careen.auth import accounts
from careen.model.access import CLOUD, AccessBinding, SubjectType
from careen.model.credential import CredentialKind
from careen.store import access_bindings
from careen.store.columns import now

CLIENT = Path(__file__).with_name("sdk_client.py")


def run(world: Any, credentials: Any = None, *, endpoint: str = "") -> Any:
    """What the SDK's user sees, who has the credentials (as its arguments); scans end at once."""
    world.executor.go.set()
    given = json.dumps(credentials or {"iam_token": "t1.any"})
    arguments = [endpoint or world.secure_address, str(world.ca), world.image.id, given]
    ended = subprocess.run(
        [sys.executable, CLIENT, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "no_proxy": "*"},
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def service_account_key() -> Any:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"id": "aje1", "service_account_id": "aje2", "private_key": pem.decode()}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_sdk_scans_and_waits_for_the_result(world: Any, host: str) -> None:
    port = world.secure_address.rpartition(":")[2]
    told = run(world, endpoint=f"{host}:{port}")
    by_rest = world.http.get(f"/container-registry/v1/scans/{told['scan_result_id']}").json()
    zeros = {"negligible": "0", "undefined": "0"}
    told["result"]["vulnerabilities"] |= zeros
    assert told["result"] == by_rest
    assert by_rest["vulnerabilities"]["high"] == "2"
    assert told["second"]["status"] == "READY"
    assert told["second"]["id"] != told["result"]["id"]


def test_the_sdk_trades_a_service_accounts_key_for_a_token(world: Any) -> None:
    assert run(world, {"service_account_key": service_account_key()})["result"]["status"] == "READY"


def test_the_sdk_raises_what_the_scan_failed_of(world: Any) -> None:
    world.executor.error = ("Invalid", "The image cannot be judged: no-feed")
    told = run(world)["error"]
    assert "Error code: 3" in told
    assert "The image cannot be judged: no-feed" in told


ROLE = "container-registry.images.scanner"


def credentials(world: Any, kind: CredentialKind) -> str:
    """Of an account that may scan."""
    type_ = SubjectType.USER if kind is CredentialKind.OAUTH else SubjectType.SERVICE
    with world.database.write() as connection:
        account = accounts.make(connection, "scanner", type_, now())
        access_bindings.add(connection, CLOUD, AccessBinding(ROLE, account.type, account.id))
        return accounts.give(connection, account, kind, now()).secret


def test_the_sdk_scans_with_a_service_accounts_key(guarded_world: Any) -> None:
    key = json.loads(credentials(guarded_world, CredentialKind.KEY))
    assert run(guarded_world, {"service_account_key": key})["result"]["status"] == "READY"
    mixed = {**key, "private_key": service_account_key()["private_key"]}
    refused = run(guarded_world, {"service_account_key": mixed})
    assert "UNAUTHENTICATED:The JWT's signature is wrong" in refused["message"]


def test_the_sdk_scans_with_a_users_token(guarded_world: Any) -> None:
    token = credentials(guarded_world, CredentialKind.OAUTH)
    assert run(guarded_world, {"token": token})["result"]["status"] == "READY"
    refused = run(guarded_world, {"token": "y0_wrong"})
    assert "UNAUTHENTICATED:Token is invalid or has expired." in refused["message"]


def test_the_sdk_scans_with_an_iam_token(guarded_world: Any) -> None:
    token = guarded_world.token(guarded_world.account("scanner", ROLE)).removeprefix("Bearer ")
    assert run(guarded_world, {"iam_token": token})["result"]["status"] == "READY"
    viewer = guarded_world.token(guarded_world.account("viewer", "viewer")).removeprefix("Bearer ")
    refused = run(guarded_world, {"iam_token": viewer})
    assert refused["refused"] == "PERMISSION_DENIED"
    assert ROLE in refused["message"]
