"""ScanPolicyService (yandex/cloud/containerregistry/v1/scan_policy_service.proto)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import scan_policy_pb2, scan_policy_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes, messages
from careen.api.call import Call
from careen.api.masks import Mask
from careen.api.validation import invalid
from careen.errors import NotFound, Precondition
from careen.model import ids
from careen.model.policy import ScanPolicy, ScanRule
from careen.store import registries, scan_policies
from careen.store.columns import now
from careen.store.database import Database

_UPDATABLE = ("name", "description", "rules")
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=3650)  # between two scans of one image by a policy


@dataclass(frozen=True, slots=True)
class ScanPolicies:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.ScanPolicyService"

    database: Database

    def get(
        self, request: scan_policy_service_pb2.GetScanPolicyRequest, _: Call
    ) -> scan_policy_pb2.ScanPolicy:
        with self.database.read() as connection:
            return messages.scan_policy(_policy(connection, request.scan_policy_id))

    def get_by_registry(
        self, request: scan_policy_service_pb2.GetScanPolicyByRegistryRequest, _: Call
    ) -> scan_policy_pb2.ScanPolicy:
        """A registry without a policy is a 400, as clients of Yandex' service know it."""
        with self.database.read() as connection:
            _require_registry(connection, request.registry_id)
            policy = scan_policies.of_registry(connection, request.registry_id)
        if policy is None:
            raise _none(request.registry_id)
        return messages.scan_policy(policy)

    def create(self, request: scan_policy_service_pb2.CreateScanPolicyRequest, call: Call) -> Operation:
        policy = ScanPolicy(
            id=ids.new(),
            registry_id=request.registry_id,
            name=request.name,
            description=request.description,
            created_at=now(),
            **_rules(request.rules),
        )
        with self.database.write() as connection:
            _require_registry(connection, policy.registry_id)
            scan_policies.add(connection, policy)
            return self._done(connection, "Create", policy.id, call)

    def update(self, request: scan_policy_service_pb2.UpdateScanPolicyRequest, call: Call) -> Operation:
        mask = Mask(request, _UPDATABLE)
        with self.database.write() as connection:
            policy = _policy(connection, request.scan_policy_id)
            new = dict(mask.values(messages.scan_policy(policy)))
            if "rules" in new:
                new |= _rules(new.pop("rules"))
            policy = replace(policy, **new)
            scan_policies.change(connection, policy)
            return self._done(connection, "Update", policy.id, call)

    def delete(self, request: scan_policy_service_pb2.DeleteScanPolicyRequest, call: Call) -> Operation:
        with self.database.write() as connection:
            policy = _policy(connection, request.scan_policy_id)
            scan_policies.delete(connection, policy.id)
            return self._done(connection, "Delete", policy.id, call)

    def _done(self, connection: Connection, name: str, policy_id: str, call: Call) -> Operation:
        return changes.done(
            connection,
            f"{self.SERVICE}.{name}",
            call,
            description=f"{name} scan policy {policy_id}",
            scan_policy_id=policy_id,
        )


def _policy(connection: Connection, policy_id: str) -> ScanPolicy:
    policy = scan_policies.get(connection, policy_id)
    if policy is None:
        raise NotFound.of("ScanPolicy", policy_id)
    return policy


def _require_registry(connection: Connection, registry_id: str) -> None:
    if registries.get(connection, registry_id) is None:
        raise NotFound.of("Registry", registry_id)


def _none(registry_id: str) -> Precondition:
    """Scripts look for the message, or for the name of the exception that Yandex' answer has in it."""
    return Precondition(
        f"Scan policy not found for registry {registry_id}", resource=("ScanPolicyOfRegistry", registry_id)
    )


def _rules(rules: scan_policy_pb2.ScanRules) -> dict[str, Any]:
    """The policy's two kinds of rules."""
    push = rules.push_rule
    return {
        "push_rule": ScanRule(tuple(push.repository_prefixes), push.disabled)
        if rules.HasField("push_rule")
        else None,
        "schedule_rules": tuple(
            ScanRule(tuple(rule.repository_prefixes), rule.disabled, _period(rule.rescan_period, number))
            for number, rule in enumerate(rules.schedule_rules)
        ),
    }


def _period(duration: Duration, number: int) -> timedelta:
    period = duration.ToTimedelta()
    if not _SHORTEST <= period <= _LONGEST:
        field = f"rules.schedule_rules[{number}].rescan_period"
        raise invalid(field, f"must be from {_SHORTEST} to {_LONGEST.days} days")
    return period
