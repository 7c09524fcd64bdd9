"""Reading the source, over the official API (yandex/cloud/containerregistry/v1)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from yandex.cloud.access import access_pb2
from yandex.cloud.containerregistry.v1 import (
    image_service_pb2,
    lifecycle_policy_service_pb2,
    registry_service_pb2,
    repository_service_pb2,
    scan_policy_service_pb2,
    scanner_pb2,
    scanner_service_pb2,
)
from yandex.cloud.containerregistry.v1.image_service_pb2_grpc import ImageServiceStub
from yandex.cloud.containerregistry.v1.lifecycle_policy_service_pb2_grpc import LifecyclePolicyServiceStub
from yandex.cloud.containerregistry.v1.registry_pb2 import Registry as RegistryMessage
from yandex.cloud.containerregistry.v1.registry_service_pb2_grpc import RegistryServiceStub
from yandex.cloud.containerregistry.v1.repository_service_pb2_grpc import RepositoryServiceStub
from yandex.cloud.containerregistry.v1.scan_policy_service_pb2_grpc import ScanPolicyServiceStub
from yandex.cloud.containerregistry.v1.scanner_service_pb2_grpc import ScannerServiceStub
from yandex.cloud.resourcemanager.v1 import cloud_service_pb2, folder_service_pb2
from yandex.cloud.resourcemanager.v1.cloud_service_pb2_grpc import CloudServiceStub
from yandex.cloud.resourcemanager.v1.folder_service_pb2_grpc import FolderServiceStub

from careen.errors import Denied, Invalid, NotFound, Precondition, Unimplemented
from careen.migration import answers
from careen.migration.answers import InvalidAnswer
from careen.migration.contents import Binding, Contents, Permission
from careen.migration.lists import rows
from careen.migration.wire import Wire
from careen.model.access import Resource, ResourceKind
from careen.model.digest import InvalidDigest
from careen.model.finding import Finding
from careen.model.policy import DryRun, LifecyclePolicy, ScanPolicy
from careen.model.registry import Image, Registry, Repository, ScanResult

Value = TypeVar("Value")

_ENDED = frozenset({scanner_pb2.ScanResult.READY, scanner_pb2.ScanResult.ERROR})
_DEFAULT_FOLDER = "default"  # where a careen keeps the registry of its first start


class Source:
    """What another server of the API holds. `remark` is told of every row that cannot be."""

    def __init__(self, wire: Wire, remark: Callable[[str], None]) -> None:
        self._call = wire.call
        self._remark = remark
        self.withheld: set[str] = set()  # ids of registries whose IP permissions may not be read
        self._wire = wire
        channel = wire.channel("container-registry")
        self._registries = RegistryServiceStub(channel)
        self._repositories = RepositoryServiceStub(channel)
        self._images = ImageServiceStub(channel)
        self._lifecycle = LifecyclePolicyServiceStub(channel)
        self._policies = ScanPolicyServiceStub(channel)
        self._scanner = ScannerServiceStub(channel)

    def registries(self, ids: Sequence[str], folders: Sequence[str]) -> list[Registry]:
        """Those of these ids and folders; of all folders that the caller may see where neither is named."""
        said: list[RegistryMessage] = []
        for registry_id in ids:
            request = registry_service_pb2.GetRegistryRequest(registry_id=registry_id)
            said.append(self._call(self._registries.Get, request))
        for folder in folders or ([] if ids else self._folders()):
            list_ = registry_service_pb2.ListRegistriesRequest(folder_id=folder)
            said += rows(self._call, self._registries.List, list_, "registries")
        for each in said:
            if each.status != RegistryMessage.ACTIVE:
                self._remark(
                    f"registry {each.id} is {RegistryMessage.Status.Name(each.status)} at the source"
                )
        return list({each.id: answers.registry(each) for each in said}.values())

    def contents(self, registry: Registry) -> Contents:
        """All of the registry but the vulnerabilities of its scans and the bytes of its images."""
        repositories = self._of_repositories(registry)
        images = {each.id: each for each in self._of_images(registry, repositories)}
        policies = {each.id: each for each in self._of_policies(registry, repositories)}
        scanned = self._scan_policy(registry)
        bound = [
            *self._bindings(self._registries, Resource(ResourceKind.REGISTRY, registry.id)),
            *(
                binding
                for each in repositories
                for binding in self._bindings(self._repositories, Resource(ResourceKind.REPOSITORY, each.id))
            ),
        ]
        return Contents(
            registries={registry.id: registry},
            repositories={each.id: each for each in repositories},
            images=images,
            lifecycle_policies=policies,
            dry_runs={run.id: (run, affected) for run, affected in self._dry_runs(policies)},
            scan_policies={scanned.id: scanned} if scanned else {},
            ip_permissions=self._permissions(registry),
            access_bindings={each: each for each in bound},
            scan_results={each.id: each for each in self._scans(repositories, images)},
        )

    def findings(self, scan: ScanResult) -> Sequence[Finding]:
        request = scanner_service_pb2.ListVulnerabilitiesRequest(scan_result_id=scan.id)
        # Rows have no id, and two may be alike to the letter: each is its own.
        said = rows(self._call, self._scanner.ListVulnerabilities, request, "vulnerabilities", id)
        return [answers.finding(each) for each in said]

    def _folders(self) -> list[str]:
        """All that the caller may see; a server without a resource manager is a careen, which has one."""
        clouds = CloudServiceStub(self._wire.channel("resource-manager"))
        folders = FolderServiceStub(self._wire.channel("resource-manager"))
        try:
            seen = rows(self._call, clouds.List, cloud_service_pb2.ListCloudsRequest(), "clouds")
            found: list[str] = []
            for cloud in seen:
                request = folder_service_pb2.ListFoldersRequest(cloud_id=cloud.id)
                found += [each.id for each in rows(self._call, folders.List, request, "folders")]
        except Unimplemented:
            self._remark(f"the source does not list its folders; only {_DEFAULT_FOLDER!r} was read")
            return [_DEFAULT_FOLDER]
        return found

    def _of_repositories(self, registry: Registry) -> list[Repository]:
        request = repository_service_pb2.ListRepositoriesRequest(registry_id=registry.id)
        said = rows(self._call, self._repositories.List, request, "repositories")
        return list(self._sound(lambda row: answers.repository(row[1], registry, row[0]), enumerate(said)))

    def _of_images(self, registry: Registry, repositories: Sequence[Repository]) -> Iterator[Image]:
        named = {each.name: each for each in repositories}
        request = image_service_pb2.ListImagesRequest(registry_id=registry.id)
        for each in rows(self._call, self._images.List, request, "images"):
            if each.name in named:
                yield from self._sound(lambda row: answers.image(row, named[row.name]), [each])
            else:
                self._remark(
                    f"image {each.id[:100]} is in a repository that is not there: {each.name[:300]!r}"
                )

    def _of_policies(self, registry: Registry, repositories: Sequence[Repository]) -> list[LifecyclePolicy]:
        request = lifecycle_policy_service_pb2.ListLifecyclePoliciesRequest(registry_id=registry.id)
        said = self._allowed(
            f"the lifecycle policies of {registry.id}",
            lambda: rows(self._call, self._lifecycle.List, request, "lifecycle_policies"),
        )
        own = {each.id for each in repositories}
        return [each for each in self._sound(answers.lifecycle_policy, said) if each.repository_id in own]

    def _dry_runs(self, policies: Iterable[str]) -> Iterator[tuple[DryRun, tuple[str, ...]]]:
        kind = "dry_run_lifecycle_policy_results"
        for policy in policies:
            request = lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultsRequest(
                lifecycle_policy_id=policy
            )
            said = rows(
                self._call,
                self._lifecycle.ListDryRunResults,
                request,
                kind,
                lambda row: row.dry_run_lifecycle_policy_result_id,
            )
            for run in self._sound(answers.dry_run, said):
                yield run, self._affected(run)

    def _affected(self, run: DryRun) -> tuple[str, ...]:
        request = lifecycle_policy_service_pb2.ListDryRunLifecyclePolicyResultAffectedImagesRequest(
            dry_run_lifecycle_policy_result_id=run.id
        )
        said = rows(self._call, self._lifecycle.ListDryRunResultAffectedImages, request, "affected_images")
        return tuple(sorted(answers.identifier(each.id, "image") for each in said))

    def _scan_policy(self, registry: Registry) -> ScanPolicy | None:
        """Where there is none Yandex answers with status 400."""
        request = scan_policy_service_pb2.GetScanPolicyByRegistryRequest(registry_id=registry.id)
        try:
            return answers.scan_policy(self._call(self._policies.GetByRegistry, request))
        except InvalidAnswer:
            raise
        except (NotFound, Invalid, Precondition):
            return None
        except Denied as error:
            self._remark(f"the scan policy of {registry.id} may not be read: {error.message}")
            return None

    def _permissions(self, registry: Registry) -> dict[Permission, Permission]:
        request = registry_service_pb2.ListIpPermissionRequest(registry_id=registry.id)
        try:
            said = self._call(self._registries.ListIpPermission, request).permissions
        except Denied as error:
            self._remark(f"the IP permissions of {registry.id} may not be read: {error.message}")
            self.withheld.add(registry.id)
            return {}
        found = (Permission(registry.id, each) for each in answers.permissions(said))
        return {each: each for each in found}

    def _bindings(self, service: Any, resource: Resource) -> list[Binding]:  # noqa: ANN401 - a stub with that method
        request = access_pb2.ListAccessBindingsRequest(resource_id=resource.id)
        method = service.ListAccessBindings
        try:
            said = rows(self._call, method, request, "access_bindings", lambda row: row.SerializeToString())
        except Unimplemented:  # a careen from before there were accounts
            return []
        except Denied as error:
            self._remark(
                f"the access bindings of {resource.kind} {resource.id} may not be read: {error.message}"
            )
            return []
        return [Binding(resource, answers.binding(each)) for each in said]

    def _scans(self, repositories: Sequence[Repository], images: dict[str, Image]) -> Iterator[ScanResult]:
        for repository in repositories:
            request = scanner_service_pb2.ListScanResultsRequest(repository_id=repository.id)
            said = self._allowed(
                f"the scan results of {repository.name}",
                partial(rows, self._call, self._scanner.List, request, "scan_results"),
            )
            ended = [each for each in said if each.status in _ENDED]
            yield from (scan for scan in self._sound(answers.scan, ended) if scan.image_id in images)

    def _allowed(self, what: str, read: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """None of them where the caller lacks a role, which is told."""
        try:
            return list(read())
        except Denied as error:
            self._remark(f"{what} may not be read: {error.message}")
            return []

    def _sound(self, make: Callable[[Any], Value], said: Iterable[Any]) -> Iterator[Value]:
        """What can be; one row that cannot is told, and costs no other."""
        for row in said:
            try:
                yield make(row)
            except (InvalidAnswer, InvalidDigest) as error:
                self._remark(error.message)
