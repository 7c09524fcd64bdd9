"""Which subject has which role on which resource."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select

from careen.model.access import AccessBinding, Path, Resource, ResourceKind
from careen.store.inserts import insert_all, insert_new
from careen.store.memory import remembered
from careen.store.paging import Listed, Listing, Page, fetch
from careen.store.tables import access_bindings, repositories

_COLUMNS = access_bindings.c["role", "subject_type", "subject_id"]


# Asked at every call, so it is put together once, for as many resources and subjects as there can be.
_DEPTH, _SUBJECTS = len(ResourceKind), 3
_VALUES = [f"{name}_{number}" for name in ("kind", "id") for number in range(_DEPTH)]
_VALUES += [f"subject_{number}" for number in range(_SUBJECTS)]
_ROLES = select(access_bindings.c.role).where(
    or_(
        *(
            and_(
                access_bindings.c.resource_id == bindparam(f"id_{number}"),
                access_bindings.c.resource_kind == bindparam(f"kind_{number}"),
            )
            for number in range(_DEPTH)
        )
    ),
    or_(*(access_bindings.c.subject_id == bindparam(f"subject_{number}") for number in range(_SUBJECTS))),
)

LISTING = Listing(key=access_bindings.c.id, fields={}, default=())


def page(connection: Connection, resource: Resource, page: Page) -> Listed[AccessBinding]:
    """In the order in which they were given."""
    rows = fetch(connection, select(*_COLUMNS).where(_is(resource)), LISTING, page)
    return rows.made_into(AccessBinding(row.role, row.subject_type, row.subject_id) for row in rows)


def of_resource(connection: Connection, resource: Resource) -> Sequence[AccessBinding]:
    """All of them, in the order in which they were given."""
    query = select(*_COLUMNS).where(_is(resource)).order_by(access_bindings.c.id)
    return [AccessBinding(*row) for row in connection.execute(query)]


@remembered
def roles(connection: Connection, path: Path, subjects: tuple[str, ...]) -> Collection[str]:
    """The roles that any of the subjects (by id; three at most) has on the resource or on what it lies in."""
    values = dict.fromkeys(_VALUES, "")  # which no binding has
    values |= {f"subject_{number}": subject for number, subject in enumerate(subjects)}
    for number, resource in enumerate(path):
        values |= {f"kind_{number}": str(resource.kind), f"id_{number}": resource.id}
    return frozenset(connection.scalars(_ROLES, values))


def resources(connection: Connection, roles: Collection[str], subjects: Collection[str]) -> set[Resource]:
    """The resources on which any of the subjects has any of the roles."""
    query = select(*access_bindings.c["resource_kind", "resource_id"]).where(
        access_bindings.c.role.in_(sorted(roles)), access_bindings.c.subject_id.in_(sorted(subjects))
    )
    return {Resource(ResourceKind(kind), identifier) for kind, identifier in connection.execute(query)}


def put(connection: Connection, resource: Resource, bindings: Iterable[AccessBinding]) -> None:
    """In the place of all that there were."""
    connection.execute(access_bindings.delete().where(_is(resource)))
    insert_all(connection, access_bindings, (_row(resource, each) for each in dict.fromkeys(bindings)))


def add(connection: Connection, resource: Resource, binding: AccessBinding) -> bool:
    """Whether it is new."""
    return insert_new(connection, access_bindings, _row(resource, binding))


def remove(connection: Connection, resource: Resource, binding: AccessBinding) -> bool:
    """Whether it was there."""
    columns = access_bindings.c
    statement = access_bindings.delete().where(
        _is(resource),
        columns.role == binding.role,
        columns.subject_type == binding.subject_type,
        columns.subject_id == binding.subject_id,
    )
    return connection.execute(statement).rowcount == 1


def of_subject(connection: Connection, subject_id: str) -> Sequence[tuple[Resource, str]]:
    """Resources and roles."""
    query = select(*access_bindings.c["resource_kind", "resource_id", "role"])
    rows = connection.execute(query.where(access_bindings.c.subject_id == subject_id))
    return sorted((Resource(ResourceKind(kind), identifier), role) for kind, identifier, role in rows)


def forget_subject(connection: Connection, subject_id: str) -> None:
    connection.execute(access_bindings.delete().where(access_bindings.c.subject_id == subject_id))


def forget_repository(connection: Connection, repository_id: str) -> None:
    connection.execute(access_bindings.delete().where(access_bindings.c.resource_id == repository_id))


def forget_registry(connection: Connection, registry_id: str) -> None:
    """With its repositories, which must still be there."""
    inside = select(repositories.c.id).where(repositories.c.registry_id == registry_id)
    here = access_bindings.c.resource_id
    connection.execute(access_bindings.delete().where(or_(here == registry_id, here.in_(inside))))


def _is(resource: Resource) -> ColumnElement[bool]:
    return and_(
        access_bindings.c.resource_id == resource.id, access_bindings.c.resource_kind == resource.kind
    )


def _row(resource: Resource, binding: AccessBinding) -> dict[str, object]:
    return {
        "resource_id": resource.id,
        "resource_kind": str(resource.kind),
        "role": binding.role,
        "subject_type": binding.subject_type,
        "subject_id": binding.subject_id,
    }
