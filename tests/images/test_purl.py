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
