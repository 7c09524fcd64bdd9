"""Doors to a running careen, plain HTTP and the official SDKs, and the ground on which calls are tried."""

import importlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import randbytes
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import jwt
import pytest

from careen.store.database import Database
from careen.store.tables import layers

HERE = Path(__file__).parent
V1 = "/container-registry/v1"
ADMIN_ROLES = ("admin", "container-registry.registries.forceDeleter")


class Refused(Exception):
    """`code` is google.rpc's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Method(Protocol):
    """As Yandex documents it; see the table in the test."""

    service: str  # "RegistryService"
    name: str  # "Create"
    module: str  # of the service's messages
    verb: str  # of HTTP; "" = there is no way by HTTP
    path: str
    ends_in: tuple[str, str] | None  # full names of the types of an operation's metadata and response
    is_without_token: bool  # Yandex' SDK for Python sends none there


@dataclass
class Rest:
    """HTTP as Yandex documents it."""

    http: httpx.Client
    token: str

    def call(self, method: Method, request: Mapping[str, Any]) -> Any:
        """The answer as JSON; of an operation, once it is done, `metadata` and `response`.

        Raises Refused.
        """
        fields = dict(request)
        path = re.sub(r"{(\w+)}", lambda match: quote(fields.pop(match[1]), safe=""), method.path)
        sent = {"json": fields} if method.verb in {"POST", "PATCH"} else {"params": fields}
        told = self.ask(method.verb, path, **sent)
        return self.end(told, method.ends_in) if method.ends_in else told

    def ask(self, verb: str, path: str, **sent: Any) -> Any:
        answer = self.http.request(verb, path, headers={"authorization": f"Bearer {self.token}"}, **sent)
        told = answer.json()
        if not answer.is_success:
            raise Refused(told["code"], told["message"])
        return told

    def end(self, operation: Any, types: tuple[str, str] | None = None) -> Any:
        deadline = time.monotonic() + 60
        while not operation["done"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
            operation = self.ask("GET", f"/operations/{operation['id']}")
        if "error" in operation:
            raise Refused(operation["error"]["code"], operation["error"]["message"])
        metadata, response = operation["metadata"], operation["response"]
        found = tuple(end.pop("@type").removeprefix("type.googleapis.com/") for end in (metadata, response))
        assert types is None or found == types
        return {"operation": operation, "metadata": metadata, "response": response}


@dataclass
class Sdk:
    """A process with one of the SDKs, which makes the calls that it is told."""

    process: "subprocess.Popen[str]"
    token: str

    def call(self, method: Method, request: Mapping[str, Any]) -> Any:
        """As Rest."""
        asked = {
            "module": method.module,
            "service": method.service,
            "method": method.name,
            "request": request,
            "requestType": _request_type(method),
            "endsIn": method.ends_in,
            "token": self.token if method.is_without_token else "",
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        told = json.loads(self.process.stdout.readline())
        if "refused" in told:
            raise Refused(told["refused"], told["message"])
        if method.ends_in is None:
            return told["answer"]
        return {"operation": told["answer"], "metadata": told["metadata"], "response": told["response"]}


def _request_type(method: Method) -> str:
    module: Any = importlib.import_module(method.module)
    found = module.DESCRIPTOR.services_by_name[method.service].methods_by_name[method.name].input_type
    return str(found.full_name)


@dataclass
class Ground:
    """What calls are about is made here anew for each; and what they did is read here, by plain HTTP."""

    server: Any
    rest: Rest
    key: Any  # of the account that calls, whatever the door
    make_layout: Callable[..., Path]
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    slow: list[str] = field(default_factory=list)  # the id of an image that takes seconds to read

    @property
    def account_id(self) -> str:
        return str(self.key["service_account_id"])

    def jwt(self) -> str:
        moment = datetime.now(UTC)
        claims = {
            "iss": self.account_id,
            "aud": "https://iam.api.cloud.yandex.net/iam/v1/tokens",
            "iat": moment,
            "exp": moment + timedelta(hours=1),
        }
        return jwt.encode(claims, self.key["private_key"], algorithm="PS256", headers={"kid": self.key["id"]})

    def subject_of(self, token: str) -> str:
        """Whom careen takes the token's bearer for; "" = nobody."""
        answer = self.rest.http.post(
            f"{V1}/registries",
            json={"folderId": self.fresh("folder")},
            headers={"authorization": f"Bearer {token}"},
        )
        return str(answer.json()["createdBy"]) if answer.is_success else ""

    def fresh(self, prefix: str = "name") -> str:
        return f"{prefix}-{next(self.numbers)}"

    def get(self, path: str, **query: Any) -> Any:
        return self.rest.ask("GET", path, params=query)

    def make(self, collection: str, **body: Any) -> Any:
        """The resource that the operation ends in."""
        return self.rest.end(self.rest.ask("POST", f"{V1}/{collection}", json=body))["response"]

    def is_gone(self, path: str) -> bool:
        with pytest.raises(Refused) as caught:
            self.get(path)
        return caught.value.code == 5

    def registry(self, **fields: Any) -> Any:
        return self.make("registries", **{"folderId": self.fresh("folder"), "name": self.fresh(), **fields})

    def repository(self, registry_id: str = "") -> Any:
        return self.make("repositories", name=f"{registry_id or self.registry()['id']}/some/{self.fresh()}")

    def image(self, repository: str = "", tag: str = "latest", files: Any = None) -> Any:
        """Pushed as a client would, into a new repository if none is named."""
        name = repository or self.repository()["name"]
        layout = self.make_layout(files or alpine(self.fresh()))
        (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
        for blob in (layout / "blobs" / "sha256").iterdir():
            if entry["digest"] != f"sha256:{blob.name}":
                self._put("POST", f"/v2/{name}/blobs/uploads/?digest=sha256:{blob.name}", blob.read_bytes())
        manifest = (layout / "blobs" / "sha256" / entry["digest"].partition(":")[2]).read_bytes()
        self._put("PUT", f"/v2/{name}/manifests/{tag}", manifest, entry["mediaType"])
        images = self.get(f"{V1}/images", repositoryName=name)["images"]
        return next(image for image in images if tag in image["tags"])

    def _put(self, verb: str, path: str, body: bytes, kind: str = "application/octet-stream") -> None:
        sent = self.rest.http.request(
            verb, path, content=body, headers={"content-type": kind}, auth=("iam", self.rest.token)
        )
        assert sent.status_code == 201, sent.text

    def slow_scan(self) -> Any:
        """The operation, under way: what was read at the push is forgotten."""
        if not self.slow:
            self.slow.append(
                self.image(files={f"{part}": randbytes(1 << 20) * 90 for part in range(2)})["id"]
            )
        database = Database(f"sqlite:///{self.server.data}/careen.db")
        with database.write() as connection:
            connection.execute(layers.delete())
        database.close()
        return self.rest.ask("POST", f"{V1}/scans", json={"imageId": self.slow[0]})

    def scan(self, image_id: str) -> Any:
        return self.make("scans", imageId=image_id)


def alpine(mark: str) -> dict[str, bytes]:
    """With one package of which the example's advisories know flaws."""
    return {
        "etc/os-release": b"ID=alpine\nVERSION_ID=3.18.2\n",
        "lib/apk/db/installed": b"P:busybox\nV:1.36.1-r0\no:busybox\n\n",
        "mark": mark.encode(),
    }


@pytest.fixture(scope="module")
def ground(
    new_server: Callable[..., Any], make_layout: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    server = new_server(CAREEN_AUTH="on", CAREEN_POLICIES_INTERVAL="3600", CAREEN_WORKERS="1")
    server.start()
    key = tmp_path_factory.mktemp("key") / "key.json"
    roles = [word for role in ADMIN_ROLES for word in ("--role", role)]
    careen(server, "account", "create", "caller", "--key-file", str(key), *roles)
    with server.client() as http:
        rest = Rest(http, careen(server, "token", "create", "caller"))
        yield Ground(server, rest, json.loads(key.read_text()), make_layout)
    server.kill()


def careen(server: Any, *words: str) -> str:
    """The output of `careen …` on the server's data."""
    command = [sys.executable, "-m", "careen", *words]
    ended = subprocess.run(
        command, env=server.environment, capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def python_sdk(ground: Ground) -> Iterator[Sdk]:
    """With an IAM token."""
    with sdk(
        ground, [sys.executable, HERE / "sdk_door.py"], json.dumps({"iam_token": ground.rest.token})
    ) as it:
        yield it


@pytest.fixture(scope="module")
def python_sdk_with_key(ground: Ground) -> Iterator[Sdk]:
    """With a service account's key."""
    given = json.loads(careen(ground.server, "key", "create", "caller"))
    with sdk(
        ground, [sys.executable, HERE / "sdk_door.py"], json.dumps({"service_account_key": given})
    ) as it:
        yield it


@pytest.fixture(scope="module")
def node_sdk(ground: Ground, node_modules: Path) -> Iterator[Sdk]:
    with sdk(ground, ["node", HERE / "node_door.cjs"], ground.rest.token, NODE_PATH=str(node_modules)) as it:
        yield it


@contextmanager
def sdk(ground: Ground, program: list[str | Path], credentials: str, **environment: str) -> Iterator[Sdk]:
    command = [*program, f"localhost:{ground.server.grpc_port}", str(ground.server.ca), credentials]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "no_proxy": "*", **environment},
    ) as process:
        try:
            yield Sdk(process, ground.rest.token)
        finally:
            process.kill()
