import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packageurl import PackageURL

from careen.images.purl import purl
from careen.model.distro import Distro
from careen.model.package import Package


def test_an_rpm_has_its_epoch_as_a_qualifier() -> None:
    package = Package(
        "ca-certificates-base",
        "1:2.0.0-1.cm2",
        "rpm",
        "rpm",
        "var/lib/rpm/rpmdb.sqlite",
        source="ca-certificates",
        source_version="2.0.0-1.cm2",
        arch="noarch",
    )
    assert purl(package, Distro("mariner", "2.0")) == (
        "pkg:rpm/mariner/ca-certificates-base@2.0.0-1.cm2"
        "?arch=noarch&distro=mariner-2.0&epoch=1&upstream=ca-certificates"
    )


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("maven", "org.apache.commons:commons-lang3", "pkg:maven/org.apache.commons/commons-lang3@1.0"),
        ("maven", "commons-lang3", "pkg:maven/commons-lang3@1.0"),
        ("golang", "github.com/BurntSushi/toml", "pkg:golang/github.com/BurntSushi/toml@1.0"),
        ("golang", "stdlib", "pkg:golang/stdlib@1.0"),
        ("golang", "odd/", "pkg:golang/odd%2F@1.0"),
        ("npm", "@babel/core", "pkg:npm/%40babel/core@1.0"),
        ("composer", "monolog/monolog", "pkg:composer/monolog/monolog@1.0"),
        ("cargo", "serde", "pkg:cargo/serde@1.0"),
    ],
)
def test_a_language_s_namespaces_stand_before_the_name(kind: str, name: str, expected: str) -> None:
    assert purl(Package(name, "1.0", type=kind, manager="", path="a"), None) == expected


@pytest.mark.parametrize(
    ("distro", "expected"),
    [
        (Distro("rhel", "9.4"), "pkg:rpm/redhat/bash@5.1-2?distro=rhel-9.4"),
        (Distro("opensuse-leap", "15.6"), "pkg:rpm/opensuse/bash@5.1-2?distro=opensuse-leap-15.6"),
        (Distro("rocky", "9.4"), "pkg:rpm/rocky/bash@5.1-2?distro=rocky-9.4"),
        (Distro("arch"), "pkg:rpm/arch/bash@5.1-2?distro=arch"),
        (None, "pkg:rpm/bash@5.1-2"),
    ],
)
def test_the_vendor_is_the_namespace_of_a_distribution_s_package(
    distro: Distro | None, expected: str
) -> None:
    assert purl(Package("bash", "5.1-2", "rpm", "rpm", "a"), distro) == expected


def test_the_digest_of_an_archive_is_a_qualifier() -> None:
    package = Package("mine", "1.0", "maven", "maven", "a.jar", qualifiers="checksum=sha1:0123")
    assert purl(package, None) == "pkg:maven/mine@1.0?checksum=sha1:0123"


def test_what_conda_calls_a_platform_is_a_qualifier() -> None:
    package = Package("absl-py", "0.4.1", "conda", "conda", "a", qualifiers="subdir=linux-64")
    assert purl(package, None) == "pkg:conda/absl-py@0.4.1?subdir=linux-64"


@given(
    kind=st.sampled_from(["maven", "golang", "npm", "composer", "pypi"]),
    name=st.text("/:@a. %?#", min_size=1, max_size=6),
)
def test_any_name_has_a_purl(kind: str, name: str) -> None:
    assert purl(Package(name, "1.0", type=kind, manager="", path="a"), None).startswith(f"pkg:{kind}/")


TEXT = st.text("aZ09.+~:@_-/ %é", max_size=6)
PACKAGES = st.builds(
    Package,
    name=TEXT.filter(lambda name: name.strip("/ ")),
    version=TEXT,
    type=st.sampled_from(["deb", "rpm", "apk", "alpm"]),
    manager=st.just("dpkg"),
    path=st.just("status"),
    ecosystem=st.just(""),
    source=TEXT,
    source_version=TEXT,
    arch=TEXT,
)


@given(PACKAGES, TEXT.filter(lambda id_: id_.strip("/ ")), TEXT)
@example(
    Package("libstdc++", "13.2.1", type="apk", manager="apk", path="lib/apk/db/installed"), "a+B", "3.19"
)
def test_a_distribution_s_package_is_written_as_the_reference_writes_it(
    package: Package, id_: str, release: str
) -> None:
    """github.com/package-url/packageurl-python."""
    epoch, _, version = (
        package.version.rpartition(":") if package.type == "rpm" else ("", "", package.version)
    )
    upstream = package.source if package.source != package.name else ""
    if package.source_version not in ("", version):
        upstream = f"{package.source or package.name}@{package.source_version}"
    named = f"{id_}-{release}" if release else id_
    qualifiers = {"arch": package.arch, "distro": named, "epoch": epoch, "upstream": upstream}
    reference = PackageURL(package.type, id_, package.name, version, qualifiers).to_string()
    assert purl(package, Distro(id_, release)) == reference
