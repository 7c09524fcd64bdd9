"""The documents that are kept of a feed: the last good one of each URL, beside a file that lists them.

FOLDER/<feed>/<sha256>      a document; those that `kept.json` does not list are removed
FOLDER/<feed>/kept.json     replaced in one step, so that a process may die at any moment
FOLDER/<feed>/arrived.json  what came since, and is neither accepted nor refused yet
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from careen.feeds.document import Cursor, Document, Fetched
from careen.jobs.feed_bounds import Bounds, Tally

_LIST = "kept.json"
_ARRIVED = "arrived.json"

Place = Callable[[str], str]  # where a URL is asked for: "" = at its upstream


@dataclass(frozen=True, slots=True)
class Kept:
    document: Document
    tally: Tally = field(default_factory=Tally)  # without records: not counted yet
    confirmed: str = ""  # when it was last what its source publishes; ISO 8601
    place: str = ""  # where it was had from; "" = upstream


@dataclass(slots=True)
class Shelf:
    """What is kept of one feed, and what of it the work at hand has changed."""

    folder: Path
    kept: dict[str, Kept] = field(default_factory=dict)  # by URL
    errors: dict[str, str] = field(default_factory=dict)  # by URL, of the last attempt
    refused: dict[str, str] = field(default_factory=dict)  # by URL, the digest: no need to read it twice
    succeeded: str = ""  # when every document could last be had; ISO 8601
    tried: str = ""  # when the work at hand fetched; "" = it did not
    fresh: dict[str, Kept | None] = field(default_factory=dict)  # URL -> the last good one, if there is any

    @classmethod
    def open(cls, folder: Path) -> Self:
        """A list that is absent or unreadable is an empty one: everything is fetched anew."""
        try:
            said = json.loads((folder / _LIST).read_text())
            kept = {url: _kept(folder, url, fields) for url, fields in said["kept"].items()}
            shelf = cls(folder, kept, dict(said["errors"]), dict(said["refused"]), said["succeeded"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(folder)
        shelf.kept = {url: kept for url, kept in shelf.kept.items() if kept.document.path.is_file()}
        return shelf

    def resume(self) -> None:
        """Goes on with what an update that died had fetched; an unreadable list of it is an empty one."""
        try:
            said = json.loads((self.folder / _ARRIVED).read_text())
            arrived = {url: _kept(self.folder, url, fields) for url, fields in said.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return
        for url, kept in arrived.items():
            if kept.document.path.is_file():
                self.fresh[url] = self.kept.get(url)
                self.kept[url] = kept

    def note(self) -> None:
        """Makes what came outlive the process."""
        if self.fresh:
            said = {url: _said(self.kept[url]) for url in sorted(self.fresh)}
            write(self.folder / _ARRIVED, json.dumps(said, indent=1))

    def cursor(self, place: Place) -> Cursor:
        """Another mirror knows nothing of the marks by which this one recognises what it sent before."""
        return Cursor(self.folder, {url: _at(place(url), kept).document for url, kept in self.kept.items()})

    def take(self, fetched: Fetched | None, place: Place) -> None:
        """Puts the new documents in the place of the old ones, until they are accepted or refused."""
        fetched = fetched or Fetched()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for url in fetched.gone:
            self.kept.pop(url, None)
            self.fresh.pop(url, None)
            self.refused.pop(url, None)
        again = {each.url for each in fetched.documents if each.sha256 == self.refused.get(each.url)}
        self.errors = {url: self.errors[url] for url in again if url in self.errors} | {
            failure.url: failure.message for failure in fetched.failures
        }
        new = {each.url: each for each in fetched.documents if each.url not in again}
        for url in self.kept.keys() - new.keys() - self.errors.keys():
            self.refused.pop(url, None)
            self.kept[url] = replace(_at(place(url), self.kept[url]), confirmed=now)
        for url, document in new.items():
            self.refused.pop(url, None)
            self.fresh.setdefault(url, self.kept.get(url))
            self.kept[url] = Kept(document, confirmed=now, place=place(url))
        self.tried = now

    def fail(self, name: str, reason: str) -> None:
        """Notes that nothing could be fetched at all, for a reason of our own; all is kept as it is."""
        self.tried = datetime.now(UTC).isoformat(timespec="seconds")
        self.errors = {name: reason}

    def forget_refusals(self) -> None:
        """What was refused is looked at again."""
        self.refused = {}

    def objection(self, url: str, tally: Tally, bounds: Bounds) -> str:
        """Why the document must not take the place of the last good one; "" = it may."""
        if url not in self.fresh:
            return ""
        before, now = self.fresh[url], self.kept[url]
        if before and (now.document.is_window or before.place != now.place or not before.tally.records):
            before = None
        return bounds.objection(tally, before.tally if before else None)

    def refuse(self, url: str, reason: str) -> None:
        """The last good document again, or none."""
        refused, before = self.kept.pop(url), self.fresh.pop(url, None)
        if before:
            self.kept[url] = before
        self.errors[url] = f"{url}: {reason}"
        self.refused[url] = refused.document.sha256

    def count(self, tallies: Mapping[str, Tally]) -> None:
        """Keeps the numbers; `tallies` may name documents of other feeds too."""
        for url in self.kept.keys() & tallies.keys():
            self.kept[url] = replace(self.kept[url], tally=tallies[url])

    def save(self) -> None:
        """Writes the list, and removes what it does not name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.tried and not self.errors:
            self.succeeded = self.tried
        said = {
            "kept": {url: _said(kept) for url, kept in sorted(self.kept.items())},
            "errors": self.errors,
            "refused": self.refused,
            "succeeded": self.succeeded,
        }
        write(self.folder / _LIST, json.dumps(said, indent=1))
        named = {_LIST, *(kept.document.path.name for kept in self.kept.values())}
        for path in self.folder.iterdir():
            if path.name not in named:
                path.unlink()
        self.fresh = {}


def _at(place: str, kept: Kept) -> Kept:
    """As it may be asked for at `place`: without the marks that another one gave."""
    if kept.place == place:
        return kept
    return replace(kept, document=replace(kept.document, etag="", last_modified=""), place=place)


def _kept(folder: Path, url: str, said: Mapping[str, Any]) -> Kept:
    document = Document(
        url,
        folder / said["sha256"],
        said["sha256"],
        said["etag"],
        said["last_modified"],
        is_window=said.get("is_window", False),
    )
    tally = Tally(**said["tally"]) if "tally" in said else Tally(records=said["records"])
    return Kept(document, tally, said["confirmed"], said["place"] if "place" in said else said["mirror"])


def _said(kept: Kept) -> Mapping[str, object]:
    return {
        "sha256": kept.document.sha256,
        "etag": kept.document.etag,
        "last_modified": kept.document.last_modified,
        "is_window": kept.document.is_window,
        "tally": asdict(kept.tally),
        "confirmed": kept.confirmed,
        "place": kept.place,
    }


def write(path: Path, text: str) -> None:
    """In one step: after a crash there is the old file or the new one."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
