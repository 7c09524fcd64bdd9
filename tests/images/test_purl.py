import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(
    kind=st.sampled_from(["maven", "golang", "npm", "composer", "pypi"]),
    name=st.text("/:@a. %?#", min_size=1, max_size=6),
)
def test_any_name_has_a_purl(kind: str, name: str) -> None:
    assert purl(Package(name, "1.0", type=kind, manager="", path="a"), None).startswith(f"pkg:{kind}/")
