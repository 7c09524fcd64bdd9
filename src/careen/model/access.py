"""Who calls, what there is to have rights on, and who has which role (yandex/cloud/access/access.proto)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SubjectType(StrEnum):
    """As access bindings write them."""

    USER = "userAccount"
    SERVICE = "serviceAccount"
    FEDERATED = "federatedUser"
    GROUP = "group"
    SYSTEM = "system"


ALL_USERS = "allUsers"  # everybody, also those who do not say who they are
ALL_AUTHENTICATED = "allAuthenticatedUsers"


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    type: SubjectType
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a caller has been found to be."""

    id: str
    type: SubjectType
    name: str = ""
    proof: str = ""  # what proved it: the id of a credential or of a token, never a secret
    # What a token for the registry is limited to: repository -> actions; None = no limit.
    scope: Mapping[str, frozenset[str]] | None = None

    @classmethod
    def of(cls, account: Account) -> "Identity":
        return cls(account.id, account.type, account.name)

    @property
    def is_known(self) -> bool:
        return self.type is not SubjectType.SYSTEM


ANONYMOUS = Identity("anonymous", SubjectType.SYSTEM)


class ResourceKind(StrEnum):
    CLOUD = "cloud"  # all that this careen has
    FOLDER = "folder"
    REGISTRY = "registry"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    kind: ResourceKind
    id: str


CLOUD = Resource(ResourceKind.CLOUD, "careen")

# A resource and all that it lies in, narrowest first; ends with the cloud.
Path = tuple[Resource, ...]


@dataclass(frozen=True, slots=True, order=True)
class AccessBinding:
    role: str
    subject_type: str
    subject_id: str
