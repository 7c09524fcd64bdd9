"""What nobody needs any more is cleared away: abandoned uploads, and blobs that no image uses.

It goes in small transactions, and each looks again at what it removes: several processes may do it at once,
and beside pushes. A blob's file is removed while its row is locked, before the row's end is final. A kill in
between leaves rows that nothing shows without their files; the next round or the next push mends that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from careen.model.digest import Digest
from careen.store import garbage, uploads
from careen.store.blob_files import LocalBlobs
from careen.store.columns import now
from careen.store.database import Database
from careen.store.inserts import batched

log = structlog.get_logger(__name__)

_BATCH = 200  # rows a transaction: a push waits for no more
_FILES = 20  # the same, where each row has a file: to remove a large one takes a while


@dataclass(frozen=True, slots=True)
class Garbage:
    database: Database
    blobs: LocalBlobs
    blob_grace: timedelta  # since somebody relied on a blob
    upload_grace: timedelta  # since somebody wrote to an upload

    def collect(self) -> None:
        """One round over everything."""
        abandoned = self._end_uploads() + self.blobs.sweep(self.upload_grace, known=self._uploads())
        before = now() - self.blob_grace
        unlinked = sum(self._unlink(links, before) for links in self._spare_links(before))
        removed = sum(self._remove(digests, before) for digests in self._spare_blobs(before))
        lost = sum(self._remove_unknown(digest) for digest in self._unknown_blobs())
        if abandoned or unlinked or removed or lost:
            log.info("garbage collected", uploads=abandoned, links=unlinked, blobs=removed + lost)

    def _end_uploads(self) -> int:
        oldest = now() - self.upload_grace
        with self.database.read() as connection:
            begun = uploads.begun(connection, oldest)
        ended = 0
        for upload_id in begun:
            written = self.blobs.last_written(upload_id)
            if written is None or written < oldest.timestamp():
                with self.database.write() as connection:
                    uploads.finish(connection, upload_id)
                self.blobs.discard(upload_id)
                ended += 1
        return ended

    def _uploads(self) -> frozenset[str]:
        with self.database.read() as connection:
            return frozenset(uploads.ids(connection))

    def _spare_links(self, before: datetime) -> Iterator[list[garbage.Link]]:
        last = garbage.FIRST
        while True:
            with self.database.read() as connection:
                found = garbage.spare_links(connection, before, after=last, limit=_BATCH)
            if not found:
                return
            yield list(found)
            last = found[-1]

    def _unlink(self, links: list[garbage.Link], before: datetime) -> int:
        with self.database.write() as connection:
            return garbage.unlink(connection, links, before)

    def _spare_blobs(self, before: datetime) -> Iterator[Sequence[Digest]]:
        last = ""
        while True:
            with self.database.read() as connection:
                found = garbage.spare_blobs(connection, before, after=last, limit=_FILES)
            if not found:
                return
            yield found
            last = found[-1]

    def _remove(self, digests: Sequence[Digest], before: datetime) -> int:
        with self.database.write() as connection:
            removed = garbage.remove(connection, digests, before)
            for digest in removed:
                self.blobs.remove(digest)
        return len(removed)

    def _unknown_blobs(self) -> Iterator[Digest]:
        """Files without a row: a push was killed between the two."""
        for batch in batched(self.blobs.old(self.blob_grace)):
            with self.database.read() as connection:
                unknown = garbage.unknown(connection, batch)
            yield from unknown

    def _remove_unknown(self, digest: Digest) -> bool:
        """The blob gets a row for the moment, as a lock."""
        with self.database.write() as connection:
            is_unknown = garbage.lock(connection, digest)
            if is_unknown:
                self.blobs.remove(digest)
                garbage.unlock(connection, digest)
        return is_unknown
