"""Who may push and pull: logins of every kind, tokens with scopes, public repositories, mounts."""

import base64
import gzip
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from careen.auth import accounts, iam_tokens
from careen.auth.authentication import Authentication
from careen.auth.limits import Failures
from careen.auth.secrets import Form
from careen.model.access import ALL_USERS, CLOUD, AccessBinding, Resource, ResourceKind, SubjectType
from careen.model.credential import CredentialKind
from careen.model.policy import IpAction, IpPermission
from careen.store import access_bindings, ip_permissions, repositories
from careen.store import accounts as stored
from careen.store.columns import now
from careen.store.database import Database

MANIFEST = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
ROLE = "container-registry.images."
FAR = {"X-Forwarded-For": "192.0.2.7"}


@dataclass
class Guarded:
    """A registry that asks who is there, with an account for each role."""

    database: Database
    server: Any
    authentication: Authentication
    http: httpx.Client

    def account(self, name: str, role: str, on: Resource = CLOUD) -> str:
        """The id of a new service account."""
        with self.database.write() as connection:
            account = accounts.make(connection, name, SubjectType.SERVICE, now())
            access_bindings.add(connection, on, AccessBinding(role, account.type, account.id))
        return account.id

    def secret(self, name: str, kind: CredentialKind) -> str:
        with self.database.write() as connection:
            return accounts.give(connection, accounts.find(connection, name), kind, now()).secret

    def iam(self, name: str) -> str:
        with self.database.write() as connection:
            return iam_tokens.issue(connection, accounts.find(connection, name).id, now()).text

    def publish(self, repository: str) -> None:
        self.grant(repository, f"{ROLE}puller", ALL_USERS, "system")

    def grant(self, repository: str, role: str, subject: str, type_: str = "serviceAccount") -> None:
        with self.database.write() as connection:
            made = repositories.upsert(connection, self.server.registry_id, repository)
            on = Resource(ResourceKind.REPOSITORY, made.id)
            access_bindings.add(connection, on, AccessBinding(role, type_, subject))

    def token(self, name: str, *scopes: str, password: str = "", **headers: str) -> str:
        answer = self.http.get(
            "/token/",
            params=[("service", self.server.address), *(("scope", scope) for scope in scopes)],
            auth=("iam", password or self.iam(name)) if name else None,
            headers=headers,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def bearer(self, name: str, *scopes: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token(name, *scopes)}"}


@pytest.fixture
def guarded(
    sqlite_database: Database, serve: Callable[..., AbstractContextManager[Any]]
) -> Iterator[Guarded]:
    authentication = Authentication(sqlite_database, enforced=True, failures=Failures(most=50))
    with (
        serve(sqlite_database, authentication=authentication) as server,
        httpx.Client(base_url=f"http://{server.address}/v2", timeout=30, trust_env=False) as http,
    ):
        made = Guarded(sqlite_database, server, authentication, http)
        for role in ("puller", "pusher"):
            made.account(role, ROLE + role)
        made.account("viewer", "container-registry.viewer")
        yield made


def problem(answer: httpx.Response, status: int) -> tuple[str, str]:
    """The code and the message of a refusal."""
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    return error["code"], error["message"]


def push(guarded: Guarded, headers: Mapping[str, str], name: str = "", tag: str = "v1") -> httpx.Response:
    path = f"/{name or guarded.server.name}"
    blob = b"{}"
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    begun = guarded.http.post(
        f"{path}/blobs/uploads/", params={"digest": digest}, content=blob, headers=headers
    )
    if begun.status_code != 201:
        return begun
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST["Content-Type"], "config": described, "layers": []}
    body = json.dumps(manifest).encode()
    return guarded.http.put(f"{path}/manifests/{tag}", content=body, headers={**headers, **MANIFEST})


def pull(guarded: Guarded, headers: Mapping[str, str], name: str = "") -> httpx.Response:
    return guarded.http.get(f"/{name or guarded.server.name}/manifests/v1", headers=headers)


def test_a_client_is_sent_for_a_token_by_the_name_it_has_for_us(guarded: Guarded) -> None:
    host = guarded.server.address
    answer = guarded.http.get("/")
    assert problem(answer, 401)[0] == "UNAUTHORIZED"
    assert answer.headers["www-authenticate"] == f'Bearer realm="http://{host}/v2/token/",service="{host}"'
    named = guarded.http.get(f"/{guarded.server.name}/manifests/v1", headers={"Host": "cr.example:5000"})
    assert named.headers["www-authenticate"] == (
        'Bearer realm="http://cr.example:5000/v2/token/",service="cr.example:5000",'
        f'scope="repository:{guarded.server.name}:pull"'
    )
    pushed = guarded.http.post(f"/{guarded.server.name}/blobs/uploads/")
    assert pushed.headers["www-authenticate"].endswith(f'scope="repository:{guarded.server.name}:pull,push"')


@pytest.mark.parametrize("host", ['a"b', "a b", "x" * 9 + "\\", "a,b=c"])
def test_a_hostile_host_is_not_repeated(guarded: Guarded, host: str) -> None:
    answer = guarded.http.get("/", headers={"Host": host})
    assert answer.status_code in {400, 401}
    assert host not in answer.headers.get("www-authenticate", "")


def test_only_our_proxy_is_believed_about_https(guarded: Guarded) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cr.example"}
    assert "http://127.0.0.1" in guarded.http.get("/", headers=headers).headers["www-authenticate"]


@pytest.mark.parametrize(
    ("user", "password", "message"),
    [
        ("json_key", "secret", "Password is invalid - must be JSON key"),
        ("json_key", "{}", "Password is invalid - must be JSON key"),
        ("oauth", "secret", "Password is invalid - must be OAuth token"),
        ("iam", "secret", "Password is invalid - must be IAM token"),
        ("api_key", "secret", "Password is invalid - must be API key"),
        ("anna", "secret", "Authentication problem"),
        ("", "", "Authentication problem"),
        ("iam", "t1." + "a" * 17 + "." + "b" * 86, "Authentication problem"),
        ("json_key", '{"id":"a","service_account_id":"b","private_key":"c"}', "Authentication problem"),
    ],
)
def test_a_wrong_password_is_told_in_yandex_words(
    guarded: Guarded, user: str, password: str, message: str
) -> None:
    for path in ("/token/", "/", f"/{guarded.server.name}/manifests/v1"):
        code, told = problem(guarded.http.get(path, auth=(user, password)), 401)
        assert code == "UNAUTHORIZED"
        assert re.fullmatch(re.escape(message) + "; requestId = [0-9a-f-]{36}", told)


def test_a_login_of_each_kind_is_known(guarded: Guarded) -> None:
    with guarded.database.write() as connection:
        user = accounts.make(connection, "anna", SubjectType.USER, now())
        oauth = accounts.give(connection, user, CredentialKind.OAUTH, now()).secret
    logins = [
        ("iam", guarded.iam("puller")),
        ("oauth", oauth),
        ("json_key", guarded.secret("puller", CredentialKind.KEY)),
        ("api_key", guarded.secret("puller", CredentialKind.API_KEY)),
    ]
    for login in logins:
        assert guarded.http.get("/token/", auth=login).status_code == 200
        assert guarded.http.get("/", auth=login).status_code == 200
    assert (
        guarded.http.get("/", headers={"Authorization": f"Bearer {guarded.iam('puller')}"}).status_code == 200
    )
    api_key = {"Authorization": f"Api-Key {logins[3][1]}"}
    assert guarded.http.get("/", headers=api_key).status_code == 200


def test_a_key_file_with_anothers_private_half_is_refused(guarded: Guarded) -> None:
    mine = json.loads(guarded.secret("puller", CredentialKind.KEY))
    other = json.loads(guarded.secret("pusher", CredentialKind.KEY))
    mixed = json.dumps({**mine, "private_key": other["private_key"]})
    assert problem(guarded.http.get("/", auth=("json_key", mixed)), 401)[1].startswith(
        "Authentication problem"
    )
    foreign = json.dumps({**mine, "service_account_id": other["service_account_id"]})
    assert guarded.http.get("/", auth=("json_key", foreign)).status_code == 401
    assert guarded.http.get("/", auth=("json_key", json.dumps(mine))).status_code == 200


def test_a_token_gives_what_the_roles_allow(guarded: Guarded) -> None:
    name = guarded.server.name
    answer = guarded.http.get(
        "/token/",
        params=[("scope", f"repository:{name}:pull,push,delete"), ("scope", "registry:catalog:*")],
        auth=("iam", guarded.iam("puller")),
    ).json()
    assert answer["scope"] == f"repository:{name}:pull registry:catalog:*"
    assert answer["token"] == answer["access_token"]
    assert answer["expires_in"] == 3600
    everything = guarded.http.get(
        "/token", params={"scope": f"repository:{name}:*"}, auth=("iam", guarded.iam("pusher"))
    )
    assert everything.json()["scope"] == f"repository:{name}:delete,pull,push"
    assert everything.headers["cache-control"] == "no-store"


def test_the_oauth2_form_gives_the_same(guarded: Guarded) -> None:
    name = guarded.server.name
    form = {
        "grant_type": "password",
        "username": "iam",
        "password": guarded.iam("pusher"),
        "service": guarded.server.address,
        "scope": f"repository:{name}:pull,push",
        "client_id": "docker",
        "access_type": "offline",
    }
    answer = guarded.http.post("/token/", data=form)
    assert answer.json()["scope"] == f"repository:{name}:pull,push"
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert push(guarded, headers).status_code == 201
    refreshed = {
        "grant_type": "refresh_token",
        "refresh_token": guarded.secret("puller", CredentialKind.API_KEY),
    }
    assert guarded.http.post("/token/", data=refreshed).status_code == 200
    assert guarded.http.post("/token/", data={**form, "password": "wrong"}).status_code == 401
    assert guarded.http.post("/token/", data={"grant_type": "magic"}).status_code == 400


def test_a_token_is_for_its_scope_only(guarded: Guarded) -> None:
    name = guarded.server.name
    assert push(guarded, guarded.bearer("pusher", f"repository:{name}:pull,push")).status_code == 201
    pulls = guarded.bearer("pusher", f"repository:{name}:pull")
    assert pull(guarded, pulls).status_code == 200
    refused = push(guarded, pulls)
    assert refused.status_code == 401
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert f'scope="repository:{name}:pull,push"' in refused.headers["www-authenticate"]
    assert pull(guarded, pulls, f"{guarded.server.registry_id}/other").status_code == 401
    assert guarded.http.get("/_catalog", headers=pulls).status_code == 401
    catalog = guarded.bearer("pusher", "registry:catalog:*")
    assert guarded.http.get("/_catalog", headers=catalog).json() == {"repositories": [name]}
    assert guarded.http.delete(f"/{name}/manifests/v1", headers=pulls).status_code == 401
    deletes = guarded.bearer("pusher", f"repository:{name}:pull,push,delete")
    assert guarded.http.delete(f"/{name}/manifests/v1", headers=deletes).status_code == 202


def test_a_registry_that_is_not_there_is_said_to_those_who_are_known(guarded: Guarded) -> None:
    name = "crp00000000000000000/app"
    headers = guarded.bearer("pusher", f"repository:{name}:pull,push")
    code, message = problem(push(guarded, headers, name), 404)
    assert (code, message) == ("NAME_UNKNOWN", "Registry crp00000000000000000 not found")
    assert push(guarded, {}, name).status_code == 401


def test_roles_decide_at_every_use(guarded: Guarded) -> None:
    name = guarded.server.name
    account = guarded.account("fleeting", f"{ROLE}pusher")
    token = guarded.bearer("fleeting", f"repository:{name}:pull,push")
    assert push(guarded, token).status_code == 201
    with guarded.database.write() as connection:
        access_bindings.forget_subject(connection, account)
    code, message = problem(push(guarded, token), 403)
    assert code == "DENIED"
    assert message.startswith("Permission denied: container-registry.images.pusher on registry crp")
    assert "; requestId = " in message


@pytest.mark.parametrize(
    ("role", "pulls", "pushes"), [("viewer", 403, 403), ("puller", 200, 403), ("pusher", 200, 201)]
)
def test_each_role_does_what_it_is_for(guarded: Guarded, role: str, pulls: int, pushes: int) -> None:
    assert push(guarded, {"Authorization": f"Bearer {guarded.iam('pusher')}"}).status_code == 201
    headers = {"Authorization": f"Bearer {guarded.iam(role)}"}
    assert pull(guarded, headers).status_code == pulls
    assert guarded.http.head(f"/{guarded.server.name}/manifests/v1", headers=headers).status_code == pulls
    assert guarded.http.get(f"/{guarded.server.name}/tags/list", headers=headers).status_code == pulls
    assert push(guarded, headers, tag="v2").status_code == pushes
    deleted = guarded.http.delete(f"/{guarded.server.name}/manifests/v1", headers=headers)
    assert deleted.status_code == (202 if pushes == 201 else 403)


def test_a_token_ends_with_what_it_was_made_of(guarded: Guarded) -> None:
    name = guarded.server.name
    key = guarded.secret("puller", CredentialKind.API_KEY)
    scope = f"repository:{name}:pull"
    token = guarded.http.get("/token/", params={"scope": scope}, auth=("api_key", key)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert guarded.http.get("/", headers=headers).status_code == 200
    with guarded.database.write() as connection:
        stored.delete_credential(connection, Form.API_KEY.id_of(key))
    assert guarded.http.get("/", headers=headers).status_code == 401


def test_a_token_ends_with_its_hour(guarded: Guarded) -> None:
    headers = guarded.bearer("puller")
    assert guarded.http.get("/", headers=headers).status_code == 200
    later = now() + timedelta(hours=1, seconds=1)
    object.__setattr__(guarded.authentication, "clock", lambda: later)
    assert guarded.http.get("/", headers=headers).status_code == 401


def test_a_token_that_was_changed_is_refused(guarded: Guarded) -> None:
    header, payload, signature = guarded.token("puller").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["access"] = {guarded.server.name: ["pull", "push"]}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","kid":"1"}').decode().rstrip("=")
    for token in (
        f"{header}.{forged}.{signature}",
        f"{unsigned}.{forged}.",
        f"{header}.{payload}.",
        "anonymous",
    ):
        assert guarded.http.get("/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_anybody_pulls_what_is_public_and_nothing_else(guarded: Guarded) -> None:
    name, other = guarded.server.name, f"{guarded.server.registry_id}/private"
    for each in (name, other):
        assert push(guarded, {"Authorization": f"Bearer {guarded.iam('pusher')}"}, each).status_code == 201
    guarded.publish(name)
    assert pull(guarded, {}).status_code == 200
    assert pull(guarded, {}, other).status_code == 401
    assert push(guarded, {}).status_code == 401
    token = guarded.token("", f"repository:{name}:pull,push", f"repository:{other}:pull")
    headers = {"Authorization": f"Bearer {token}"}
    assert guarded.http.get("/", headers=headers).status_code == 200
    assert pull(guarded, headers).status_code == 200
    assert pull(guarded, headers, other).status_code == 401
    assert push(guarded, headers).status_code == 401
    assert guarded.http.get("/_catalog").status_code == 401


def test_the_catalog_shows_what_the_caller_may_see(guarded: Guarded) -> None:
    names = [f"{guarded.server.registry_id}/{part}" for part in ("a", "b", "c")]
    for name in names:
        assert push(guarded, {"Authorization": f"Bearer {guarded.iam('pusher')}"}, name).status_code == 201
    account = guarded.account(
        "narrow", "container-registry.viewer", Resource(ResourceKind.FOLDER, "elsewhere")
    )
    guarded.grant(names[1], f"{ROLE}puller", account)

    def listed(who: str) -> Any:
        headers = {"Authorization": f"Bearer {guarded.iam(who)}"}
        return guarded.http.get("/_catalog", headers=headers).json()["repositories"]

    assert listed("viewer") == names
    assert listed("narrow") == [names[1]]


def test_a_blob_is_mounted_only_from_where_the_caller_may_pull(guarded: Guarded) -> None:
    secret, mine = f"{guarded.server.registry_id}/secret", f"{guarded.server.registry_id}/mine"
    assert push(guarded, {"Authorization": f"Bearer {guarded.iam('pusher')}"}, secret).status_code == 201
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    account = guarded.account(
        "narrow", "container-registry.viewer", Resource(ResourceKind.FOLDER, "elsewhere")
    )
    guarded.grant(mine, f"{ROLE}pusher", account)
    headers = {"Authorization": f"Bearer {guarded.iam('narrow')}"}
    uploads = f"/{mine}/blobs/uploads/"
    for query in ({"mount": digest, "from": secret}, {"mount": digest}):
        answer = guarded.http.post(uploads, params=query, headers=headers)
        assert answer.status_code == 202, query  # it must upload what it cannot have
    assert guarded.http.get(f"/{mine}/blobs/{digest}", headers=headers).status_code == 404
    guarded.grant(secret, f"{ROLE}puller", account)
    mounted = guarded.http.post(uploads, params={"mount": digest, "from": secret}, headers=headers)
    assert mounted.status_code == 201


def test_a_client_that_mounts_is_sent_for_a_token_to_both_repositories(guarded: Guarded) -> None:
    source, target = f"{guarded.server.registry_id}/source", f"{guarded.server.registry_id}/target"
    assert push(guarded, {"Authorization": f"Bearer {guarded.iam('pusher')}"}, source).status_code == 201
    digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    start = (f"/{target}/blobs/uploads/", {"mount": digest, "from": source})
    challenge = guarded.http.post(start[0], params=start[1]).headers["www-authenticate"]
    scopes = challenge.partition('scope="')[2].rstrip('"')
    assert scopes == f"repository:{target}:pull,push repository:{source}:pull"
    for asked in ((scopes,), scopes.split(" ")):
        token = guarded.bearer("pusher", *asked)
        assert guarded.http.post(start[0], params=start[1], headers=token).status_code == 201


def test_addresses_are_looked_at_beside_roles(guarded: Guarded) -> None:
    headers = {"Authorization": f"Bearer {guarded.iam('pusher')}"}
    with guarded.database.write() as connection:
        only = [IpPermission(IpAction.PUSH, "192.0.2.0/24")]
        ip_permissions.put(connection, guarded.server.registry_id, only)
    code, message = problem(push(guarded, headers), 403)
    assert (code, message.partition(";")[0]) == ("DENIED", "Permission denied")
    assert push(guarded, {**headers, **FAR}).status_code == 403  # nobody's word but our proxy's


def test_a_proxy_of_ours_tells_who_is_behind_it(
    sqlite_database: Database, serve: Callable[..., AbstractContextManager[Any]]
) -> None:
    proxies = [ip_network("127.0.0.1")]
    authentication = Authentication(sqlite_database, enforced=True, proxies=proxies)
    with (
        serve(sqlite_database, authentication=authentication) as server,
        httpx.Client(base_url=f"http://{server.address}/v2", timeout=30, trust_env=False) as http,
    ):
        guarded = Guarded(sqlite_database, server, authentication, http)
        guarded.account("pusher", f"{ROLE}pusher")
        headers = {"Authorization": f"Bearer {guarded.iam('pusher')}"}
        with sqlite_database.write() as connection:
            ip_permissions.put(connection, server.registry_id, [IpPermission(IpAction.PUSH, "192.0.2.0/24")])
        assert push(guarded, headers).status_code == 403
        assert push(guarded, {**headers, **FAR}).status_code == 201
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cr.example"}
        challenge = http.get("/", headers=forwarded).headers["www-authenticate"]
        assert challenge == 'Bearer realm="https://cr.example/v2/token/",service="cr.example"'


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic Zm9v", "Basic " + "QUJD" * 9000, "Digest a=b", "x"]
)
def test_a_header_that_makes_no_sense_is_an_unknown_caller(guarded: Guarded, header: str) -> None:
    assert guarded.http.get("/", headers={"Authorization": header}).status_code == 401


def test_guessing_passwords_is_slowed_down(guarded: Guarded) -> None:
    object.__setattr__(guarded.authentication.failures, "most", 5)
    codes = [guarded.http.get("/token/", auth=("json_key", "guess")).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    refused = guarded.http.get("/", auth=("iam", "guess"))
    assert problem(refused, 429)[0] == "TOOMANYREQUESTS"
    assert int(refused.headers["retry-after"]) >= 1


@pytest.fixture(params=["iam", "oauth", "json_key", "api_key"])
def login(request: pytest.FixtureRequest, guarded: Guarded) -> tuple[str, str]:
    """User and password of somebody who may push."""
    with guarded.database.write() as connection:
        anna = accounts.make(connection, "anna", SubjectType.USER, now())
        access_bindings.add(connection, CLOUD, AccessBinding(f"{ROLE}pusher", anna.type, anna.id))
    password = {
        "iam": lambda: guarded.iam("pusher"),
        "oauth": lambda: guarded.secret("anna", CredentialKind.OAUTH),
        "json_key": lambda: guarded.secret("pusher", CredentialKind.KEY),
        "api_key": lambda: guarded.secret("pusher", CredentialKind.API_KEY),
    }[request.param]()
    return request.param, password


def test_skopeo_logs_in_pushes_pulls_and_deletes(
    guarded: Guarded, login: tuple[str, str], tool: Any, write_layout: Any, tmp_path: Path
) -> None:
    layout = write_layout({"linux/amd64": gzip.compress(b"a layer")})
    address, image = guarded.server.address, f"docker://{guarded.server.address}/{guarded.server.name}:v1"
    user, password = login
    tool("skopeo", "login", "--tls-verify=false", "-u", user, "-p", password, address)
    tool("skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}", image)
    assert (
        json.loads(tool("skopeo", "inspect", "--tls-verify=false", image).stdout)["Architecture"] == "amd64"
    )
    tool("skopeo", "copy", "--src-tls-verify=false", image, f"oci:{tmp_path / 'copy'}")
    tool("skopeo", "delete", "--tls-verify=false", image)
    tool("skopeo", "logout", address)
    anonymous = ["skopeo", "inspect", "--no-creds", "--tls-verify=false", image]
    assert subprocess.run(anonymous, capture_output=True, check=False).returncode != 0


def test_buildah_logs_in_pushes_and_pulls(
    guarded: Guarded, login: tuple[str, str], tool: Any, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("buildah without user namespaces needs root")
    address, image = guarded.server.address, f"docker://{guarded.server.address}/{guarded.server.name}:v1"
    user, password = login
    tool("buildah", "login", "--tls-verify=false", "-u", user, "-p", password, address)
    made, fetched = (
        ["--storage-driver=vfs", f"--root={tmp_path / part / 'root'}", f"--runroot={tmp_path / part / 'run'}"]
        for part in ("made", "fetched")
    )
    container = tool("buildah", *made, "from", "scratch").stdout.strip()
    tool("buildah", *made, "commit", container, "local")
    tool("buildah", *made, "push", "--tls-verify=false", "local", image)
    assert tool("buildah", *fetched, "pull", "--tls-verify=false", image).stdout.strip()
