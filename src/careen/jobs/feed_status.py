"""What is kept of each feed, how old it is, and what was refused and why; as text, for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from careen.jobs.feed_documents import Shelf

_SHOWN = 3  # failures of one feed that a report prints


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """What is kept of a feed, and how well it could last be had."""

    name: str
    documents: int
    records: int  # advisories, ratings and ecosystems
    succeeded: datetime | None  # when all of it could last be had
    oldest: datetime | None  # when the document that was missed for the longest time could last be had
    failures: tuple[tuple[str, str], ...]  # URL and reason, of the last attempt; those refused as well
    refused: frozenset[str] = frozenset()  # URLs of what came, but does not take the place of the good one

    @classmethod
    def of(cls, name: str, shelf: Shelf) -> "FeedStatus":
        kept = shelf.kept.values()
        return cls(
            name,
            documents=len(kept),
            records=sum(each.tally.records for each in kept),
            succeeded=_moment(shelf.succeeded),
            oldest=_moment(min((each.confirmed for each in kept), default="")),
            failures=tuple(sorted(shelf.errors.items())),
            refused=frozenset(shelf.refused),
        )

    def is_stale(self, limit: timedelta, now: datetime | None = None) -> bool:
        """Whether some of it could not be had for longer than `limit`."""
        return self.oldest is not None and (now or datetime.now(UTC)) - self.oldest > limit

    def document(self, limit: timedelta) -> dict[str, object]:
        """The same for programs."""
        return {
            "name": self.name,
            "documents": self.documents,
            "records": self.records,
            "succeeded": self.succeeded.isoformat() if self.succeeded else None,
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "stale": self.is_stale(limit),
            "failures": [
                {"url": url, "reason": reason, "refused": url in self.refused}
                for url, reason in self.failures
            ],
        }

    def told(self, limit: timedelta) -> str:
        stale = ", STALE" if self.is_stale(limit) else ""
        return "\n".join([f"{self.name}: {self._held()}{stale}{self._failed()}", *self._reasons()])

    def _held(self) -> str:
        if self.oldest is None:
            return "nothing yet"
        documents = "1 document" if self.documents == 1 else f"{self.documents} documents"
        return f"{self.records} records in {documents}, {_ago(datetime.now(UTC) - self.oldest)} old"

    def _failed(self) -> str:
        refused = sum(url in self.refused for url, _ in self.failures)
        missing = len(self.failures) - refused
        said = [f"; {refused} refused"] if refused else []
        said += [f"; {missing} could not be had"] if missing else []
        return "".join(said) + (":" if said else "")

    def _reasons(self) -> Iterator[str]:
        """Those for which something was refused first: they ask for a decision."""
        ordered = sorted(self.failures, key=lambda failure: failure[0] not in self.refused)
        for url, reason in ordered[:_SHOWN]:
            yield f"    refused: {reason}" if url in self.refused else f"    {reason}"
        if len(ordered) > _SHOWN:
            yield f"    and {len(ordered) - _SHOWN} more"


@dataclass(frozen=True, slots=True)
class Report:
    """What an update did."""

    feeds: tuple[FeedStatus, ...]
    snapshot: Path
    built: bool  # False: nothing had changed

    def told(self, limit: timedelta) -> str:
        done = "built" if self.built else "nothing is new, kept"
        lines = [each.told(limit) for each in self.feeds]
        return "\n".join([*lines, f"snapshot {self.snapshot.stem[:12]}: {done}"])


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ago(span: timedelta) -> str:
    for name, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if span >= length:
            return f"{span // length} {name}{'s' * (span >= 2 * length)}"
    return f"{max(span // timedelta(minutes=1), 0)} minutes"
