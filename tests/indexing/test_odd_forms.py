"""Odd forms of evidence that were met in images, or stand in other scanners' tests: a line each."""

import io
import json
import zipfile

import pytest

from careen.indexing import INDEXERS
from careen.model.distro import Distro
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

METADATA = "usr/lib/python3.11/site-packages/x.dist-info/METADATA"
STATUS = "var/lib/dpkg/status"
APK = "lib/apk/db/installed"
GEM = "usr/lib/ruby/gems/3.1.0/specifications/foo-1.0.gemspec"
NPM = "app/node_modules/x/package.json"
COMPOSER = "app/vendor/composer/installed.json"
APP = "app/lib/cowboy/ebin/cowboy.app"
POM = "workspace/META-INF/maven/g/a/pom.properties"
PROBLEM = "a problem"


def told(path: str, text: str) -> list[str]:
    """Packages as NAME@VERSION, distributions as ID@VERSION_ID."""
    return told_of(path, text.encode())


def told_of(path: str, content: bytes) -> list[str]:
    file = File(path, size=len(content), pieces=(content,), head=content[:8])
    return [
        said
        for indexer in INDEXERS
        if indexer.wants(file)
        for said in map(_shown, indexer.read(file))
        if said
    ]


def _shown(item: object) -> str:
    if isinstance(item, Package):
        return f"{item.name}@{item.version}"
    if isinstance(item, Distro):
        return f"{item.id}@{item.version_id}"
    return PROBLEM if isinstance(item, Problem) else ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Metadata-Version: 2.1\r\nName: Foo.Bar_Baz\r\nVersion: 1.0\r\n\r\nName: other",
            ["foo-bar-baz@1.0"],
        ),
        ("\ufeffMetadata-Version: 2.1\nName: foo\nVersion: 1.0\n", ["foo@1.0"]),
        ("metadata-version: 2.1\nNAME: Foo\nversion: 1.0 \n", ["foo@1.0"]),
        ("Name: root\nVersion: 1.0.0\nVersion: 2.0.0\n", ["root@1.0.0"]),
        ("Name: foo\nDescription: a\n        |Name: no\nVersion: 1!2.0+local.1\n", ["foo@1!2.0+local.1"]),
        ("Keywords: a,\nb\nName: foo\nVersion: 1\n", ["foo@1"]),  # a line that should have been folded
        ("Name: foo\nVersion: 1.0 (beta)\n", [PROBLEM]),
        ("Name : foo\nVersion: 1.0\n", [PROBLEM]),
        ("", [PROBLEM]),
    ],
)
def test_python(text: str, expected: list[str]) -> None:
    assert told(METADATA, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Package: a\nVersion: 1\nStatus:  install  ok  installed\n\n\n\n", ["a@1"]),
        ("Package: a\nVersion: 1\nStatus: hold ok unpacked\nSource: b(3)\n", ["a@1"]),
        ("Package: a\nVersion: 1\nStatus: install reinstreq half-installed\n", []),
        ("Package: a\nVersion: 1\nStatus: deinstall ok config-files\n", []),
        ("Package: a\nVersion: 1\nStatus: purge ok not-installed\n", []),
        ("Package: a\nStatus: install ok installed\n", [PROBLEM]),
    ],
)
def test_dpkg(text: str, expected: list[str]) -> None:
    assert told(STATUS, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P:musl\r\nV:1.2\r\nA:x86_64\r\n\r\n", ["musl@1.2"]),
        (
            "C:Q1x\nP:musl\nV:1.2\nA:x86_64\no:\n\n\n\nP:v\nV:1_git20200101-r0\nA:noarch\n",
            ["musl@1.2", "v@1_git20200101-r0"],
        ),
        ("P:a\nA:x86_64\n\nP:b\nV:1\n\n", [PROBLEM, "b@1"]),
    ],
)
def test_apk(text: str, expected: list[str]) -> None:
    assert told(APK, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'Gem::Specification.new do |s|\n  s.name = "foo".freeze\n  s.version = "1.0"\nend\n',
        "Gem::Specification.new do |spec|\n  spec.name    = 'foo'\n  spec.version = Foo::VERSION\nend\n",
        "Gem::Specification.new 'foo', '1.0' do |s|\nend\n",
        "Gem::Specification.new do |s|\n  s.name=%q{foo}\n  s.version=Gem::Version.new('1.0')\nend\n",
        '# stub: foo 1.0 java lib\nGem::Specification.new do |s|\n  s.platform = "java"\nend\n',
    ],
)
def test_ruby(text: str) -> None:
    assert told(GEM, text) == ["foo@1.0"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "x", "version": " v1.2.3 "}', ["x@1.2.3"]),
        ('{"name": "x", "version": "=1.2.3"}', ["x@1.2.3"]),
        ('\ufeff{"name": "x", "version": "1.0.0"}', ["x@1.0.0"]),
        ('{"name": "@a/b", "version": "1.0.0-beta+b"}', ["@a/b@1.0.0-beta+b"]),
        ('{"name": "", "version": "1"}', []),
        ('{"type": "module"}', []),
        ('{"name": "x", "version": 1}', [PROBLEM]),
        ('{"name": ["x"], "version": "1"}', [PROBLEM]),
        ('{"name": "x", "version": "1.0.0",}', [PROBLEM]),
        ("[]", [PROBLEM]),
    ],
)
def test_npm(text: str, expected: list[str]) -> None:
    assert told(NPM, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ("{}", [PROBLEM]),
        ('{"packages": [{"name": "A/B", "version": "v1.0"}], "dev": true}', ["a/b@v1.0"]),
        ('{"packages": [{"name": "a/b"}, {"name": "c/d", "version": "1"}]}', [PROBLEM, "c/d@1"]),
    ],
)
def test_composer(text: str, expected: list[str]) -> None:
    assert told(COMPOSER, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "%% made by rebar\n{application, 'cowboy', [\n\t{vsn, \"2.9.0\"},\n{modules,[]}]}.\n",
            ["cowboy@2.9.0"],
        ),
        ('{application,cowboy,[{vsn,"2.9.0+build.4"}]}.', ["cowboy@2.9.0+build.4"]),
        ("{application,cowboy,[{vsn,git}]}.", [PROBLEM]),
    ],
)
def test_erlang(text: str, expected: list[str]) -> None:
    assert told(APP, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#Generated\n#Mon\nversion = 1.0\ngroupId: com.acme\nartifactId=tool\n", ["com.acme:tool@1.0"]),
        ("version=1.0\r\nartifactId=tool\r\n", ["g:tool@1.0"]),
        ("version=1.0\n", ["g:a@1.0"]),
        ("version=${revision}\ngroupId=com.acme\nartifactId=tool\n", []),
    ],
)
def test_maven(text: str, expected: list[str]) -> None:
    assert told(POM, text) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("etc/os-release", "NAME=X\n# c\nID='alpine'\nVERSION_ID=3.18\n", ["alpine@3.18"]),
        ("usr/lib/os-release", 'ID="rhel"\nVERSION_ID="9.4"\n', ["rhel@9.4"]),
        ("etc/os-release", 'NAME="Debian"\nVERSION_ID=8\nID_LIKE=debian\n', [PROBLEM]),
        ("etc/redhat-release", "CentOS release 5.7 (Final)\n", ["centos@5.7"]),
        ("etc/redhat-release", "Red Hat Enterprise Linux AS release 4 (Nahant Update 8)\n", ["rhel@4"]),
        ("etc/redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n", ["rhel@5.11"]),
        ("etc/redhat-release", "BadBadBad release\n", []),
        ("opt/jdk/release", 'JAVA_VERSION="1.8.0_392"\nOS_ARCH="amd64"\n', ["java@8.0.392"]),
        ("etc/release", "Solaris 10\n", []),
    ],
)
def test_releases(path: str, text: str, expected: list[str]) -> None:
    assert told(path, text) == expected


def zipped(**members: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in members.items():
            opened.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return archive.getvalue()


def test_a_registry_of_pear_counts_bytes_as_php_does() -> None:
    for notes in (b"a\r\nb", b"J\xf6rg", "J\u00f6rg".encode()):
        said = b'a:3:{s:4:"name";s:5:"redis";s:7:"version";s:5:"6.0.2";s:5:"notes";s:%d:"%b";}'
        assert told_of("usr/share/php/.registry/redis.reg", said % (len(notes), notes)) == [
            "pear.php.net/redis@6.0.2"
        ]


def test_a_pom_that_lies_where_maven_puts_none_names_no_artifact_by_its_folder() -> None:
    found = told_of("app/x.jar", zipped(**{"BOOT-INF__classes__pom_DOT_properties": b"version=1.0\n"}))
    assert not any(each.startswith("BOOT-INF") for each in found)


def test_owncloud_is_not_nextcloud() -> None:
    text = "<?php\n$OC_VersionString = '10.13.0';\n$vendor = '{}';\n"
    assert told("var/www/version.php", text.replace("{}", "owncloud")) == []
    assert told("var/www/version.php", text.replace("{}", "nextcloud")) == ["nextcloud@10.13.0"]


def test_components_that_an_sbom_has_beyond_the_bounds_are_told() -> None:
    component: dict[str, object] = {"purl": "pkg:npm/deep@1.0.0"}
    for _ in range(17):
        component = {"components": [component]}
    document = {"bomFormat": "CycloneDX", "components": [component, {"purl": "pkg:npm/a@1.0.0"}]}
    assert sorted(told("app/bom.json", json.dumps(document))) == [PROBLEM, "a@1.0.0"]
    many = [{"purl": f"pkg:npm/a@1.0.{number}"} for number in range(100_001)]
    found = told("app/bom.json", json.dumps({"bomFormat": "CycloneDX", "components": many}))
    assert (found[0], len(found)) == (PROBLEM, 100_001)


def test_an_inventory_of_bottlerocket_is_a_list_and_its_epochs_are_part_of_the_version() -> None:
    path = "usr/share/bottlerocket/application-inventory.json"
    item = {"Name": "glibc", "Epoch": "1 \n2", "Version": "2.43", "Release": "1"}
    assert told(path, json.dumps({"Content": [item]})) == [PROBLEM]
    assert told(path, json.dumps({"Content": {}})) == [PROBLEM]


def test_repositories_of_apk_beyond_the_bound_are_told() -> None:
    text = "https://dl-cdn.alpinelinux.org/alpine/v3.18/main\n" + "#" * (64 << 10)
    assert PROBLEM in told("etc/apk/repositories", text)
