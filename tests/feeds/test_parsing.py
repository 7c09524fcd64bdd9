"""Every feed reads the documents in testdata/<feed>/<case>/ as expected.json beside them says.

`pytest --update-expected` writes expected.json anew; the reviewer reads the difference. A document's URL
stands in `url`, where it matters.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from careen.feeds import UPSTREAMS, Upstream

TESTDATA = Path(__file__).parent / "testdata"
CASES = sorted(path.parent for path in TESTDATA.glob("*/*/input*"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_document_says_what_is_expected_of_it(
    case: Path, document_of: Callable[[Path], BinaryIO], request: pytest.FixtureRequest
) -> None:
    feed = next(feed for feed in UPSTREAMS if case.parent.name == feed.NAME)
    said = [_plain(record) for record in feed.parse(document_of(case), _url(case))]
    expected = case / "expected.json"
    if request.config.getoption("--update-expected"):
        expected.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    assert said == json.loads(expected.read_text())


@pytest.mark.parametrize("feed", UPSTREAMS, ids=lambda feed: feed.NAME)
def test_every_feed_has_testdata(feed: Upstream) -> None:
    assert any(case.parent.name == feed.NAME for case in CASES)


def test_every_module_of_a_feed_is_registered() -> None:
    import careen.feeds  # noqa: PLC0415 - the folder itself is looked at

    folder = Path(careen.feeds.__file__ or "").parent
    plumbing = {"http", "document"}
    modules = {path.stem for path in folder.glob("[!_]*.py")} - plumbing
    registered = {getattr(feed, "__name__", type(feed).__module__) for feed in UPSTREAMS}
    assert registered == {f"careen.feeds.{module}" for module in modules}


def test_feeds_have_names_of_their_own() -> None:
    assert len({feed.NAME for feed in UPSTREAMS}) == len(UPSTREAMS)


def _url(case: Path) -> str:
    path = case / "url"
    return path.read_text().strip() if path.exists() else "https://upstream.example/document"


def _plain(record: object) -> dict[str, object]:
    """The record as JSON has it, without what is empty."""
    return {"is": type(record).__name__} | dict(_told(record))


def _told(value: object) -> Iterator[tuple[str, object]]:
    for name in _names(value):
        if content := getattr(value, name):
            yield name, _json(content)


def _names(value: object) -> Sequence[str]:
    """Of its fields, where it is a value that has some."""
    if is_dataclass(value):
        return [field.name for field in fields(value)]
    return getattr(value, "_fields", ())  # of a named tuple


def _json(value: object) -> object:
    if _names(value):
        return dict(_told(value))
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    return value
