"""What the source says, as careen's own values. The source is a stranger: what cannot be is refused."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from yandex.cloud.access import access_pb2
from yandex.cloud.containerregistry.v1 import (
    blob_pb2,
    image_pb2,
    ip_permission_pb2,
    lifecycle_policy_pb2,
    lifecycle_policy_service_pb2,
    registry_pb2,
    repository_pb2,
    scan_policy_pb2,
    scanner_pb2,
)

from careen.errors import Error, Invalid
from careen.images import reference
from careen.model import digest as digests
from careen.model import ids
from careen.model.access import AccessBinding
from careen.model.finding import Finding
from careen.model.package import Package
from careen.model.policy import (
    DryRun,
    IpAction,
    IpPermission,
    LifecyclePolicy,
    LifecycleRule,
    PolicyStatus,
    ScanPolicy,
    ScanRule,
)
from careen.model.registry import Blob, Image, Registry, Repository, ScanResult, ScanStatus
from careen.model.severity import Counts, Severity

T = TypeVar("T")

_TEXT = 10_000  # characters of any text
_NAME = re.compile(r"|[a-z][-a-z0-9]{1,61}[a-z0-9]")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
_BIGGEST = 1 << 50  # bytes


class InvalidAnswer(Invalid):
    """The source says what cannot be; the message says of what."""


def identifier(text: str, kind: str) -> str:
    if not ids.is_id(text):
        raise InvalidAnswer(f"the source names a {kind} {text[:100]!r}, which is no id")
    return text


def registry(said: registry_pb2.Registry) -> Registry:
    if not _NAME.fullmatch(said.name) or not _FOLDER.fullmatch(said.folder_id):
        raise InvalidAnswer(f"registry {said.id[:100]!r} has no proper name or folder")
    return Registry(
        id=identifier(said.id, "registry"),
        folder_id=said.folder_id,
        name=said.name,
        created_at=moment(said.created_at),
        labels={_text(name): _text(value) for name, value in sorted(said.labels.items())},
    )


def repository(said: repository_pb2.Repository, owner: Registry, position: int) -> Repository:
    """The API says no time of creation: `position` in the source's list stands for it, so the order stays."""
    try:
        name, _ = reference.repository_and_tag(said.name)
    except Error:
        name = ""
    if name != said.name or not name.startswith(f"{owner.id}/"):
        raise InvalidAnswer(
            f"registry {owner.id} has a repository {said.name[:300]!r}, which is no name in it"
        )
    made = owner.created_at + timedelta(milliseconds=position)
    return Repository(identifier(said.id, "repository"), owner.id, name, made)


def image(said: image_pb2.Image, owner: Repository) -> Image:
    """Of its manifest the API says neither media type nor size."""
    return Image(
        id=identifier(said.id, "image"),
        repository_id=owner.id,
        name=owner.name,
        digest=digests.parse(said.digest),
        media_type="",
        size=0,
        created_at=moment(said.created_at),
        config=_blob(said.config) if said.config.digest else None,
        layers=tuple(map(_blob, said.layers)),
        tags=tuple(sorted(_tag(tag, said.id) for tag in said.tags)),
    )


def _blob(said: blob_pb2.Blob) -> Blob:
    if not 0 <= said.size < _BIGGEST:
        raise InvalidAnswer(f"blob {said.digest[:100]!r} has {said.size} bytes")
    return Blob(identifier(said.id, "blob") if said.id else "", digests.parse(said.digest), said.size)


def _tag(text: str, image_id: str) -> str:
    try:
        reference.repository_and_tag(f"name:{text}")
    except Error:
        raise InvalidAnswer(f"image {image_id} has a tag {text[:200]!r}, which is none") from None
    return text


def lifecycle_policy(said: lifecycle_policy_pb2.LifecyclePolicy) -> LifecyclePolicy:
    return LifecyclePolicy(
        id=identifier(said.id, "lifecycle policy"),
        repository_id=identifier(said.repository_id, "repository"),
        name=_text(said.name),
        description=_text(said.description),
        status=_member(PolicyStatus, said.status, f"lifecycle policy {said.id}"),
        rules=tuple(map(_lifecycle_rule, said.rules)),
        created_at=moment(said.created_at),
    )


def _lifecycle_rule(said: lifecycle_policy_pb2.LifecycleRule) -> LifecycleRule:
    return LifecycleRule(
        description=_text(said.description),
        tag_regexp=_text(said.tag_regexp),
        untagged=said.untagged,
        expire_period=_duration(said.expire_period) if said.HasField("expire_period") else None,
        retained_top=said.retained_top,
    )


def dry_run(said: lifecycle_policy_service_pb2.DryRunLifecyclePolicyResult) -> DryRun:
    return DryRun(
        id=identifier(said.dry_run_lifecycle_policy_result_id, "dry run"),
        policy_id=identifier(said.lifecycle_policy_id, "lifecycle policy"),
        run_at=moment(said.run_at),
        affected=said.affected_images_count,
    )


def scan_policy(said: scan_policy_pb2.ScanPolicy) -> ScanPolicy:
    rules = said.rules
    return ScanPolicy(
        id=identifier(said.id, "scan policy"),
        registry_id=identifier(said.registry_id, "registry"),
        name=_text(said.name),
        description=_text(said.description),
        push_rule=(
            ScanRule(_texts(rules.push_rule.repository_prefixes), rules.push_rule.disabled)
            if rules.HasField("push_rule")
            else None
        ),
        schedule_rules=tuple(
            ScanRule(_texts(rule.repository_prefixes), rule.disabled, _duration(rule.rescan_period))
            for rule in rules.schedule_rules
        ),
        created_at=moment(said.created_at),
        disabled=said.disabled,
    )


def permissions(said: Iterable[ip_permission_pb2.IpPermission]) -> tuple[IpPermission, ...]:
    found = []
    for each in said:
        permission = IpPermission(_member(IpAction, each.action, "an IP permission"), _text(each.ip))
        try:
            permission.admits("192.0.2.1")
        except ValueError:
            raise InvalidAnswer(f"an IP permission is for {each.ip[:100]!r}, which is no address") from None
        found.append(permission)
    return tuple(sorted(set(found)))


def scan(said: scanner_pb2.ScanResult) -> ScanResult:
    """One that has ended: when it began the API does not say."""
    ended, counted = moment(said.scanned_at), said.vulnerabilities
    return ScanResult(
        id=identifier(said.id, "scan result"),
        image_id=identifier(said.image_id, "image"),
        status=_member(ScanStatus, said.status, f"scan result {said.id}"),
        created_at=ended,
        scanned_at=ended,
        counts=Counts(**{each.name.lower(): getattr(counted, each.name.lower()) for each in Severity}),
    )


def finding(said: scanner_pb2.Vulnerability) -> Finding:
    package = said.package
    return Finding(
        id=_text(package.name),
        aliases=(),
        severity=_member(Severity, said.severity, f"vulnerability {package.name[:100]}"),
        package=Package(_text(package.package), _text(package.version), "", _text(package.source), ""),
        fixed_by=_text(package.fixed_by),
        origin=_text(package.origin),
        type=_text(package.type),
        link=_text(package.link),
    )


def moment(said: Timestamp) -> datetime:
    """In milliseconds, as careen keeps time."""
    try:
        found = said.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidAnswer("the source names a time that is none") from None
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _duration(said: Duration) -> timedelta:
    try:
        return said.ToTimedelta()
    except (ValueError, OverflowError):
        raise InvalidAnswer("the source names a duration that is none") from None


def _texts(said: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_text, said))


def _text(said: str) -> str:
    if len(said) > _TEXT:
        raise InvalidAnswer(f"the source sends a text of {len(said)} characters: {said[:50]!r}…")
    return said


def _member(kind: type[T], number: int, what: str) -> T:
    try:
        return kind(number)  # type: ignore[call-arg]
    except ValueError:
        raise InvalidAnswer(f"{what}: {number} is no {kind.__name__}") from None


def binding(said: access_pb2.AccessBinding) -> AccessBinding:
    """Of any role and subject: what careen does not know has no effect here."""
    return AccessBinding(_text(said.role_id), _text(said.subject.type), _text(said.subject.id))
