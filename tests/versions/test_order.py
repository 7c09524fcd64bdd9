"""The facts about each scheme, one a line, in testdata/<scheme>.txt."""

import itertools
import operator
import pkgutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from careen import versions
from careen.versions import BY_NAME, Scheme
from careen.versions.invalid import LONGEST, InvalidVersion

TESTDATA = Path(__file__).parent / "testdata"
SECONDS = 0.5  # a key takes some microseconds
OPERATORS = {"<": operator.lt, "=": operator.eq}


def facts(scheme: Scheme) -> list[str]:
    lines = (TESTDATA / f"{scheme.NAME}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pairs(scheme: Scheme) -> Iterator[tuple[str, str, str]]:
    for fact in facts(scheme):
        if not fact.startswith("! "):
            left, sign, right = fact.split(" ")
            yield left, sign, right


SCHEMES = list(BY_NAME.values())
ORDERED = [(scheme.NAME, *pair) for scheme in SCHEMES for pair in pairs(scheme)]
INVALID = [(scheme.NAME, fact[2:]) for scheme in SCHEMES for fact in facts(scheme) if fact.startswith("! ")]


@pytest.mark.parametrize(("scheme", "left", "sign", "right"), ORDERED)
def test_keys_order_as_the_fact_says(scheme: str, left: str, sign: str, right: str) -> None:
    key = BY_NAME[scheme].key
    assert OPERATORS[sign](key(left), key(right))


@pytest.mark.parametrize(("scheme", "text"), [*INVALID, *((scheme.NAME, "") for scheme in SCHEMES)])
def test_what_is_no_version_has_no_key(scheme: str, text: str) -> None:
    with pytest.raises(InvalidVersion, match=scheme):
        BY_NAME[scheme].key(text)


@pytest.mark.parametrize("scheme", SCHEMES, ids=BY_NAME)
def test_a_version_of_any_length_up_to_the_cap_has_a_key(scheme: Scheme) -> None:
    assert scheme.key("9" * (LONGEST - 1)) < scheme.key("9" * LONGEST)
    with pytest.raises(InvalidVersion) as refused:
        scheme.key("9" * (LONGEST + 1))
    assert len(refused.value.message) < LONGEST / 2


@pytest.mark.parametrize("scheme", SCHEMES, ids=BY_NAME)
@pytest.mark.parametrize("end", ["", "!", ".!", "-", ".1!"])
@pytest.mark.parametrize("piece", ["9", "1.", "1-", "1a", "1.0-1", "1.0rc1-", "2010", "0.a-", "-", ".", "~^"])
def test_no_text_takes_long(scheme: Scheme, piece: str, end: str) -> None:
    text = (piece * LONGEST)[: LONGEST - len(end)] + end
    started = time.process_time()
    with suppress(InvalidVersion):
        scheme.key(text)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("scheme", SCHEMES, ids=BY_NAME)
def test_every_key_lies_between_the_two_open_ends(scheme: Scheme) -> None:
    keys = [scheme.key(version) for left, _, right in pairs(scheme) for version in (left, right)]
    assert all(b"" < key < b"\xff" for key in keys)


@pytest.mark.parametrize("scheme", SCHEMES, ids=BY_NAME)
def test_no_key_is_the_beginning_of_another(scheme: Scheme) -> None:
    keys = sorted({scheme.key(version) for left, _, right in pairs(scheme) for version in (left, right)})
    assert not any(upper.startswith(lower) for lower, upper in itertools.pairwise(keys))


def test_every_scheme_is_registered_and_has_testdata() -> None:
    modules = {module.name for module in pkgutil.iter_modules(versions.__path__)}
    schemes = {name for name in modules if not name.startswith("_")} - {"invalid"}
    assert schemes == {scheme.NAME for scheme in SCHEMES} == set(BY_NAME)
    assert set(BY_NAME) == {path.stem for path in TESTDATA.glob("*.txt")}
