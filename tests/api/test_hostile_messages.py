"""Messages that no SDK would send, of every method: each is answered, and never as a fault of ours."""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from yandex.cloud.containerregistry.v1 import scan_policy_pb2, scan_policy_service_pb2

from careen.api.methods import METHODS

CR = "yandex.cloud.containerregistry.v1"
TEXTS = (
    "", "abc", "a" * 50, "*", ".*", "(", "10.0.0.0/8", "::1", "viewer", "allUsers", "system", "userAccount",
    'name = "a"', 'status="ACTIVE"', 'createdAt="2020-01-01T00:00:00Z"', 'created_at != "x"', "name desc",
    'severity IN ("LOW")', "created_at,name desc", "status", "\0", "é", "\U0001f600", "'; drop table x; --",
    "%", "_", "\\", '"', 'run_at = "1"', 'affected_images_count="x"', 'name = "\0"', "iam",
)  # fmt: skip
PATHS = ("name", "labels", "labels.a", "rules", "rules.", "rules.push_rule", "rules.schedule_rules", "x", "")
NUMBERS = (0, 1, 2, 1000, 1001, -1, 2**31, 2**63 - 1, -(2**63))


class Hostile:
    def __init__(self, seed: int, known: list[str]) -> None:
        self.chance = random.Random(seed)
        self.texts = [*TEXTS, *known * 4]

    def fill(self, message: Any) -> Any:
        for field in message.DESCRIPTOR.fields:
            if self.chance.random() < (0.85 if field.number == 1 else 0.35):
                for _ in range(self.chance.randrange(3) if field.is_repeated else 1):
                    self.put(message, field)
        return message

    def put(self, message: Any, field: Any) -> None:
        value = getattr(message, field.name)
        if field.message_type is None:
            one = self.scalar(field)
            value.append(one) if field.is_repeated else setattr(message, field.name, one)
        elif field.message_type.GetOptions().map_entry:
            value[self.chance.choice(self.texts)] = self.chance.choice(self.texts)
        elif isinstance(value, FieldMask):
            value.paths.extend(self.chance.choices(PATHS, k=2))
        else:
            self.fill(value.add() if field.is_repeated else value)

    def scalar(self, field: Any) -> Any:
        choices: dict[int, tuple[Any, ...]] = {
            FieldDescriptor.TYPE_BOOL: (False, True),
            FieldDescriptor.TYPE_ENUM: (0, 1, 2, 3, 99, -1),
            FieldDescriptor.TYPE_INT32: (0, 1, -1, 2**31 - 1, -(2**31)),
            FieldDescriptor.TYPE_INT64: NUMBERS,
        }
        return self.chance.choice(choices.get(field.type, self.texts))


@pytest.mark.parametrize("seed", range(4))
def test_no_message_makes_the_server_fail(world: Any, seed: int) -> None:
    body = {"registryId": world.registry.id, "rules": {}}
    policy = world.http.post("/container-registry/v1/scanPolicies", json=body).json()["response"]["id"]
    body = {"repositoryId": world.repository.id, "status": "DISABLED"}
    lifecycle = world.http.post("/container-registry/v1/lifecyclePolicies", json=body).json()["response"][
        "id"
    ]
    known = [world.registry.id, world.repository.id, world.repository.name, world.image.id, policy, lifecycle]
    hostile, codes = Hostile(seed, known), Counter[str]()
    for _ in range(300):
        method = hostile.chance.choice(list(METHODS.values()))
        request: Any = hostile.fill(method.request())
        code = code_of(lambda: world.invoke(method.full_name, request))  # noqa: B023 - called at once
        assert code not in {"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED"}, (method, request)
        codes[code] += 1
    assert codes["OK"] > 10
    assert codes["INVALID_ARGUMENT"] > 50


def code_of(call: Callable[[], object]) -> str:
    try:
        call()
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def test_what_json_cannot_tell_is_in_the_audit_log_all_the_same(world: Any) -> None:
    body = {"registryId": world.registry.id, "rules": {}}
    made = world.http.post("/container-registry/v1/scanPolicies", json=body).json()
    never = Duration(seconds=-(2**63))
    rules = scan_policy_pb2.ScanRules(
        push_rule=scan_policy_pb2.PushRule(repository_prefixes=["*"]),
        schedule_rules=[scan_policy_pb2.ScheduledRule(rescan_period=never)],
    )
    request = scan_policy_service_pb2.UpdateScanPolicyRequest(
        scan_policy_id=made["metadata"]["scanPolicyId"],
        update_mask=FieldMask(paths=["rules.push_rule"]),
        rules=rules,
    )
    assert code_of(lambda: world.invoke(f"{CR}.ScanPolicyService.Update", request)) == "OK"
    event = json.loads(world.audit.read_text().splitlines()[-1])
    assert event["request_parameters"]["update_mask"] == "rules.push_rule"
    assert "-9223372036854775808" in event["request_parameters"]["text"]
