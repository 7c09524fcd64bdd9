"""Versions as the feeds and the truth sets at hand write them, by scheme; and mutations of them."""

import functools
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from careen.feeds import FEEDS, Feed
from careen.model.advisory import Advisory, Affected, Ecosystem

_DOCUMENTS = {
    "debian": "security-tracker.debian.org/tracker/data/json",
    "alpine": "secdb.alpinelinux.org/*/*.json",
    "AlmaLinux:*": "osv-vulnerabilities.storage.googleapis.com/AlmaLinux:*/all.zip",
}
_OSV = "osv-vulnerabilities.storage.googleapis.com/{}/all.zip"
_TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|[^0-9A-Za-z]")
_CHARACTERS = "0019az.-~+^_:"
_NEIGHBOURS = 0.7  # share of the pairs whose second version is a mutation of the first
_RELATED = 0.5  # share of the mutations that stay among what the scheme itself uses


def seeds(shared: Path, schemes: Iterable[str]) -> dict[str, list[str]]:
    """Every version that is known of each scheme, in order."""
    found: dict[str, set[str]] = {scheme: set() for scheme in schemes}
    for scheme, versions in found.items():
        for path in (shared / "truth" / "versions").glob(f"{scheme}.tsv"):
            rows = (line.split("\t") for line in path.read_text().splitlines())
            versions.update(text for row in rows for text in row[::2])
    for scheme, version in chain.from_iterable(_of_feed(feed, shared / "feeds") for feed in FEEDS):
        if scheme in found:
            found[scheme].add(version)
    return {scheme: sorted(filter(_fits, versions)) for scheme, versions in found.items()}


def _fits(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _of_feed(feed: Feed, mirror: Path) -> Iterator[tuple[str, str]]:
    """Scheme and version."""
    pattern = _DOCUMENTS.get(feed.NAME, _OSV.format(feed.NAME))
    schemes: dict[str, str] = {}
    for path in sorted(mirror.glob(pattern)):
        with path.open("rb") as document:
            url = "https://" + path.relative_to(mirror).as_posix()
            for said in feed.parse(document, url):
                if isinstance(said, Ecosystem):
                    schemes[said.name] = said.scheme
                elif isinstance(said, Advisory):
                    yield from (
                        (schemes[each.ecosystem], text) for each in said.affected for text in _texts(each)
                    )


def _texts(affected: Affected) -> Iterator[str]:
    yield from affected.versions
    for each in affected.ranges:
        yield from (each.introduced, each.fixed, each.last_affected)


def pairs(versions: Sequence[str], count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Real versions, mutated ones, and one beside its own mutation."""
    mutate = functools.partial(_mutated, versions=versions, chance=chance)
    for _ in range(count):
        left = chance.choice(versions)
        left = mutate(left) if chance.randrange(2) else left
        yield left, mutate(left) if chance.random() < _NEIGHBOURS else chance.choice(versions)


def _mutated(version: str, versions: Sequence[str], chance: random.Random) -> str:
    tokens = _TOKEN.findall(version)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(tokens) + 1)
        if chance.random() < _RELATED:
            new = [chance.choice(_TOKEN.findall(chance.choice(versions)))]
        else:
            new = [chance.choice(_CHARACTERS)]
        # In its place, before what stands there, or nothing at all.
        tokens[at : at + chance.randrange(2)] = new * chance.randrange(2)
    return "".join(tokens) or version
