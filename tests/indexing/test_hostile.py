"""No bytes whatever make an indexer raise, and nothing that it gives is unfit for JSON or a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.indexing import INDEXERS, Indexer
from careen.model.file import File
from careen.model.package import Package

PATHS = (
    "lib/apk/db/installed",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/base",
    "etc/os-release",
    "usr/lib/python3/dist-packages/x.dist-info/METADATA",
    "var/lib/rpm/Packages",
)
# Words of all the formats, so that chance gets past their first lines.
FIELDS = b"Package: a|Status: install ok installed|Version: 1|Source: s (2)|P:a|V:1|Name: a|ID=debian|NAME='"
WORDS = st.sampled_from([*FIELDS.split(b"|"), b"\n", b"\n\n", b"\r\n", b" ", b"\0", b"\xff", b":", b"="])
CONTENT = st.one_of(st.binary(max_size=400), st.lists(WORDS, max_size=30).map(b"".join))


@pytest.mark.parametrize("indexer", INDEXERS)
@given(path=st.sampled_from(PATHS), content=CONTENT)
def test_any_bytes_are_read_without_an_error(indexer: Indexer, path: str, content: bytes) -> None:
    for item in indexer.read(File(path, size=len(content), pieces=(content,))):
        texts = [getattr(item, name) for name in type(item).__slots__]
        assert not any("\0" in text for text in texts if isinstance(text, str))
        if isinstance(item, Package):
            assert item.name
            assert item.version
            assert item.path == path


@pytest.mark.parametrize("indexer", INDEXERS)
@given(path=st.text(max_size=60))
def test_any_path_is_judged_without_an_error(indexer: Indexer, path: str) -> None:
    assert indexer.wants(File(path)) in (True, False)
