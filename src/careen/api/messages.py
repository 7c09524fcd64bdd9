"""The model's values as messages of `yandex.cloud.containerregistry.v1`."""

from dataclasses import asdict
from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.containerregistry.v1 import (
    blob_pb2,
    image_pb2,
    lifecycle_policy_pb2,
    lifecycle_policy_service_pb2,
    registry_pb2,
    repository_pb2,
    scan_policy_pb2,
    scanner_pb2,
)

from careen.model.finding import Finding
from careen.model.policy import DryRun, LifecyclePolicy, LifecycleRule, ScanPolicy, ScanRule
from careen.model.registry import Blob, Image, Registry, Repository, ScanResult, ScanStatus


def timestamp(moment: datetime) -> Timestamp:
    """In milliseconds, as the store keeps it: an operation must not change by being stored."""
    message = Timestamp()
    message.FromDatetime(moment.replace(microsecond=moment.microsecond // 1000 * 1000))
    return message


def registry(value: Registry) -> registry_pb2.Registry:
    return registry_pb2.Registry(
        id=value.id,
        folder_id=value.folder_id,
        name=value.name,
        status=registry_pb2.Registry.ACTIVE,
        created_at=timestamp(value.created_at),
        labels=dict(value.labels),
    )


def repository(value: Repository) -> repository_pb2.Repository:
    return repository_pb2.Repository(id=value.id, name=value.name)


def image(value: Image) -> image_pb2.Image:
    return image_pb2.Image(
        id=value.id,
        name=value.name,
        digest=value.digest,
        compressed_size=value.compressed_size,
        config=_blob(value.config) if value.config else None,
        layers=map(_blob, value.layers),
        tags=value.tags,
        created_at=timestamp(value.created_at),
    )


def _blob(value: Blob) -> blob_pb2.Blob:
    return blob_pb2.Blob(id=value.id, digest=value.digest, size=value.size)


def lifecycle_policy(value: LifecyclePolicy) -> lifecycle_policy_pb2.LifecyclePolicy:
    return lifecycle_policy_pb2.LifecyclePolicy(
        id=value.id,
        name=value.name,
        repository_id=value.repository_id,
        description=value.description,
        status=lifecycle_policy_pb2.LifecyclePolicy.Status.Value(value.status.name),
        created_at=timestamp(value.created_at),
        rules=map(_lifecycle_rule, value.rules),
    )


def _lifecycle_rule(value: LifecycleRule) -> lifecycle_policy_pb2.LifecycleRule:
    return lifecycle_policy_pb2.LifecycleRule(
        description=value.description,
        expire_period=_duration(value.expire_period),
        tag_regexp=value.tag_regexp,
        untagged=value.untagged,
        retained_top=value.retained_top,
    )


def dry_run(value: DryRun) -> lifecycle_policy_service_pb2.DryRunLifecyclePolicyResult:
    return lifecycle_policy_service_pb2.DryRunLifecyclePolicyResult(
        dry_run_lifecycle_policy_result_id=value.id,
        lifecycle_policy_id=value.policy_id,
        run_at=timestamp(value.run_at),
        affected_images_count=value.affected,
    )


def scan_policy(value: ScanPolicy) -> scan_policy_pb2.ScanPolicy:
    push, schedule = value.push_rule, value.schedule_rules
    return scan_policy_pb2.ScanPolicy(
        id=value.id,
        registry_id=value.registry_id,
        name=value.name,
        description=value.description,
        rules=scan_policy_pb2.ScanRules(
            push_rule=None
            if push is None
            else scan_policy_pb2.PushRule(repository_prefixes=push.prefixes, disabled=push.disabled),
            schedule_rules=map(_scheduled_rule, schedule),
        ),
        created_at=timestamp(value.created_at),
        disabled=value.disabled,
    )


def _scheduled_rule(value: ScanRule) -> scan_policy_pb2.ScheduledRule:
    return scan_policy_pb2.ScheduledRule(
        repository_prefixes=value.prefixes,
        rescan_period=_duration(value.rescan_period),
        disabled=value.disabled,
    )


def _duration(value: timedelta | None) -> Duration | None:
    if value is None:
        return None
    message = Duration()
    message.FromTimedelta(value)
    return message


def scan_result(value: ScanResult) -> scanner_pb2.ScanResult:
    """Without counts until there are true ones: zeros would read as "nothing found"."""
    is_ready = value.status is ScanStatus.READY
    return scanner_pb2.ScanResult(
        id=value.id,
        image_id=value.image_id,
        scanned_at=timestamp(value.scanned_at) if value.scanned_at else None,
        status=scanner_pb2.ScanResult.Status.Value(value.status.name),
        vulnerabilities=scanner_pb2.VulnerabilityStats(**asdict(value.counts)) if is_ready else None,
    )


def vulnerability(value: Finding) -> scanner_pb2.Vulnerability:
    return scanner_pb2.Vulnerability(
        severity=scanner_pb2.Vulnerability.Severity.Value(value.severity.name),
        package=scanner_pb2.PackageVulnerability(
            name=value.id,
            link=value.link,
            package=value.package.name,
            source=value.package.manager,
            version=value.package.version,
            fixed_by=value.fixed_by,
            origin=value.origin,
            type=value.type,
        ),
    )
