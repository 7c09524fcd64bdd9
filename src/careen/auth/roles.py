"""The roles of Container Registry and what each gives (yandex-cloud/docs, container-registry/security).

The table of required roles decides; docs/why.md says where the descriptions of roles promise more.
"""

from collections.abc import Collection, Mapping
from enum import Enum, auto
from types import MappingProxyType

from careen.errors import Invalid


class UnknownRole(Invalid): ...


class Right(Enum):
    VIEW = auto()  # registries, repositories, images
    VIEW_POLICIES = auto()  # of deletion and of scans
    PULL = auto()
    PUSH = auto()  # and delete images, make and delete repositories
    SCAN = auto()  # and read what scans found
    EDIT = auto()  # registries and policies
    ADMINISTER = auto()  # who else may what
    FORCE_DELETE = auto()  # a registry with all that is in it


_VIEWER = frozenset({Right.VIEW, Right.VIEW_POLICIES})
_PULLER = frozenset({Right.VIEW, Right.PULL})
_PUSHER = _PULLER | {Right.PUSH}
_SCANNER = frozenset({Right.VIEW, Right.SCAN})
_EDITOR = _VIEWER | _PUSHER | _SCANNER | {Right.EDIT}
_ADMIN = _EDITOR | {Right.ADMINISTER}

_SERVICE = "container-registry."

# From the least to the most, the primitive roles last.
ROLES: Mapping[str, frozenset[Right]] = MappingProxyType(
    {
        "container-registry.viewer": _VIEWER,
        "container-registry.images.puller": _PULLER,
        "container-registry.images.pusher": _PUSHER,
        "container-registry.images.scanner": _SCANNER,
        "container-registry.editor": _EDITOR,
        "container-registry.admin": _ADMIN,
        "container-registry.registries.forceDeleter": frozenset({Right.FORCE_DELETE}),
        "viewer": _VIEWER,
        "editor": _EDITOR,
        "admin": _ADMIN,
    }
)


def named(text: str) -> str:
    """The role of that name, which people may write without its service; raises UnknownRole."""
    for role in (text, f"{_SERVICE}{text}"):
        if role in ROLES:
            return role
    raise UnknownRole(f"There is no role {text[:64]!r}, only {', '.join(ROLES)}", field="role_id")


def giving(right: Right) -> Collection[str]:
    """The roles that give the right."""
    return [role for role, rights in ROLES.items() if right in rights]


def least(right: Right) -> str:
    """The role to ask for when the right is missing."""
    return next(role for role, rights in ROLES.items() if right in rights)
