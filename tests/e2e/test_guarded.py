"""careen with authentication on, as its users start it."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.e2e

SCANS = "/container-registry/v1/scans"
ALPINE = {
    "etc/os-release": b'ID=alpine\nVERSION_ID=3.18.2\nPRETTY_NAME="Alpine Linux v3.18"\n',
    "lib/apk/db/installed": b"P:libssl3\nV:3.1.1-r1\nA:x86_64\no:openssl\n\n",
}


@dataclass
class Guarded:
    server: Any
    key: dict[str, str]  # of the first administrator
    secrets: list[str] = field(default_factory=list)  # all that must be in no log

    def careen(self, *words: str) -> str:
        """The output of `careen …` on the server's data."""
        ended = subprocess.run(
            [sys.executable, "-m", "careen", *words],
            env=self.server.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return ended.stdout.strip()

    def secret(self, *words: str) -> str:
        made = self.careen(*words)
        self.secrets.append(made)
        return made

    def ask(self, method: str, path: str, authorization: str = "", **body: Any) -> httpx.Response:
        headers = {"authorization": authorization} if authorization else {}
        with self.server.client() as http:
            answer: httpx.Response = http.request(method, path, headers=headers, json=body or None)
        return answer

    @property
    def registry_id(self) -> str:
        match = re.search(r"push to +\S+/(crp\w{17})/", self.server.log())
        assert match
        return match[1]

    def scan(self, image_id: str, authorization: str) -> Any:
        """The operation's end."""
        operation = self.ask("POST", SCANS, authorization, imageId=image_id).json()
        path, deadline = f"/operations/{operation['id']}", time.monotonic() + 60
        while not (told := self.ask("GET", path, authorization).json())["done"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return told

    def audit(self) -> list[Any]:
        return [json.loads(line) for line in (self.server.data / "audit.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def guarded(new_server: Callable[..., Any]) -> Iterator[Guarded]:
    server = new_server(CAREEN_AUTH="on")
    server.start()
    key = json.loads(server.log()[server.log().index("\n{") :].splitlines()[1])
    try:
        yield Guarded(server, key, [])
    finally:
        server.kill()


def test_the_first_key_is_shown_once_and_opens(guarded: Guarded) -> None:
    assert guarded.server.log().count("PRIVATE KEY") == 2  # the two lines of one key
    guarded.server.end(signal.SIGTERM)
    guarded.server.start()
    assert guarded.server.log().count("PRIVATE KEY") == 2
    with guarded.server.client() as http:
        assert http.get("/v2/", auth=("json_key", json.dumps(guarded.key))).status_code == 200


def test_a_pipeline_pushes_scans_and_reads_with_what_it_may(
    guarded: Guarded, make_layout: Callable[..., Path], tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    guarded.careen(
        "account", "create", "ci", "--role", "container-registry.images.pusher", "--key-file", str(key)
    )
    guarded.careen("account", "create", "robot", "--role", "container-registry.images.scanner")
    guarded.secrets.append(json.loads(key.read_text())["private_key"].splitlines()[5])
    scanner = f"Bearer {guarded.secret('token', 'create', 'robot')}"
    pusher = f"Bearer {guarded.secret('token', 'create', 'ci')}"
    repository = f"{guarded.registry_id}/team/web"
    image = f"docker://127.0.0.1:{guarded.server.http_port}/{repository}:v1"
    pushed = ["skopeo", "copy", "--dest-tls-verify=false", "--dest-creds", f"json_key:{key.read_text()}"]
    subprocess.run([*pushed, f"oci:{make_layout(ALPINE)}", image], check=True, capture_output=True)
    images = f"/container-registry/v1/images?repositoryName={repository}"
    (found,) = guarded.ask("GET", images, pusher).json()["images"]
    assert guarded.ask("POST", SCANS, pusher, imageId=found["id"]).status_code == 403
    done = guarded.scan(found["id"], scanner)
    assert done["response"]["status"] == "READY"
    assert guarded.ask("GET", f"/operations/{done['id']}", pusher).status_code == 403
    report = f"/careen/v1/scans/{done['response']['id']}"
    assert guarded.ask("GET", report, scanner).json()["packages"]
    assert [guarded.ask("GET", report, who).status_code for who in (pusher, "", "Bearer x")] == [
        403,
        401,
        401,
    ]
    check_audit(guarded, done, repository)


def check_audit(guarded: Guarded, done: Any, repository: str) -> None:
    begun, ended = [each for each in guarded.audit() if each["event_type"].endswith(".ScanImage")][-2:]
    assert (begun["event_status"], ended["event_status"]) == ("STARTED", "DONE")
    assert ended["authentication"]["subject_name"] == "robot"
    counts = done["response"]["vulnerabilities"]
    assert ended["details"]["vulnerability_stats"] == {name: str(count) for name, count in counts.items()}
    assert ended["details"]["image_name"] == repository


def test_no_secret_is_in_any_log(guarded: Guarded) -> None:
    """Right ones and mistyped ones, at every door; only the first key was shown, once."""
    user = guarded.secret("account", "create", "anna", "--user", "--role", "viewer")
    api_key = guarded.secret("key", "create", "robot", "--api")
    mistyped = [f"{secret[:-3]}xyz" for secret in guarded.secrets[-2:]]
    guarded.secrets += mistyped
    for secret in (user, *mistyped):
        traded = guarded.ask("POST", "/iam/v1/tokens", yandexPassportOauthToken=secret)
        guarded.secrets += [traded.json()["iamToken"]] if traded.is_success else []
        guarded.ask("GET", "/v2/", f"Bearer {secret}")
        guarded.ask("DELETE", "/container-registry/v1/images/crp00000000000000000", f"Api-Key {secret}")
        guarded.ask("POST", "/iam/v1/tokens:revoke", f"Api-Key {api_key}", iamToken=secret)
        with guarded.server.client() as http:
            http.get("/v2/token/", auth=("oauth", secret))
            http.post(
                "/v2/token/", data={"grant_type": "password", "username": "api_key", "password": secret}
            )
    with guarded.server.client() as http:
        answer = http.get("/v2/token/", auth=("api_key", api_key)).json()
    guarded.secrets += [answer["token"], guarded.secrets[0]]
    assert len(set(guarded.secrets)) >= 6
    written = guarded.server.log() + (guarded.server.data / "audit.jsonl").read_text()
    for secret in guarded.secrets:
        assert secret not in written
        assert secret[-20:] not in written
    database = b"".join(path.read_bytes() for path in guarded.server.data.glob("careen.db*"))
    for secret in guarded.secrets:
        assert secret[-20:].encode() not in database


def test_what_needs_no_account_is_open(guarded: Guarded) -> None:
    assert [guarded.ask("GET", path).status_code for path in ("/healthz", "/readyz", "/endpoints")] == [
        200
    ] * 3
