"""Who has which role on a registry or repository: listed, set and changed."""

from typing import Any

import grpc
import pytest

from careen.api.methods import METHODS
from careen.model.access import Resource, ResourceKind

V1 = "/container-registry/v1"
REPOSITORIES = "yandex.cloud.containerregistry.v1.RepositoryService"


def binding(role: str, subject: str, type_: str = "serviceAccount") -> Any:
    return {"roleId": role, "subject": {"id": subject, "type": type_}}


PULLER = "container-registry.images.puller"
PUBLIC = binding(PULLER, "allUsers", "system")


def path(world: Any, verb: str) -> str:
    return f"{V1}/registries/{world.registry.id}:{verb}AccessBindings"


def listed(world: Any, **query: Any) -> Any:
    answer = world.http.get(path(world, "list"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def put(world: Any, *bindings: Any) -> Any:
    return world.http.post(path(world, "set"), json={"accessBindings": list(bindings)})


def update(world: Any, *deltas: tuple[str, Any]) -> Any:
    changes = [{"action": action, "accessBinding": each} for action, each in deltas]
    return world.http.post(path(world, "update"), json={"accessBindingDeltas": changes})


def test_what_is_set_is_what_is_listed(world: Any) -> None:
    assert listed(world) == {}
    wanted = [
        binding("viewer", "ajeone", "userAccount"),
        PUBLIC,
        binding("viewer", "ajetwo", "federatedUser"),
    ]
    done = put(world, *wanted, PUBLIC).json()
    assert done["done"] is True
    assert done["metadata"]["resourceId"] == world.registry.id
    assert done["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert listed(world)["accessBindings"] == wanted
    assert put(world).is_success
    assert listed(world) == {}


def test_deltas_add_and_remove_in_their_order(world: Any) -> None:
    one, two = binding("editor", "ajeone"), binding("viewer", "ajetwo")
    assert update(world, ("ADD", one), ("ADD", one), ("ADD", two), ("REMOVE", one)).is_success
    assert listed(world)["accessBindings"] == [two]
    assert update(world, ("REMOVE", one), ("REMOVE", two)).is_success
    assert listed(world) == {}


def test_pages_stay_right_while_bindings_come_and_go(world: Any) -> None:
    wanted = [binding("viewer", f"aje{number:03}") for number in range(7)]
    put(world, *wanted)
    first = listed(world, pageSize=3)
    assert first["accessBindings"] == wanted[:3]
    update(world, ("REMOVE", wanted[2]), ("REMOVE", wanted[4]), ("ADD", binding("viewer", "ajenew")))
    second = listed(world, pageSize=3, pageToken=first["nextPageToken"])
    assert second["accessBindings"] == [wanted[3], wanted[5], wanted[6]]
    third = listed(world, pageSize=3, pageToken=second["nextPageToken"])
    assert third == {"accessBindings": [binding("viewer", "ajenew")]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (binding("king", "ajeone"), "access_bindings[0].role_id"),
        (binding("viewer", "ajeone", "robot"), "access_bindings[0].subject.type"),
        (binding("viewer", "allUsers"), "access_bindings[0].subject.id"),
        (binding("viewer", "ajeone", "system"), "access_bindings[0].subject.id"),
        (binding("viewer", "aje\u2028one"), "access_bindings[0].subject.id"),
        (binding("viewer", ""), "access_bindings[0].subject.id"),
    ],
)
def test_a_binding_that_means_nothing_is_named_and_nothing_is_changed(
    world: Any, wrong: Any, field: str
) -> None:
    put(world, PUBLIC)
    refused = put(world, wrong)
    assert refused.status_code == 400
    assert [each["field"] for each in refused.json()["details"][0]["fieldViolations"]] == [field]
    assert listed(world)["accessBindings"] == [PUBLIC]


def test_a_fault_in_a_delta_is_named_where_it_stands(world: Any) -> None:
    right = {"action": "ADD", "accessBinding": binding("viewer", "ajeone")}
    wrong = {"action": "ADD", "accessBinding": binding("captain", "ajeone")}
    answer = world.http.post(path(world, "update"), json={"accessBindingDeltas": [right, wrong]})
    assert answer.status_code == 400
    (violation,) = answer.json()["details"][0]["fieldViolations"]
    assert violation["field"] == "access_binding_deltas[1].access_binding.role_id"
    assert listed(world) == {}


def test_a_repository_has_its_own(world: Any) -> None:
    method = METHODS[f"{REPOSITORIES}.SetAccessBindings"]
    subject = {"id": "ajeone", "type": "userAccount"}
    world.call(
        method.full_name,
        resource_id=world.repository.id,
        access_bindings=[{"role_id": PULLER, "subject": subject}],
    )
    found: Any = world.call(f"{REPOSITORIES}.ListAccessBindings", resource_id=world.repository.id)
    assert [(each.role_id, each.subject.id) for each in found.access_bindings] == [(PULLER, "ajeone")]
    assert listed(world) == {}
    with pytest.raises(grpc.RpcError) as refused:
        world.call(method.full_name, resource_id=world.registry.id)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_role_holds_as_soon_as_it_is_given_and_no_longer_than_it_is(guarded_world: Any) -> None:
    world = guarded_world
    on = Resource(ResourceKind.REGISTRY, world.registry.id)
    boss = {"authorization": world.token(world.account("boss", "container-registry.admin", on))}
    account = world.account("guest")
    guest = {"authorization": world.token(account)}
    url = f"{V1}/images/{world.image.id}"
    change = {"accessBinding": binding("viewer", account.id)}
    for action, status in (("ADD", 200), ("REMOVE", 403), ("ADD", 200)):
        deltas = {"accessBindingDeltas": [{"action": action, **change}]}
        assert world.http.post(path(world, "update"), json=deltas, headers=boss).is_success
        assert world.http.get(url, headers=guest).status_code == status
    everybody = {"accessBindings": [binding("viewer", "allUsers", "system")]}
    assert world.http.post(path(world, "set"), json=everybody, headers=boss).is_success
    assert world.http.get(url).status_code == 200
    assert world.http.post(path(world, "set"), json={}, headers=boss).status_code == 403  # no longer the boss


def test_an_operation_is_seen_by_its_maker_and_by_whoever_sees_its_subject(guarded_world: Any) -> None:
    world = guarded_world
    on = Resource(ResourceKind.REGISTRY, world.registry.id)
    who = {
        name: {"authorization": world.token(world.account(name, role, place))}
        for name, role, place in (
            ("maker", "editor", on),
            ("reader", "viewer", on),
            ("outsider", "editor", Resource(ResourceKind.FOLDER, "elsewhere")),
        )
    }
    changed = world.http.patch(
        f"{V1}/registries/{world.registry.id}", json={"name": "new"}, headers=who["maker"]
    ).json()
    url = f"/operations/{changed['id']}"
    seen = {name: world.http.get(url, headers=headers).status_code for name, headers in who.items()}
    assert seen == {"maker": 200, "reader": 200, "outsider": 403}
    cancelled = {
        name: world.http.get(f"{url}:cancel", headers=each).status_code for name, each in who.items()
    }
    assert cancelled == {"maker": 200, "reader": 403, "outsider": 403}
    assert world.http.get("/operations/crp00000000000000000", headers=who["outsider"]).status_code == 404
    assert world.http.get(url).status_code == 401


def test_the_operation_of_a_policy_is_for_those_who_see_policies(guarded_world: Any) -> None:
    world = guarded_world
    who = {
        role: {"authorization": world.token(world.account(role.split(".")[-1], role))}
        for role in ("editor", "viewer", PULLER)
    }
    body = {"registryId": world.registry.id, "name": "nightly"}
    made = world.http.post(f"{V1}/scanPolicies", json=body, headers=who["editor"]).json()
    seen = {role: world.http.get(f"/operations/{made['id']}", headers=who[role]).status_code for role in who}
    assert seen == {"editor": 200, "viewer": 200, PULLER: 403}


def test_a_key_that_repeats_a_delete_finds_its_operation_again(guarded_world: Any) -> None:
    world = guarded_world
    headers = {"authorization": world.token(world.account("maker", "editor")), "idempotency-key": "one"}
    url = f"{V1}/images/{world.image.id}"
    first, second = (world.http.delete(url, headers=headers) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    other = {**headers, "authorization": world.token(world.account("other", "editor"))}
    assert world.http.delete(url, headers=other).status_code == 404
