"""The official Node SDK with IAM tokens, where callers must say who they are."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CLIENT = Path(__file__).with_name("node_iam_token.cjs")


def run(world: Any, modules: Path, token: str) -> Mapping[str, Any]:
    world.executor.go.set()
    ended = subprocess.run(
        ["node", CLIENT, world.secure_address, world.ca, world.image.id, token.removeprefix("Bearer ")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NODE_PATH": str(modules), "no_proxy": "*"},
    )
    assert ended.returncode == 0, ended.stderr
    answer: Mapping[str, Any] = json.loads(ended.stdout)
    return answer


def test_the_node_sdk_scans_with_an_iam_token(guarded_world: Any, node_modules: Path) -> None:
    account = guarded_world.account("scanner", "container-registry.images.scanner")
    answer = run(guarded_world, node_modules, guarded_world.token(account))
    assert (answer["status"], answer["critical"]) == (2, 1)


def test_the_node_sdk_is_told_why_it_is_refused(guarded_world: Any, node_modules: Path) -> None:
    denied = run(guarded_world, node_modules, guarded_world.token(guarded_world.account("viewer", "viewer")))
    assert "PERMISSION_DENIED: Permission denied: container-registry.images.scanner" in denied["message"]
    assert denied["requestId"]
    unknown = run(guarded_world, node_modules, "t1.wrong")
    assert "UNAUTHENTICATED: Token is invalid or has expired." in unknown["message"]
