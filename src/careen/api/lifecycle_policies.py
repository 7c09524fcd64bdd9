"""LifecyclePolicyService (yandex/cloud/containerregistry/v1/lifecycle_policy_service.proto)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import Connection
from yandex.cloud.containerregistry.v1 import lifecycle_policy_pb2, lifecycle_policy_service_pb2
from yandex.cloud.operation.operation_pb2 import Operation

from careen.api import changes, messages, paging
from careen.api.call import Call
from careen.api.fields import Field, member_of
from careen.api.masks import Mask
from careen.api.validation import invalid
from careen.errors import Invalid, NotFound
from careen.jobs import tag_expressions
from careen.jobs.lifecycle import affected
from careen.model import ids
from careen.model.policy import DryRun, LifecyclePolicy, LifecycleRule, PolicyStatus
from careen.store import images, lifecycle, registries, repositories
from careen.store.columns import now
from careen.store.database import Database

_FILTERABLE = (
    Field("name", ("lifecycle_policy",)),
    Field("status", ("lifecycle_policy",), member_of(PolicyStatus)),
)
_ORDERABLE = (*_FILTERABLE, Field("created_at", ("lifecycle_policy",)))
_DRY_RUNS = (Field("run_at"), Field("affected_images_count"))
_UPDATABLE = ("name", "description", "status", "rules")
_MOST_RULES = 100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LifecyclePolicies:
    SERVICE: ClassVar = "yandex.cloud.containerregistry.v1.LifecyclePolicyService"

    database: Database

    def get(
        self, request: lifecycle_policy_service_pb2.GetLifecyclePolicyRequest, _: Call
    ) -> lifecycle_policy_pb2.LifecyclePolicy:
        with self.database.read() as connection:
            return messages.lifecycle_policy(_policy(connection, request.lifecycle_policy_id))

    def list(
        self, request: lifecycle_policy_service_pb2.ListLifecyclePoliciesRequest, _: Call
    ) -> lifecycle_policy_service_pb2.ListLifecyclePoliciesResponse:
        asked = paging.read(request, filterable=_FILTERABLE, orderable=_ORDERABLE)
        response = lifecycle_policy_service_pb2.ListLifecyclePoliciesResponse()
        with self.database.read() as connection:
            if request.repository_id and repositories.get(connection, request.repository_id) is None:
                raise NotFound.of("Repository", request.repository_id)
            if request.registry_id and registries.get(connection, request.registry_id) is None:
                raise NotFound.of("Registry", request.registry_id)
            found = lifecycle.page(
                connection,
                registry_id=request.registry_id,
                repository_id=request.repository_id,
                page=asked.page,
            )
        response.next_page_token = asked.fill(response.lifecycle_policies, found, messages.lifecycle_policy)
        return response

    def create(
        self, request: lifecycle_policy_service_pb2.CreateLifecyclePolicyRequest, call: Call
    ) -> Operation:
        policy = LifecyclePolicy(
            id=ids.new(),
            repository_id=request.repository_id,
            name=request.name,
            description=request.description,
            status=PolicyStatus(request.status),
            rules=_rules(request.rules),
            created_at=now(),
        )
        with self.database.write() as connection:
            if repositories.get(connection, policy.repository_id) is None:
                raise NotFound.of("Repository", policy.repository_id)
            lifecycle.add(connection, policy)
            return self._done(connection, "Create", policy.id, call)

    def update(
        self, request: lifecycle_policy_service_pb2.UpdateLifecyclePolicyRequest, call: Call
    ) -> Operation:
        mask = Mask(request, _UPDATABLE)
        with self.database.write() as connection:
            policy = _policy(connection, request.lifecycle_policy_id)
            new = dict(mask.values(messages.lifecycle_policy(policy)))
            if "rules" in new:
                new["rules"] = _rules(new["rules"])
            if "status" in new:
                new["status"] = PolicyStatus(new["status"])
            policy = replace(policy, **new)
            lifecycle.change(connection, policy)
            return self._done(connection, "Update", policy.id, call)

    def delete(
        self, request: lifecycle_policy_service_pb2.DeleteLifecyclePolicyRequest, call: Call
    ) -> Operation:
        with self.database.write() as connection:
            policy = _policy(connection, request.lifecycle_policy_id)
            lifecycle.delete(connection, policy.id)
            return self._done(connection, "Delete", policy.id, call)

    def dry_run(
        self, request: lifecycle_policy_service_pb2.DryRunLifecyclePolicyRequest, call: Call
    ) -> Operation:
        """What the policy would delete now, whether it is active or not.

        Found without a connection, for as long as it takes: nobody who writes waits for it.
        """
        moment = now()
        with self.database.read() as connection:
            policy = _policy(connection, request.lifecycle_policy_id)
            candidates = images.candidates(connection, policy.repository_id)
        found = affected(policy, candidates, moment)
        run = DryRun(ids.new(), policy.id, moment, len(found))
        with self.database.write() as connection:
            _policy(connection, policy.id)
            lifecycle.add_dry_run(connection, run, found)
            return changes.done(
                connection,
                f"{self.SERVICE}.DryRun",
                call,
                description=f"Dry run of lifecycle policy {policy.id}",
                dry_run_lifecycle_policy_result_id=run.id,
                lifecycle_policy_id=policy.id,
            )

    def get_dry_run_result(
        self, request: lifecycle_policy_service_pb2.GetDryRunLifecyclePolicyResultRequest, _: Call
    ) -> lifecycle_policy_service_pb2.DryRunLifecyclePolicyResult:
        with self.database.read() as connection:
            return messages.dry_run(_dry_run(connection, request.dry_run_lifecycle_policy_result_id))

    def list_dry_run_results(
        self, request: lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultsRequest, _: Call
    ) -> lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultsResponse:
        asked = paging.read(request, orderable=_DRY_RUNS)
        response = lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultsResponse()
        with self.database.read() as connection:
            _policy(connection, request.lifecycle_policy_id)
            found = lifecycle.dry_run_page(connection, request.lifecycle_policy_id, asked.page)
        response.next_page_token = asked.fill(
            response.dry_run_lifecycle_policy_results, found, messages.dry_run
        )
        return response

    def list_dry_run_result_affected_images(
        self,
        request: lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultAffectedImagesRequest,
        _: Call,
    ) -> lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultAffectedImagesResponse:
        asked = paging.read(request, orderable=(Field("created_at", ("image",)),))
        response = lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultAffectedImagesResponse()
        with self.database.read() as connection:
            run = _dry_run(connection, request.dry_run_lifecycle_policy_result_id)
            found = lifecycle.affected_page(connection, run.id, asked.page)
        response.next_page_token = asked.fill(response.affected_images, found, messages.image)
        return response

    def _done(self, connection: Connection, name: str, policy_id: str, call: Call) -> Operation:
        return changes.done(
            connection,
            f"{self.SERVICE}.{name}",
            call,
            description=f"{name} lifecycle policy {policy_id}",
            lifecycle_policy_id=policy_id,
        )


def _policy(connection: Connection, policy_id: str) -> LifecyclePolicy:
    policy = lifecycle.get(connection, policy_id)
    if policy is None:
        raise NotFound.of("LifecyclePolicy", policy_id)
    return policy


def _dry_run(connection: Connection, run_id: str) -> DryRun:
    run = lifecycle.dry_run(connection, run_id)
    if run is None:
        raise NotFound.of("DryRunLifecyclePolicyResult", run_id)
    return run


def _rules(rules: Iterable[lifecycle_policy_pb2.LifecycleRule]) -> tuple[LifecycleRule, ...]:
    made = tuple(_rule(rule, f"rules[{number}]") for number, rule in enumerate(rules))
    if len(made) > _MOST_RULES:
        raise invalid("rules", f"the number of rules must be at most {_MOST_RULES}")
    return made


def _rule(message: lifecycle_policy_pb2.LifecycleRule, field: str) -> LifecycleRule:
    """As the documentation demands: a filter, a condition, and whole days."""
    period = message.expire_period.ToTimedelta() if message.HasField("expire_period") else None
    if not message.tag_regexp and not message.untagged:
        raise invalid(field, "must have tag_regexp or untagged")
    if period is None and not message.retained_top:
        raise invalid(field, "must have expire_period or retained_top")
    if period is not None and period % _DAY:
        raise invalid(f"{field}.expire_period", "must be a multiple of 24 hours")
    try:
        tag_expressions.check(message.tag_regexp)
    except Invalid as error:
        raise invalid(f"{field}.tag_regexp", error.message) from error
    return LifecycleRule(
        description=message.description,
        tag_regexp=message.tag_regexp,
        untagged=message.untagged,
        expire_period=period,
        retained_top=message.retained_top,
    )
