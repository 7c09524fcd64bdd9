"""Credentials of every kind at the API's doors: right, wrong, expired, revoked, foreign, missing."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import jwt
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from careen.api.methods import METHODS
from careen.auth import accounts
from careen.auth.secrets import Form
from careen.model.access import CLOUD, AccessBinding, Account, SubjectType
from careen.model.credential import CredentialKind
from careen.store import access_bindings
from careen.store import accounts as stored
from careen.store.columns import now

TOKENS = "/iam/v1/tokens"
IAM = "yandex.cloud.iam.v1.IamTokenService"
REGISTRIES = "/container-registry/v1/registries?folderId=default"


@dataclass
class Person:
    """An account with everything that it may prove itself with."""

    world: Any
    account: Account
    secrets: dict[CredentialKind, str]

    def jwt(self, **changed: Any) -> str:
        key = json.loads(self.secrets[CredentialKind.KEY])
        moment = datetime.now(UTC)
        claims = {
            "iss": key["service_account_id"],
            "aud": "https://iam.api.cloud.yandex.net/iam/v1/tokens",
            "iat": moment,
            "exp": moment + timedelta(hours=1),
            **changed,
        }
        return jwt.encode(claims, key["private_key"], algorithm="PS256", headers={"kid": key["id"]})

    def ask(self, authorization: str) -> int:
        return int(self.world.http.get(REGISTRIES, headers={"authorization": authorization}).status_code)


def person(world: Any, name: str, type_: SubjectType, *kinds: CredentialKind) -> Person:
    with world.database.write() as connection:
        account = accounts.make(connection, name, type_, now())
        access_bindings.add(connection, CLOUD, AccessBinding("viewer", account.type, account.id))
        secrets = {kind: accounts.give(connection, account, kind, now()).secret for kind in kinds}
    return Person(world, account, secrets)


@pytest.fixture
def robot(guarded_world: Any) -> Person:
    return person(guarded_world, "robot", SubjectType.SERVICE, CredentialKind.KEY, CredentialKind.API_KEY)


@pytest.fixture
def anna(guarded_world: Any) -> Person:
    return person(guarded_world, "anna", SubjectType.USER, CredentialKind.OAUTH)


def trade(world: Any, **body: str) -> Any:
    return world.http.post(TOKENS, json=body)


def test_a_jwt_is_traded_for_a_token_of_twelve_hours(robot: Person) -> None:
    answer = trade(robot.world, jwt=robot.jwt()).json()
    assert answer["iamToken"].startswith("t1.")
    left = datetime.fromisoformat(answer["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    assert robot.ask(f"Bearer {answer['iamToken']}") == 200
    assert robot.ask(f"bearer {answer['iamToken']}") == 200


def test_a_users_token_is_traded_too(anna: Person) -> None:
    answer = trade(anna.world, yandexPassportOauthToken=anna.secrets[CredentialKind.OAUTH]).json()
    assert anna.ask(f"Bearer {answer['iamToken']}") == 200


def test_an_api_key_is_taken_as_it_is(robot: Person) -> None:
    key = robot.secrets[CredentialKind.API_KEY]
    assert robot.ask(f"Api-Key {key}") == 200
    assert robot.ask(f"Bearer {key}") == 401
    assert robot.ask(f"Api-Key {key[:-1]}{'a' if key[-1] != 'a' else 'b'}") == 401


def test_a_jwt_is_traded_again_as_long_as_it_holds(robot: Person) -> None:
    """By whoever lost the first answer, and by programs that keep one JWT for its hour."""
    kept = robot.jwt()
    first, second = (trade(robot.world, jwt=kept).json()["iamToken"] for _ in range(2))
    assert first != second
    assert [robot.ask(f"Bearer {token}") for token in (first, second)] == [200, 200]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"exp": datetime(2020, 1, 1, tzinfo=UTC), "iat": datetime(2020, 1, 1, tzinfo=UTC)}, "expired"),
        ({"aud": "https://example.org"}, "aud"),
        ({"iss": "ajesomebodyelse00000"}, "signature"),
    ],
)
def test_a_jwt_that_does_not_hold_is_refused(robot: Person, changed: dict[str, Any], message: str) -> None:
    refused = trade(robot.world, jwt=robot.jwt(**changed))
    assert refused.status_code == 401
    assert message in refused.json()["message"]


def test_another_careens_key_opens_nothing(robot: Person) -> None:
    mine = json.loads(robot.secrets[CredentialKind.KEY])
    with robot.world.database.write() as connection:
        stored.delete_credential(connection, mine["id"])
    foreign = trade(robot.world, jwt=robot.jwt())
    assert (foreign.status_code, foreign.json()["message"]) == (401, "The JWT's signature is wrong")


@pytest.mark.parametrize("token", ["y0_wrong", "t1.abc", "y0_" + "a" * 60])
def test_a_wrong_users_token_is_refused(anna: Person, token: str) -> None:
    answer = trade(anna.world, yandexPassportOauthToken=token)
    assert answer.status_code == 401
    assert answer.json()["message"] == "Token is invalid or has expired."


def test_exactly_one_proof_is_wanted(anna: Person) -> None:
    assert trade(anna.world).status_code == 400
    both = trade(anna.world, yandexPassportOauthToken="y0_a", jwt="a.b.c")
    assert both.status_code == 400


def test_a_revoked_token_opens_nothing(robot: Person, anna: Person) -> None:
    token = trade(robot.world, jwt=robot.jwt()).json()["iamToken"]
    other = trade(anna.world, yandexPassportOauthToken=anna.secrets[CredentialKind.OAUTH]).json()["iamToken"]
    headers = {"authorization": f"Bearer {other}"}
    revoked = robot.world.http.post(f"{TOKENS}:revoke", json={"iamToken": token}, headers=headers)
    assert revoked.json() == {"subjectId": robot.account.id}
    assert robot.ask(f"Bearer {token}") == 401
    assert anna.ask(f"Bearer {other}") == 200
    assert robot.world.http.post(f"{TOKENS}:revoke", json={"iamToken": token}).status_code == 401


def test_a_token_may_be_revoked_by_whoever_has_it(robot: Person) -> None:
    """Yandex' SDK for Python sends no token to this service: the one in the request must do."""
    token = trade(robot.world, jwt=robot.jwt()).json()["iamToken"]
    answer = robot.world.call(f"{IAM}.Revoke", iamToken=token)
    assert answer.subject_id == robot.account.id
    assert robot.ask(f"Bearer {token}") == 401
    event = json.loads(robot.world.audit.read_text().splitlines()[-1])
    assert event["event_type"] == "yandex.cloud.audit.iam.RevokeIamToken"
    assert event["authentication"]["subject_id"] == robot.account.id
    assert token not in robot.world.audit.read_text()


def test_guessing_tokens_to_revoke_has_an_end(guarded_world: Any) -> None:
    guarded_world.authentication.failures.most = 3
    answers = [
        guarded_world.http.post(f"{TOKENS}:revoke", json={"iamToken": f"t1.{number}"}) for number in range(5)
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]


def test_a_deleted_key_takes_its_tokens_along(robot: Person) -> None:
    token = trade(robot.world, jwt=robot.jwt()).json()["iamToken"]
    with robot.world.database.write() as connection:
        stored.delete_credential(connection, json.loads(robot.secrets[CredentialKind.KEY])["id"])
    assert robot.ask(f"Bearer {token}") == 401


def test_an_administrator_makes_tokens_for_service_accounts(robot: Person) -> None:
    world = robot.world
    path, body = f"{TOKENS}:createForServiceAccount", {"serviceAccountId": robot.account.id}
    headers = {"authorization": world.token(world.account("boss", "admin"))}
    token = world.http.post(path, json=body, headers=headers).json()["iamToken"]
    assert robot.ask(f"Bearer {token}") == 200
    unknown = world.http.post(path, json={"serviceAccountId": "ajenobody"}, headers=headers)
    assert unknown.status_code == 404
    assert world.http.post(path, json=body, headers={"authorization": f"Bearer {token}"}).status_code == 403


def test_a_token_ends_with_its_time(robot: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    token = trade(robot.world, jwt=robot.jwt()).json()["iamToken"]
    authentication = robot.world.authentication
    later = now() + timedelta(hours=12, seconds=1)
    object.__setattr__(authentication, "clock", lambda: later)
    assert robot.ask(f"Bearer {token}") == 401


def test_a_stale_token_does_not_keep_one_from_a_new_one(robot: Person) -> None:
    headers = {"authorization": "Bearer t1.stale"}
    assert robot.world.http.post(TOKENS, json={"jwt": robot.jwt()}, headers=headers).status_code == 200
    assert robot.world.http.get("/endpoints", headers=headers).status_code == 200


def test_both_doors_say_the_same_of_an_unknown_caller(guarded_world: Any) -> None:
    by_rest = guarded_world.http.get(REGISTRIES)
    assert (by_rest.status_code, by_rest.json()["code"]) == (401, 16)
    assert by_rest.json()["message"] == "Token is invalid or has expired."
    (detail,) = by_rest.json()["details"]
    assert detail["requestId"] == by_rest.headers["x-request-id"]
    status = refused_by_grpc(guarded_world, "")
    assert (status.code, status.message) == (16, "Token is invalid or has expired.")
    assert status.details[0].Unpack(RequestInfo())


def test_a_denial_says_which_role_is_missing(guarded_world: Any) -> None:
    world = guarded_world
    method = METHODS["yandex.cloud.containerregistry.v1.ScannerService.Scan"]
    token = world.token(world.account("guest", "viewer"))
    with pytest.raises(grpc.RpcError) as refused:
        world.invoke(method.full_name, method.request(image_id=world.image.id), token)
    status = told(refused.value)
    assert status.code == 7
    assert status.message.startswith("Permission denied: container-registry.images.scanner on repository crp")
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    assert info.metadata["role"] == "container-registry.images.scanner"
    assert info.metadata["resource_id"] == world.repository.id


def test_who_may_see_nothing_cannot_tell_names_apart(guarded_world: Any) -> None:
    """Ids are unguessable and may be NOT_FOUND; names can be guessed, and are denied alike."""
    world = guarded_world
    headers = {"authorization": world.token(world.account("stranger"))}

    def ask(path: str) -> int:
        return int(world.http.get(f"/container-registry/v1{path}", headers=headers).status_code)

    assert ask(f"/repositories/{world.repository.name}:byName") == 403
    assert ask(f"/repositories/{world.registry.id}/no/such:byName") == 403
    assert ask(f"/images?repositoryName={world.registry.id}/no/such") == 403
    assert ask("/images/crp00000000000000000") == 404
    assert ask(f"/images/{world.image.id}") == 403
    assert world.http.get("/container-registry/v1/images/crp00000000000000000").status_code == 401


def told(error: Any) -> Any:
    (details,) = [value for key, value in error.trailing_metadata() if key == "grpc-status-details-bin"]
    return Status.FromString(details)


def test_guessing_is_slowed_down_at_both_doors(guarded_world: Any) -> None:
    world = guarded_world
    right = world.token(world.account("guest", "viewer"))
    assert world.http.get(REGISTRIES, headers={"authorization": right}).status_code == 200
    object.__setattr__(world.authentication.failures, "most", 5)
    wrong = {"authorization": f"Bearer {Form.IAM_TOKEN.new().text}"}
    codes = [world.http.get(REGISTRIES, headers=wrong).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    refused = world.http.get(REGISTRIES, headers=wrong)
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    statuses = [refused_by_grpc(world, wrong["authorization"]) for _ in range(7)]  # from ::1, it may be
    status, retry = statuses[-1], RetryInfo()
    assert status.code == 8
    assert any(detail.Unpack(retry) for detail in status.details)
    assert retry.retry_delay.seconds >= 1
    assert world.http.get(REGISTRIES, headers={"authorization": right}).status_code == 200


def refused_by_grpc(world: Any, authorization: str) -> Any:
    method = METHODS["yandex.cloud.containerregistry.v1.RegistryService.List"]
    with pytest.raises(grpc.RpcError) as refused:
        world.invoke(method.full_name, method.request(folder_id="default"), authorization)
    return told(refused.value)


def test_secrets_are_not_kept(robot: Person, anna: Person) -> None:
    """Of what was given out, nothing is in the database's file, nor in its log."""
    world = robot.world
    token = trade(world, jwt=robot.jwt()).json()["iamToken"]
    private = json.loads(robot.secrets[CredentialKind.KEY])["private_key"].splitlines()[3]
    secrets = [token, private, robot.secrets[CredentialKind.API_KEY], anna.secrets[CredentialKind.OAUTH]]
    folder = world.audit.parent
    for path in [*folder.glob("careen.db*"), world.audit]:
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content
            assert secret[-30:].encode() not in content
