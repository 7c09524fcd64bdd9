"""Keeps the server's advisories fresh, and raises its voice where they are not."""

from datetime import timedelta

import structlog

from careen.app import refreshing
from careen.app.workshop import Workshop

log = structlog.get_logger(__name__)


def refresh(parts: Workshop) -> None:
    """Fetches what is new; what was refused, or could not be had for long, is a warning in the log."""
    report = refreshing.refresh(parts)
    limit = timedelta(seconds=parts.settings.feeds_stale)
    for feed in report.feeds:
        for url, reason in feed.failures:
            if url in feed.refused:
                log.warning("a feed was refused, the last good one stays", feed=feed.name, reason=reason)
        if feed.is_stale(limit):
            log.warning("a feed is stale", feed=feed.name, since=f"{feed.oldest:%Y-%m-%d %H:%M} UTC")
    if report.built:
        log.info("advisories refreshed", snapshot=report.snapshot.stem[:12])
