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

CLIENT = Path(__file__).with_name("sdk_client.py")


def run(world: Any, key: str = "", *, endpoint: str = "") -> Any:
    """What the SDK's user sees; the executor ends scans at once."""
    world.executor.go.set()
    arguments = [endpoint or world.secure_address, str(world.ca), world.image.id, key]
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


def service_account_key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps({"id": "aje1", "service_account_id": "aje2", "private_key": pem.decode()})


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
    assert run(world, service_account_key())["result"]["status"] == "READY"


def test_the_sdk_raises_what_the_scan_failed_of(world: Any) -> None:
    world.executor.error = ("Invalid", "The image cannot be judged: no-feed")
    told = run(world)["error"]
    assert "Error code: 3" in told
    assert "The image cannot be judged: no-feed" in told
