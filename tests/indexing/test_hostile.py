"""No bytes whatever make an indexer raise, and nothing that it gives is unfit for JSON or a database."""

import json

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
    "usr/lib/python3/dist-packages/a.egg",
    "app/.yarn/cache/a.zip",
    "opt/rabbitmq/plugins/a.ez",
    "app/node_modules/a/package.json",
    "app/vendor/composer/installed.json",
    "app/a.deps.json",
    "opt/conda/conda-meta/a.json",
    "usr/lib/ruby/gems/3.3.0/specifications/a-1.gemspec",
    "usr/lib/R/library/a/DESCRIPTION",
    "app/lib/a-1/ebin/a.app",
    "root/.julia/packages/A/Abc12/Project.toml",
    "root/.pub-cache/hosted/pub.dev/a-1/pubspec.yaml",
    "usr/local/lib/luarocks/rocks-5.1/a/1-1/a-1-1.rockspec",
    "usr/local/lib/perl5/.meta/A-1/MYMETA.json",
    "usr/local/lib/php/.registry/a.reg",
    "var/lib/ghc/package.conf.d/a-1.conf",
    "app/bom.json",
    "app/META-INF/maven/g/a/pom.properties",
    "var/www/version.php",
    "etc/redhat-release",
    "etc/lsb-release",
    "etc/SuSE-release",
    "etc/debian_version",
)
# Words of all the formats, so that chance gets past their first lines.
FIELDS = b"Package: a|Status: install ok installed|Version: 1|Source: s (2)|P:a|V:1|Name: a|ID=debian|NAME='"
WORDS = st.sampled_from([*FIELDS.split(b"|"), b"\n", b"\n\n", b"\r\n", b" ", b"\0", b"\xff", b":", b"="])
KEYS = (
    b"bomFormat|CycloneDX|components|purl|pkg:npm/a@1|spdxVersion|name|version|packages|libraries|targets|"
    b"runtimeTarget|type|package|subdir|a|1.0|a/1"
)
NAMES = st.sampled_from(KEYS.decode().split("|"))
DOCUMENTS = st.recursive(
    st.one_of(NAMES, st.none(), st.integers(), st.text(max_size=4)),
    lambda values: st.one_of(st.lists(values, max_size=3), st.dictionaries(NAMES, values, max_size=4)),
).map(lambda value: json.dumps(value).encode())
SOURCES = (
    b'a:1:{|s:4:"name";|s:1:"a";|DISTRIB_ID=A|CentOS release 6|VERSION = 1|groupId=g|'
    b"s.name = |s.version = |Built: R|Package: a|{application, a, [|{vsn, |}|%q<|version = |# stub: |'1.0'|'"
)
TEXTS = st.lists(st.sampled_from([*SOURCES.split(b"|"), b"\n", b" "]), max_size=30).map(b"".join)
CONTENT = st.one_of(st.binary(max_size=400), st.lists(WORDS, max_size=30).map(b"".join), DOCUMENTS, TEXTS)


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
