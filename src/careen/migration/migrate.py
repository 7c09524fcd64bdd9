"""A whole migration: read, check, transfer, and compare."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from careen.errors import Invalid
from careen.migration import conflicts, kept
from careen.migration.comparison import counts, differences
from careen.migration.contents import KINDS, Binding, Contents, of_registry
from careen.migration.downloads import Downloads
from careen.migration.identity import Given, Key
from careen.migration.image_transfer import ImageTransfer, Lacking
from careen.migration.pace import Pace
from careen.migration.progress import Progress
from careen.migration.pulls import Pulls, RegistryDoor
from careen.migration.report import Report
from careen.migration.source import Source
from careen.migration.transfer import Transfer
from careen.migration.wire import Door, Wire
from careen.model.access import ALL_AUTHENTICATED, ALL_USERS
from careen.store import accounts, restoring
from careen.store.blob_files import LocalBlobs
from careen.store.database import Database

# Where images are pulled from, by where the API is (Yandex Container Registry, "Authentication").
_REGISTRIES = {"api.cloud.yandex.net": "cr.yandex", "api.yandexcloud.kz": "cr.yandexcloud.kz"}
_OWN = "careen-registry"  # what a careen calls it in discovery


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person asked for."""

    door: Door
    identity: Key | Given
    registries: Sequence[str] = ()  # ids
    folders: Sequence[str] = ()
    registry_host: str = ""  # HOST[:PORT] of images; "" = it is found
    plain_http: bool = False
    connections: int = 4
    is_dry_run: bool = False


@dataclass(slots=True)
class Migration:
    """`say` tells a person what is at work."""

    plan: Plan
    database: Database
    blobs: LocalBlobs
    folder: Path  # that the blobs are in
    say: Callable[[str], None]
    _remarks: list[str] = field(default_factory=list)
    _lacking: list[Lacking] = field(default_factory=list)

    def run(self) -> Report:
        """Raises Taken, and writes nothing, when an id of the source's is something else's here.

        Also Unauthenticated, Denied and Unavailable of the source; what was written until then stays, and
        another run goes on from there.
        """
        pace = Pace(self.plan.connections)
        with closing(Wire(self.plan.door, pace)) as wire:
            if isinstance(self.plan.identity, Key):
                wire.sign_in(self.plan.identity)
            else:
                wire.identity = self.plan.identity
            source = Source(wire, self._remarks.append)
            contents = self._read(source)
            here = self._kept(contents)
            with self.database.read() as connection:
                conflicts.check(connection, contents, here)
            if self.plan.is_dry_run:
                return self._forecast(contents, here)
            progress = Progress(self.say)
            transfer = Transfer(source, self.database, self.plan.connections, progress)
            with closing(Pulls(self._registry(wire), wire.identity, pace)) as pulls:
                self._bring(contents, here, transfer, pulls)
            return self._compare(source, transfer)

    def _read(self, source: Source) -> Contents:
        self._remarks.clear()
        found = Contents()
        for registry in source.registries(self.plan.registries, self.plan.folders):
            self.say(f"reading registry {registry.id}")
            found |= source.contents(registry)
        return found

    def _kept(self, contents: Contents) -> Contents:
        found = Contents()
        with self.database.read() as connection:
            for registry_id in contents.registries:
                found |= kept.contents(connection, registry_id)
        return found

    def _registry(self, wire: Wire) -> RegistryDoor:
        door, plan = self.plan.door, self.plan
        host = plan.registry_host or _REGISTRIES.get(door.host) or wire.addresses.get(_OWN, "")
        if not host:
            raise Invalid(
                f"{door.address} does not say where its images are pulled from: name it (--registry-address)"
            )
        return RegistryDoor(host, door.ca, plain_http=plan.plain_http)

    def _bring(self, contents: Contents, here: Contents, transfer: Transfer, pulls: Pulls) -> None:
        downloads = Downloads(
            pulls,
            self.database,
            self.blobs,
            folder=self.folder,
            connections=self.plan.connections,
            arrived=transfer.progress.bytes,
        )
        with closing(downloads):
            for registry_id in contents.registries:
                with self.database.read() as connection:
                    retried = restoring.incomplete(connection, registry_id)
                own = of_registry(contents, registry_id)
                images = ImageTransfer(own, pulls, downloads, self.database)
                transfer.bring(own, here, images, retried)
                self._lacking += images.lacking

    def _strangers(self, contents: Contents) -> tuple[Binding, ...]:
        """Bindings of subjects that have no account here: nobody can be them, so they have no effect."""
        with self.database.read() as connection:
            known = {account.id for account in accounts.every(connection)} | {ALL_USERS, ALL_AUTHENTICATED}
        return tuple(each for each in contents.access_bindings if each.binding.subject_id not in known)

    def _forecast(self, contents: Contents, here: Contents) -> Report:
        coming = [image for id_, image in contents.images.items() if id_ not in here.images]
        sizes = {blob.digest: blob.size for image in coming for blob in (image.config, *image.layers) if blob}
        lacking = [size for digest, size in sizes.items() if not self.blobs.exists(digest)]
        to_come = {kind: len(getattr(contents, kind).keys() - getattr(here, kind).keys()) for kind in KINDS}
        return Report(
            self.plan.door.address,
            is_dry_run=True,
            at_source=counts(contents),
            here=counts(here),
            to_come=to_come,
            bytes=sum(lacking),
            remarks=tuple(self._remarks),
        )

    def _compare(self, source: Source, transfer: Transfer) -> Report:
        """Both sides are read once more: what changed meanwhile is a difference."""
        self.say("comparing both sides")
        contents = self._read(source)
        here = self._kept(contents)
        return Report(
            self.plan.door.address,
            is_dry_run=False,
            at_source=counts(contents),
            here=counts(here),
            to_come=dict.fromkeys(KINDS, 0),
            bytes=transfer.progress.arrived,
            differences=tuple(differences(contents, here)),
            lacking=tuple(self._lacking),
            failures=tuple(transfer.failures),
            disabled=self._strangers(contents),
            remarks=tuple(self._remarks),
        )
