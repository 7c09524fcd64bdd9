"""The incremental reader says of any JSON what the standard library says of the whole."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.feeds import _json
from careen.feeds._json import Reader
from careen.feeds.document import InvalidDocument

LIMIT = 1 << 20

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


def read(text: str, *, chunk: int = 1) -> Any:
    """By members and elements down to the second level, from a file that gives `chunk` bytes at a time."""
    reader = Reader(_Dripping(text.encode(), chunk), limit=LIMIT)
    value = _enter(reader, text.lstrip()[:1])
    reader.end()
    return value


def _enter(reader: Reader, mark: str) -> Any:
    if mark == "{":
        return {name: reader.value() for name in reader.members()}
    if mark == "[":
        return [reader.value() for _ in reader.elements()]
    return reader.value()


class _Dripping(io.BytesIO):
    def __init__(self, data: bytes, chunk: int) -> None:
        super().__init__(data)
        self._chunk = chunk

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._chunk)


@given(values, st.integers(1, 50), st.sampled_from([None, 1]))
def test_what_it_reads_is_what_json_loads_reads(value: object, chunk: int, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert read(text, chunk=chunk) == json.loads(text)


@given(values.filter(lambda value: isinstance(value, dict | list)), st.data())
def test_what_breaks_off_is_refused(value: object, data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(InvalidDocument):
        read(text[:cut])


@given(st.text())
def test_whatever_comes_it_reads_or_refuses(text: str) -> None:
    try:
        read(text)
    except InvalidDocument:
        return
    assert json.loads(text) is not NotImplemented


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "{} {}", '{"a" 1}', "{a: 1}", "[1 2]", '{"a": 1,}', "[1,]", "[" * 100_000, "1" * 5000],
    ids=lambda text: text[:10] or "nothing",
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocument):
        read(text, chunk=1000)


def test_bytes_that_are_no_utf8_are_refused() -> None:
    reader = Reader(io.BytesIO(b'["\xff"]'), limit=LIMIT)
    with pytest.raises(InvalidDocument):
        [reader.value() for _ in reader.elements()]


def test_a_document_beyond_the_limit_is_refused() -> None:
    reader = Reader(io.BytesIO(b"[" + b"1," * 1000 + b"1]"), limit=1000)
    with pytest.raises(InvalidDocument, match="more than 1000 bytes"):
        [reader.value() for _ in reader.elements()]


def test_a_single_value_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_json, "_LARGEST_PIECE", 1000)
    monkeypatch.setattr(_json, "_CHUNK", 100)
    reader = Reader(io.BytesIO(b'["' + b"x" * 100_000 + b'"]'), limit=LIMIT)
    with pytest.raises(InvalidDocument, match="more than 1000 characters"):
        [reader.value() for _ in reader.elements()]


HUNGRY = """
import sys
from careen.feeds._json import Reader
from careen.feeds.document import InvalidDocument

class Endless:
    start = b"[["
    def read(self, size):
        start, self.start = self.start, b""
        return start + sys.argv[1].encode() * (size // len(sys.argv[1]))

reader = Reader(Endless(), limit=1 << 30)
try:
    [reader.value() for _ in reader.elements()]
except InvalidDocument:
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(int(peak.split()[1]) >> 10)
"""


@pytest.mark.parametrize("piece", ["[],", "{},", "1.1,"])
def test_a_value_that_is_refused_has_not_taken_the_memory_before(piece: str) -> None:
    command = [sys.executable, "-c", HUNGRY, piece]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert 10 < int(said) < 300  # MB, of the whole process
