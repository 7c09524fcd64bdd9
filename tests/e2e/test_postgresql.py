"""The same server over PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

SYSTEM = {
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
    "var/lib/dpkg/status": (
        b"Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n\n"
        b"Package: libcurl4\nStatus: install ok installed\nArchitecture: amd64\nSource: curl\n"
        b"Version: 7.88.1-10\n\n"
    ),
}


@pytest.fixture
def postgresql_server_of_careen(database_url: str, new_server: Callable[..., Any]) -> Iterator[Any]:
    server = new_server(CAREEN_DATABASE_URL=database_url)
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_push_scan_and_a_kill_in_between(
    postgresql_server_of_careen: Any, skopeo: Callable[..., None], make_layout: Callable[..., Path]
) -> None:
    server = postgresql_server_of_careen
    image = server.image(server.push(skopeo, make_layout(SYSTEM), "pg/app"))
    with server.client() as http:
        begun = http.post("/container-registry/v1/scans", json={"imageId": image["id"]}).json()
    server.kill()
    server.start()
    result = server.await_operation(begun)["response"]
    rows = [row["package"] for row in server.vulnerabilities(result["id"])]
    assert [(row["package"], row["fixedBy"]) for row in rows if row["name"] == "CVE-2023-38545"] == [
        ("curl", "7.88.1-10+deb12u4"),
        ("libcurl4", "7.88.1-10+deb12u4"),
    ]
    assert {(row["source"], row["type"], row["origin"]) for row in rows} == {("dpkg", "debian", "os")}


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
def test_a_database_without_tables_asks_for_the_upgrade(
    empty_database_url: str, careen: Callable[..., Any]
) -> None:
    refused = careen("serve", CAREEN_DATABASE_URL=empty_database_url)
    assert refused.returncode == 1
    assert "careen upgrade" in refused.stderr
    assert careen("upgrade", CAREEN_DATABASE_URL=empty_database_url).returncode == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_accounts_are_kept_there_too(database_url: str, new_server: Callable[..., Any]) -> None:
    server = new_server(CAREEN_DATABASE_URL=database_url, CAREEN_AUTH="on")
    server.start()
    try:
        assert server.log().count("PRIVATE KEY") == 2
        command = [sys.executable, "-m", "careen", "token", "create"]
        made = subprocess.run(command, env=server.environment, capture_output=True, text=True, check=True)
        path = "/container-registry/v1/registries?folderId=default"
        headers = {"authorization": f"Bearer {made.stdout.strip()}"}
        with server.client() as http:
            assert len(http.get(path, headers=headers).json()["registries"]) == 1
            assert http.get(path).status_code == 401
            assert http.get("/v2/", auth=("iam", made.stdout.strip())).status_code == 200
    finally:
        server.kill()
