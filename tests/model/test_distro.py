"""What a distribution is called among OSV's ecosystems."""

import pytest

from careen.model.distro import Distro


@pytest.mark.parametrize(
    ("id_", "version_id", "ecosystem"),
    [
        ("debian", "12", "Debian:12"),
        ("alpine", "3.18.9", "Alpine:v3.18"),
        ("alpine", "3.21_alpha20240807", "Alpine:edge"),
        ("almalinux", "9.4", "AlmaLinux:9"),
        ("almalinux", "10.0", "AlmaLinux:10"),
        ("almalinux", "", "AlmaLinux"),
        ("amzn", "2023", "Amazon Linux:2023"),
        ("azurelinux", "3.0", "Azure Linux:3"),
        ("mariner", "2.0", "Azure Linux:2"),
        ("mageia", "9", "Mageia:9"),
        ("ol", "9.4", "Oracle Linux:9"),
        ("openeuler", "22.03", "openEuler:22.03"),
        ("opensuse-leap", "15.5", "openSUSE:Leap 15.5"),
        ("opensuse-tumbleweed", "20241108", "openSUSE:Tumbleweed"),
        ("photon", "5.0", "Photon OS:5.0"),
        ("bottlerocket", "1.34.0", "Bottlerocket"),
        ("rhel", "8.8", "Red Hat:enterprise_linux:8"),
        ("rocky", "9.3", "Rocky Linux:9"),
        ("sles", "15.3", "SUSE:Linux Enterprise Server 15 SP3"),
        ("sles", "15", "SUSE:Linux Enterprise Server 15"),
        ("sles", "16.0", "SUSE:Linux Enterprise Server 16.0"),
        ("sle-micro", "5.5", "SUSE:Linux Enterprise Micro 5.5"),
        ("suse-microos", "5.1", "SUSE:Linux Enterprise Micro 5.1"),
        ("sl-micro", "6.0", "SUSE:Linux Micro 6.0"),
        ("opensuse", "42.3", "openSUSE:Leap 42.3"),
        ("opensuse-leap-micro", "5.5", "openSUSE:Leap Micro 5.5"),
        ("hummingbird", "20251124", "Red Hat:hummingbird:1"),
        ("rhel", "10.1", "Red Hat:enterprise_linux:10"),
        ("ubuntu", "22.04", "Ubuntu:22.04"),
        ("wolfi", "20230201", "Wolfi"),
        ("chainguard", "20230214", "Chainguard"),
        ("minimos", "20241031", "MinimOS"),
        ("raspbian", "11", "Raspbian:11"),
        ("kali", "2024.3", "Kali"),
        ("linuxmint", "21.3", "Linux Mint:21.3"),
        ("postmarketos", "v23.12", "postmarketOS:v23.12"),
        ("plan9", "4", ""),
    ],
)
def test_a_release_has_the_name_that_osv_gives_it(id_: str, version_id: str, ecosystem: str) -> None:
    assert Distro(id_, version_id).ecosystem == ecosystem


def test_a_codename_stands_for_a_release_that_has_no_number() -> None:
    assert Distro("debian", codename="trixie").ecosystem == "Debian:trixie"


def test_its_own_packages_are_of_one_type() -> None:
    types = [Distro(id_).package_type for id_ in ("debian", "alpine", "almalinux", "sles", "plan9")]
    assert types == ["deb", "apk", "rpm", "rpm", ""]


@pytest.mark.parametrize(
    ("id_", "version_id", "name", "ecosystem"),
    [
        ("centos", "8", "CentOS Linux 8", "CentOS:8"),
        ("centos", "8", "CentOS Stream 8", "CentOS Stream:8"),
        ("centos", "10", "CentOS Stream 10 (Coughlan)", "CentOS Stream:10"),
        ("openeuler", "22.03", "openEuler 22.03 (LTS-SP3)", "openEuler:22.03-LTS-SP3"),
        ("openeuler", "24.03", "openEuler 24.03 (LTS)", "openEuler:24.03-LTS"),
        ("openeuler", "25.09", "openEuler 25.09", "openEuler:25.09"),
    ],
)
def test_what_the_version_leaves_away_the_name_says(
    id_: str, version_id: str, name: str, ecosystem: str
) -> None:
    assert Distro(id_, version_id, name=name).ecosystem == ecosystem
