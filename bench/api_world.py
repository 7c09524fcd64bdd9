"""What the benchmark of the API reads: an account with a role, images, and a scan with what it found."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from careen.auth import accounts, iam_tokens
from careen.auth.authentication import Authentication
from careen.auth.registry_tokens import RegistryTokens
from careen.model import digest, ids
from careen.model.access import AccessBinding, Identity, Resource, ResourceKind, SubjectType
from careen.model.credential import CredentialKind
from careen.model.distro import Distro
from careen.model.finding import Finding, Verdict
from careen.model.manifest import Descriptor, Manifest
from careen.model.package import Package
from careen.model.registry import Registry, Repository, ScanResult, ScanStatus
from careen.model.severity import Severity
from careen.store import access_bindings, blobs, images, registries, repositories, scans
from careen.store.columns import now
from careen.store.database import Database

FOLDER = "bench"
_IMAGES, _LAYERS, _FINDINGS = 150, 6, 1_000
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class World:
    registry_id: str
    repository: str  # its name
    scan_id: str
    iam_token: str
    registry_token: str
    oauth_token: str
    key_file: str


def made(folder: Path) -> World:
    """In the database that a server on that folder will open."""
    database = Database(f"sqlite:///{folder / 'careen.db'}")
    database.upgrade()
    registry = Registry(ids.new(), FOLDER, "bench", now())
    with database.write() as connection:
        registries.add(connection, registry)
        repository = repositories.upsert(connection, registry.id, f"{registry.id}/shop/web")
        robot = accounts.make(connection, "robot", SubjectType.SERVICE, now())
        person = accounts.make(connection, "person", SubjectType.USER, now())
        for role in ("viewer", "container-registry.images.puller", "container-registry.images.scanner"):
            binding = AccessBinding(role, robot.type, robot.id)
            access_bindings.add(connection, Resource(ResourceKind.FOLDER, FOLDER), binding)
        key = accounts.give(connection, robot, CredentialKind.KEY, now())
        oauth = accounts.give(connection, person, CredentialKind.OAUTH, now())
        token = iam_tokens.issue(connection, robot.id, now())
    scan_id = [_image(database, repository, number) for number in range(_IMAGES)][-1]
    with database.read() as connection:
        (proof,) = connection.exec_driver_sql("SELECT id FROM iam_tokens").one()
    identity = Identity(robot.id, robot.type, robot.name, f"iam-token:{proof}")
    tokens = RegistryTokens(Authentication(database, enforced=True))
    registry_token = tokens.issue(identity, {repository.name: frozenset({"pull"})})
    database.close()
    return World(
        registry.id,
        repository.name,
        scan_id,
        iam_token=token.text,
        registry_token=registry_token,
        oauth_token=oauth.secret,
        key_file=key.secret,
    )


def _image(database: Database, repository: Repository, number: int) -> str:
    """An image and the id of its scan; only the last one's has findings."""
    parts = [
        Descriptor("application/octet-stream", digest.of(b"%d %d" % (number, part)), 9)
        for part in range(_LAYERS + 1)
    ]
    body = json.dumps({"layers": [each.digest for each in parts]}).encode()
    manifest = Manifest(_MANIFEST, digest.of(body), len(body), parts[0], tuple(parts[1:]))
    with database.write() as connection:
        for part in parts:
            blobs.add(connection, part.digest, part.size)
            blobs.link(connection, repository.id, part.digest)
        image = images.put(connection, repository, manifest, body)
        images.tag(connection, image, f"v{number}")
        scan = ScanResult(ids.new(ids.SCAN_RESULT), image.id, ScanStatus.RUNNING, now())
        scans.add(connection, scan)
        found = tuple(map(_finding, range(_FINDINGS if number == _IMAGES - 1 else 0)))
        packages = tuple({each.package: None for each in found})
        verdict = Verdict(Distro("debian", "12", "bookworm"), packages, found, (), digest.of(b"snapshot"))
        scans.finish(connection, scan.id, verdict, ScanStatus.READY, now())
    return scan.id


def _finding(number: int) -> Finding:
    name = f"CVE-2024-{number:05}"
    package = Package(
        f"lib{number % 120}", f"1.{number % 120}.4-2", "deb", "dpkg", "var/lib/dpkg/status", source="source"
    )
    evidence = {
        "advisory": name,
        "feed": "debian",
        "range": ["0", f"1.{number % 120}.9-1"],
        "compared": package.version,
        "key": hashlib.sha256(name.encode()).hexdigest(),
    }
    return Finding(
        id=name,
        aliases=(f"DSA-{number}",),
        severity=Severity(1 + number * len(Severity) // _FINDINGS),
        package=package,
        fixed_by=f"1.{number % 120}.9-1",
        origin="os",
        type="debian",
        link=f"https://security-tracker.debian.org/tracker/{name}",
        evidence=evidence,
    )
