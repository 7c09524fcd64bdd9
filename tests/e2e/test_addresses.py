"""careen tells whose address is taken, and leaves nothing open."""

import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("door", ["http_port", "grpc_port", "plaintext_port"])
def test_an_address_in_use_is_said(unadvised_server: Callable[[], Any], door: str) -> None:
    server = unadvised_server()
    server.data.mkdir()
    with socket.create_server(("127.0.0.1", getattr(server, door))):
        ended = subprocess.run(
            [sys.executable, "-m", "careen", "serve"],
            env=server.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    told = f"careen: careen cannot listen on 127.0.0.1:{getattr(server, door)}"
    assert [line for line in ended.stderr.splitlines() if line.startswith(told)]
    assert "Exception ignored" not in ended.stderr
