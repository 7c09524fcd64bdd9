"""Accounts from the command line, on a data folder of their own."""

import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import jwt
import pytest

from careen.auth import proving
from careen.auth.authentication import Authentication
from careen.auth.iam_tokens import LIFETIME
from careen.auth.registry_tokens import RegistryTokens
from careen.cli import main
from careen.model.access import ANONYMOUS
from careen.store import iam_tokens
from careen.store.columns import now
from careen.store.database import Database

Run = Callable[..., click.testing.Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `careen …` in the folder; with `fails` it must end with status 1."""

    def call(*arguments: str, fails: bool = False) -> click.testing.Result:
        environment = {"CAREEN_DATA": str(tmp_path / "data"), "CAREEN_HTTP": "0.0.0.0:8080"}
        result = click.testing.CliRunner().invoke(main, arguments, env=environment)
        assert result.exit_code == (1 if fails else 0), result.output
        return result

    return call


@pytest.fixture
def stored(tmp_path: Path, run: Run) -> "Database":
    run("account", "list")
    return Database(f"sqlite:///{tmp_path}/data/careen.db")


def test_a_service_account_gets_a_key_file_that_only_its_user_reads(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    made = run(
        "account", "create", "ci", "--role", "container-registry.images.pusher", "--key-file", str(path)
    )
    key = json.loads(path.read_text())
    assert list(key) == [
        "id",
        "service_account_id",
        "created_at",
        "key_algorithm",
        "public_key",
        "private_key",
    ]
    assert key["key_algorithm"] == "RSA_2048"
    assert key["private_key"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert key["public_key"].startswith("-----BEGIN PUBLIC KEY-----\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.stdout == f"{key['service_account_id']}  ci  serviceAccount\n"
    listed = run("account", "list").stdout
    assert listed == made.stdout.rstrip() + "  container-registry.images.pusher on everything\n"
    assert "PRIVATE" not in run("key", "list", "ci").stdout


def test_what_is_done_to_accounts_is_in_the_audit_log(run: Run, tmp_path: Path) -> None:
    made = run("account", "create", "ci", "--role", "viewer").stdout.split()[0]
    secret = run("key", "create", "ci", "--api").stdout.strip()
    run("account", "grant", "ci", "editor", "--on", "folder:b1g")
    run("token", "create", "ci")
    run("account", "delete", "ci")
    written = (tmp_path / "data" / "audit.jsonl").read_text()
    found = [json.loads(line) for line in written.splitlines()]
    assert [each["event_type"].removeprefix("yandex.cloud.audit.iam.") for each in found] == [
        "CreateAccount",
        "CreateKey",
        "AddAccessBinding",
        "CreateIamToken",
        "DeleteAccount",
    ]
    assert found[0]["details"] == {"account_id": made, "name": "ci", "roles": ["viewer"]}
    assert found[0]["authentication"]["subject_id"].startswith("uid:")
    assert secret not in written


def test_a_users_token_goes_to_a_file_where_one_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert "y0_" not in run("account", "create", "anna", "--user", "--key-file", str(path)).output
    assert path.read_text().startswith("y0_")


def test_a_key_file_is_never_written_over(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text("precious")
    run("account", "create", "ci", "--key-file", str(path), fails=True)
    assert path.read_text() == "precious"


def test_a_user_gets_a_token_and_nothing_else_on_standard_output(run: Run, stored: Database) -> None:
    token = run("account", "create", "anna", "--user", "--role", "viewer").stdout.strip()
    with stored.read() as connection:
        identity = proving.oauth_token(connection, token)
    assert identity is not None
    assert identity.name == "anna"


def test_an_api_key_opens_till_it_is_deleted(run: Run, stored: Database) -> None:
    run("account", "create", "ci")
    key = run("key", "create", "ci", "--api").stdout.strip()
    with stored.read() as connection:
        assert proving.api_key(connection, key) is not None
    key_id = run("key", "list", "ci").stdout.split()[0]
    run("key", "delete", key_id)
    with stored.read() as connection:
        assert proving.api_key(connection, key) is None
    run("key", "delete", key_id, fails=True)


def test_a_token_is_good_for_twelve_hours(run: Run, stored: Database) -> None:
    run("account", "create", "admin")
    token = run("token", "create").stdout.strip()
    with stored.read() as connection:
        assert proving.iam_token(connection, token, now()) is not None
        assert proving.iam_token(connection, token, now() + LIFETIME) is None


def test_a_deleted_account_takes_all_its_secrets_along(run: Run, stored: Database) -> None:
    run("account", "create", "ci", "--role", "editor")
    key, token = (
        run(*words).stdout.strip() for words in (("key", "create", "ci", "--api"), ("token", "create", "ci"))
    )
    run("account", "delete", "ci")
    with stored.read() as connection:
        assert proving.api_key(connection, key) is None
        assert proving.iam_token(connection, token, now()) is None
    assert run("account", "list").stdout == ""


def test_a_key_made_elsewhere_is_taken_over_with_its_ids(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    run("account", "create", "ci", "--key-file", str(path))
    key = json.loads(path.read_text())
    run("account", "delete", "ci")
    made = run("account", "create", "pipeline", "--take-over", str(path), "--role", "viewer")
    assert made.stdout.split()[0] == key["service_account_id"]
    assert run("key", "list", "pipeline").stdout.split()[0] == key["id"]


def test_roles_are_granted_on_a_place_and_revoked_there(run: Run) -> None:
    run("account", "create", "ci")
    run("account", "grant", "ci", "images.puller", "--on", "folder:b1gfolder")
    assert run("account", "list").stdout.endswith("container-registry.images.puller on folder b1gfolder\n")
    run("account", "revoke", "ci", "images.puller", "--on", "folder:b1gfolder")
    run("account", "grant", "ci", "editor", "--on", "folder:b1gfolder")
    assert run("account", "list").stdout.endswith("editor on folder b1gfolder\n")
    run("account", "revoke", "ci", "editor", fails=True)
    run("account", "revoke", "ci", "editor", "--on", "folder:b1gfolder")
    assert run("account", "list").stdout.endswith("serviceAccount\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["account", "create", "Big"],
        ["account", "create", "ci", "--role", "king"],
        ["account", "create", "ci", "--role", "viewer", "--on", "crpnowhere"],
        ["account", "grant", "nobody", "viewer"],
        ["account", "delete", "nobody"],
        ["key", "create", "nobody"],
        ["token", "create"],
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Run, arguments: list[str]) -> None:
    assert run(*arguments, fails=True).stderr.startswith("careen: ")
    assert run("account", "list").stdout == ""


def test_an_account_whose_key_has_no_place_is_not_made(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "key.json")
    refused = run("account", "create", "ci", "--key-file", path, fails=True)
    assert "cannot be written" in refused.output
    assert run("account", "list").output == ""
    run("account", "create", "ci")


@pytest.mark.parametrize("folder", ["", "f" * 51])
def test_a_folder_without_an_id_is_refused(run: Run, folder: str) -> None:
    refused = run("account", "create", "ci", "--role", "viewer", "--on", f"folder:{folder}", fails=True)
    assert "1 to 50 characters" in refused.output
    assert run("account", "list").output == ""


def test_a_rotated_key_signs_the_tokens_for_the_registry(run: Run, stored: Database, tmp_path: Path) -> None:
    made = [run("key", "rotate").stdout.strip() for _ in range(2)]
    with stored.read() as connection:
        keys = iam_tokens.signing_keys(connection)
    assert [key.id for key in keys] == [made[1], made[0]]
    token = RegistryTokens(Authentication(stored, enforced=True)).issue(ANONYMOUS, {})
    assert jwt.get_unverified_header(token)["kid"] == made[1]
    written = (tmp_path / "data" / "audit.jsonl").read_text()
    told = [json.loads(line) for line in written.splitlines()]
    assert [each["details"] for each in told] == [{"key_id": each} for each in made]
    assert told[0]["event_type"] == "yandex.cloud.audit.iam.RotateSigningKey"
    assert not any(key.secret.hex() in written for key in keys)
