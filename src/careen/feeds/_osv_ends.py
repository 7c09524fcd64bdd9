"""When the distributions that OSV has exports of end: of each release the last day of security's support."""

from collections.abc import Mapping

ENDS: Mapping[str, str] = {
    # wiki.almalinux.org/release-notes, wiki.rockylinux.org/rocky/version
    "AlmaLinux:8": "2029-03-01",
    "AlmaLinux:9": "2032-05-31",
    "AlmaLinux:10": "2035-05-31",
    "Rocky Linux:8": "2029-05-31",
    "Rocky Linux:9": "2032-05-31",
    "Rocky Linux:10": "2035-05-31",
    # mageia.org/support; of the newest it only says "at least"
    "Mageia:1": "2012-12-01",
    "Mageia:2": "2013-11-22",
    "Mageia:3": "2014-11-26",
    "Mageia:4": "2015-09-19",
    "Mageia:5": "2017-12-31",
    "Mageia:6": "2019-09-30",
    "Mageia:7": "2021-06-30",
    "Mageia:8": "2023-11-30",
    # openeuler.org/en/download/archive names months; each service pack has its own
    "openEuler:20.03-LTS": "2021-03-31",
    "openEuler:20.03-LTS-SP1": "2022-12-31",
    "openEuler:20.03-LTS-SP2": "2022-04-30",
    "openEuler:20.03-LTS-SP3": "2023-12-31",
    "openEuler:20.03-LTS-SP4": "2025-11-30",
    "openEuler:22.03-LTS": "2024-03-31",
    "openEuler:22.03-LTS-SP1": "2024-12-31",
    "openEuler:22.03-LTS-SP2": "2024-03-31",
    "openEuler:22.03-LTS-SP3": "2025-12-31",
    "openEuler:22.03-LTS-SP4": "2026-06-30",
    "openEuler:24.03-LTS": "2026-05-31",
    "openEuler:24.03-LTS-SP1": "2026-12-31",
    "openEuler:24.03-LTS-SP2": "2026-03-31",
    "openEuler:24.03-LTS-SP3": "2027-12-31",
    "openEuler:24.03-LTS-SP4": "2027-03-31",
    "openEuler:23.03": "2023-09-30",
    "openEuler:23.09": "2024-03-31",
    "openEuler:24.09": "2025-03-31",
    "openEuler:25.03": "2025-09-30",
    "openEuler:25.09": "2026-03-31",
    "openEuler:26.09": "2027-03-31",
}
