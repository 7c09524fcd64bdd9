"""All that the API says of registries: the same value for the source and for careen, so that they compare."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from careen.model.access import AccessBinding, Resource
from careen.model.policy import DryRun, IpPermission, LifecyclePolicy, ScanPolicy
from careen.model.registry import Image, Registry, Repository, ScanResult


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """A role that somebody has on a registry or repository (yandex/cloud/access/access.proto)."""

    resource: Resource
    binding: AccessBinding

    def __str__(self) -> str:
        bound = self.binding
        subject = f"{bound.subject_type} {bound.subject_id}"
        return f"{bound.role} of {subject} on {self.resource.kind} {self.resource.id}"


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    registry_id: str
    permission: IpPermission

    def __str__(self) -> str:
        return f"{self.permission.action.name} from {self.permission.ip} in {self.registry_id}"


@dataclass(frozen=True, slots=True)
class Contents:
    """By id; what the API numbers by nothing is its own."""

    registries: Mapping[str, Registry] = field(default_factory=dict)
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    lifecycle_policies: Mapping[str, LifecyclePolicy] = field(default_factory=dict)
    dry_runs: Mapping[str, tuple[DryRun, tuple[str, ...]]] = field(
        default_factory=dict
    )  # and the images' ids
    scan_policies: Mapping[str, ScanPolicy] = field(default_factory=dict)
    ip_permissions: Mapping[Permission, Permission] = field(default_factory=dict)
    access_bindings: Mapping[Binding, Binding] = field(default_factory=dict)
    scan_results: Mapping[str, ScanResult] = field(default_factory=dict)  # those that have ended

    def __or__(self, other: "Contents") -> "Contents":
        return Contents(**{kind: {**getattr(self, kind), **getattr(other, kind)} for kind in KINDS})


KINDS = tuple(each.name for each in fields(Contents))


def of_registry(contents: Contents, registry_id: str) -> Contents:
    """The part that is one registry's."""
    repositories = {k: v for k, v in contents.repositories.items() if v.registry_id == registry_id}
    images = {k: v for k, v in contents.images.items() if v.repository_id in repositories}
    policies = {k: v for k, v in contents.lifecycle_policies.items() if v.repository_id in repositories}
    resources = {registry_id, *repositories}
    return Contents(
        registries={registry_id: contents.registries[registry_id]},
        repositories=repositories,
        images=images,
        lifecycle_policies=policies,
        dry_runs={k: v for k, v in contents.dry_runs.items() if v[0].policy_id in policies},
        scan_policies={k: v for k, v in contents.scan_policies.items() if v.registry_id == registry_id},
        ip_permissions={k: v for k, v in contents.ip_permissions.items() if v.registry_id == registry_id},
        access_bindings={k: v for k, v in contents.access_bindings.items() if v.resource.id in resources},
        scan_results={k: v for k, v in contents.scan_results.items() if v.image_id in images},
    )
