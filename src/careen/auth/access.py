"""Whether a caller may do something somewhere: the one answer for every door."""

from dataclasses import dataclass

from sqlalchemy import Connection

from careen.auth import roles
from careen.auth.roles import Right
from careen.errors import Denied, Unauthenticated
from careen.model.access import ALL_AUTHENTICATED, ALL_USERS, CLOUD, Identity, Path, Resource, ResourceKind
from careen.store import access_bindings

UNKNOWN_CALLER = "Token is invalid or has expired."


class MissingRole(Denied):
    """Says which role would do, and where it could be given."""

    def __init__(self, right: Right, on: Resource) -> None:
        self.role = roles.least(right)
        self.on = on
        super().__init__(f"Permission denied: {self.role} on {on.kind} {on.id} is needed")


@dataclass(frozen=True, slots=True)
class Access:
    """With `enforced` False (CAREEN_AUTH=off) everybody may do everything."""

    enforced: bool

    def require(self, connection: Connection, caller: Identity, right: Right, path: Path) -> None:
        """Raises MissingRole, or Unauthenticated where the caller did not say who is calling.

        To those who may not see a repository MissingRole names its registry, as for one that is not there.
        """
        if self.allows(connection, caller, right, path):
            return
        if not caller.is_known:
            raise Unauthenticated(UNKNOWN_CALLER)
        hidden = path[0].kind is ResourceKind.REPOSITORY and not self.allows(
            connection, caller, Right.VIEW, path
        )
        raise MissingRole(right, path[1 if hidden else 0])

    def allows(self, connection: Connection, caller: Identity, right: Right, path: Path) -> bool:
        if not self.enforced:
            return True
        given = access_bindings.roles(connection, path, _subjects(caller))
        return any(right in roles.ROLES.get(role, ()) for role in given)

    def territory(self, connection: Connection, caller: Identity, right: Right) -> "Territory":
        """Where the caller has the right, for lists that leave out the rest."""
        if not self.enforced:
            return Territory(frozenset({CLOUD}))
        found = access_bindings.resources(connection, roles.giving(right), _subjects(caller))
        return Territory(frozenset(found))


@dataclass(frozen=True, slots=True)
class Territory:
    resources: frozenset[Resource]

    @property
    def is_everything(self) -> bool:
        return CLOUD in self.resources


def _subjects(caller: Identity) -> tuple[str, ...]:
    """The ids by which bindings may mean the caller."""
    return (caller.id, ALL_AUTHENTICATED, ALL_USERS) if caller.is_known else (ALL_USERS,)
