"""Accounts from the command line, and the first one."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sqlalchemy import Connection

from careen.app import by_hand, workshop
from careen.audit.event import IAM, Event
from careen.audit.trail import Trail
from careen.auth import accounts, iam_tokens, key_files, roles
from careen.auth.accounts import Made
from careen.auth.authentication import Authentication
from careen.auth.registry_tokens import RegistryTokens
from careen.errors import Exists, Invalid, NotFound
from careen.model.access import (
    ALL_AUTHENTICATED,
    ALL_USERS,
    CLOUD,
    AccessBinding,
    Account,
    Resource,
    ResourceKind,
    SubjectType,
)
from careen.model.credential import Credential, CredentialKind
from careen.settings import Settings
from careen.store import access_bindings, ancestry
from careen.store import accounts as stored
from careen.store.columns import now
from careen.store.database import Database

FIRST = "admin"
_FOLDER = "folder:"
_LONGEST_ID = 50  # characters (yandex/cloud/containerregistry/v1/registry_service.proto)


@contextmanager
def opened(settings: Settings) -> Iterator["Book"]:
    """The accounts in the database, whether the server runs or not. Changes are in the audit log."""
    with workshop.opened_database(settings) as database:
        trail = by_hand.opened_trail(settings)
        yield Book(database, trail)
        trail.require()


def make_first(database: Database) -> Made | None:
    """The first start's administrator with a key; None where there are accounts already."""
    with database.write() as connection:
        if stored.every(connection):
            return None
        try:
            account = accounts.make(connection, FIRST, SubjectType.SERVICE, now())
        except Exists:  # another server was quicker
            return None
        access_bindings.add(connection, CLOUD, AccessBinding("admin", account.type, account.id))
        return accounts.give(connection, account, CredentialKind.KEY, now())


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """For the eyes of this user only, and never over a file that is there; raises Exists and Invalid."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise Exists(f"{path} is there already") from error
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "w") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


@dataclass(frozen=True, slots=True)
class Book:
    """Accounts are named by name or id. Raises NotFound for those that are not there."""

    database: Database
    trail: Trail

    def create(
        self, name: str, given: Sequence[str], place: str, *, is_user: bool, take_over: Path | None
    ) -> Account:
        """With the roles, and the id and key of the file that is taken over; all or nothing."""
        file = key_files.read(_text(take_over)) if take_over else None
        type_ = SubjectType.USER if is_user else SubjectType.SERVICE
        with self.database.write() as connection:
            account = accounts.make(
                connection, name, type_, now(), account_id=file.account_id if file else ""
            )
            if file is not None:
                accounts.take_over(connection, account, file, now())
            resource = _resource(connection, place)
            for role in given:
                binding = AccessBinding(roles.named(role), account.type, account.id)
                access_bindings.add(connection, resource, binding)
        self._record("CreateAccount", resource, account_id=account.id, name=name, roles=list(given))
        return account

    def lines(self) -> Iterator[str]:
        """For people: id, name, type, roles."""
        with self.database.read() as connection:
            for account in stored.every(connection):
                given = access_bindings.of_subject(connection, account.id)
                told = ", ".join(f"{role} on {_told(resource)}" for resource, role in given)
                yield f"{account.id}  {account.name}  {account.type}  {told}".rstrip()

    def delete(self, name: str) -> None:
        with self.database.write() as connection:
            account = accounts.find(connection, name)
            stored.delete(connection, account.id)
        self._record("DeleteAccount", account_id=account.id, name=account.name)

    def grant(self, name: str, role: str, place: str) -> None:
        with self.database.write() as connection:
            binding, resource = _binding(connection, name, role), _resource(connection, place)
            access_bindings.add(connection, resource, binding)
        self._record("AddAccessBinding", resource, account_id=binding.subject_id, role=role)

    def revoke(self, name: str, role: str, place: str) -> None:
        with self.database.write() as connection:
            binding, resource = _binding(connection, name, role), _resource(connection, place)
            if not access_bindings.remove(connection, resource, binding):
                raise NotFound(f"{name} does not have {role} on {_told(resource)}")
        self._record("RemoveAccessBinding", resource, account_id=binding.subject_id, role=role)

    def give(self, name: str, *, is_api_key: bool = False) -> Made:
        """A user gets a token, a service account a key or an API key."""
        with self.database.write() as connection:
            account = accounts.find(connection, name)
            key = CredentialKind.API_KEY if is_api_key else CredentialKind.KEY
            is_user = account.type is SubjectType.USER
            made = accounts.give(connection, account, CredentialKind.OAUTH if is_user else key, now())
        kind = str(made.credential.kind)
        self._record("CreateKey", account_id=account.id, key_id=made.credential.id, kind=kind)
        return made

    def credentials(self, name: str) -> Sequence[Credential]:
        with self.database.read() as connection:
            return stored.credentials_of(connection, accounts.find(connection, name).id)

    def delete_credential(self, credential_id: str) -> None:
        with self.database.write() as connection:
            if not stored.delete_credential(connection, credential_id):
                raise NotFound.of("Key", credential_id[:100])
        self._record("DeleteKey", key_id=credential_id)

    def token(self, name: str) -> str:
        """A new IAM token."""
        with self.database.write() as connection:
            account = accounts.find(connection, name)
            issued = iam_tokens.issue(connection, account.id, now())
        self._record("CreateIamToken", subject_id=account.id)
        return issued.text

    def rotate(self) -> str:
        """The id of a new key that signs tokens for the registry."""
        key = RegistryTokens(Authentication(self.database, enforced=True)).rotate()
        self._record("RotateSigningKey", key_id=key.id)
        return key.id

    def _record(self, event: str, on: Resource = CLOUD, **details: object) -> None:
        self.trail.write(Event(event, by_hand.origin(), (on,), details, source=IAM))


def _binding(connection: Connection, name: str, role: str) -> AccessBinding:
    if name in {ALL_USERS, ALL_AUTHENTICATED}:
        return AccessBinding(roles.named(role), SubjectType.SYSTEM, name)
    account = accounts.find(connection, name)
    return AccessBinding(roles.named(role), account.type, account.id)


def _resource(connection: Connection, place: str) -> Resource:
    """What `--on` names; raises NotFound and Invalid."""
    if not place:
        return CLOUD
    if place.startswith(_FOLDER):
        folder_id = place.removeprefix(_FOLDER)
        if not 0 < len(folder_id) <= _LONGEST_ID:
            raise Invalid(f"--on {_FOLDER}ID: the id of a folder has 1 to {_LONGEST_ID} characters")
        return Resource(ResourceKind.FOLDER, folder_id)
    named = ancestry.of_name(connection, place) if "/" in place else None
    if named and named[0].kind is not ResourceKind.REPOSITORY:
        raise NotFound.of("Repository", place)
    path = named or ancestry.of_registry(connection, place) or ancestry.of_repository(connection, place)
    if path is None:
        raise NotFound.of("Resource", place[:100])
    return path[0]


def _told(resource: Resource) -> str:
    return "everything" if resource == CLOUD else f"{resource.kind} {resource.id}"


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError) as error:
        raise Invalid(f"{path} cannot be read") from error
