"""The advisories of the data folder: fetched anew, or brought as a whole from elsewhere."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from careen.app.workshop import Workshop, make_folders
from careen.feeds import UPSTREAMS, Upstream
from careen.feeds.http import Http
from careen.images.place import Access
from careen.jobs import feeds
from careen.jobs.feed_bounds import Bounds
from careen.jobs.feed_status import Report
from careen.jobs.snapshot_exchange import Exchange
from careen.matching.files import current
from careen.settings import InvalidSetting, Settings


def refresh(
    parts: Workshop,
    *,
    only: tuple[str, ...] = (),
    accept: tuple[str, ...] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Fetch what is new upstream and build a snapshot; raises Unavailable when there is none at all.

    Of the feeds that `accept` names a document is taken though it has shrunk.
    """
    settings = parts.settings
    with Http(mirror=settings.feeds_mirror, replaced=settings.feeds_replaced) as http:
        return feeds.update(
            _chosen(settings),
            http,
            settings.feed_documents,
            settings.snapshots,
            only=only,
            accept=accept,
            bounds=Bounds(settings.feeds_may_lose, settings.feeds_may_be_invalid),
            today=datetime.now(UTC).date(),
            progress=progress,
        )


def status(settings: Settings, *, as_json: bool = False) -> str:
    """What is kept of each feed, for people or for programs; nothing is fetched."""
    limit = timedelta(seconds=settings.feeds_stale)
    kept = feeds.status(_chosen(settings), settings.feed_documents)
    active = current(settings.snapshots)
    if as_json:
        digest = f"sha256:{active.stem}" if active else None
        return json.dumps({"snapshot": digest, "feeds": [each.document(limit) for each in kept]}, indent=2)
    snapshot = f"snapshot {active.stem[:12]}" if active else "no snapshot yet"
    return "\n".join([*(each.told(limit) for each in kept), snapshot])


def exchange(settings: Settings, access: Access, say: Callable[[str], object]) -> Exchange:
    """What brings snapshots out of the data folder and into it."""
    make_folders(settings)
    settings.snapshots.mkdir(exist_ok=True)
    return Exchange(settings.snapshots, access, say)


def take_snapshot(
    settings: Settings, access: Access, say: Callable[[str], object], target: str, *, expected: str = ""
) -> str:
    """Makes the snapshot at `target` the active one, and what is kept of the feeds older than it."""
    digest = exchange(settings, access, say).bring_in(target, expected=expected)
    feeds.adopt(_chosen(settings), settings.feed_documents, settings.snapshots)
    return digest


def _chosen(settings: Settings) -> list[Upstream]:
    names = [feed.NAME for feed in UPSTREAMS]
    for name in settings.feeds:
        if name not in names:
            raise InvalidSetting(f"CAREEN_FEEDS: there is no feed {name!r}; there are {', '.join(names)}")
    return [feed for feed in UPSTREAMS if not settings.feeds or feed.NAME in settings.feeds]
