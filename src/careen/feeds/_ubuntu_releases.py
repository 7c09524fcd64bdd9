"""Ubuntu's releases: their numbers, codenames, and the end of the standard support (distro-info-data)."""

from collections.abc import Mapping

from careen.model.advisory import Ecosystem
from careen.versions import dpkg

_RELEASES: Mapping[str, tuple[str, str]] = {
    "12.04": ("precise", "2017-04-28"),
    "12.10": ("quantal", "2014-05-16"),
    "13.04": ("raring", "2014-01-27"),
    "13.10": ("saucy", "2014-07-17"),
    "14.04": ("trusty", "2019-04-25"),
    "14.10": ("utopic", "2015-07-23"),
    "15.04": ("vivid", "2016-02-04"),
    "15.10": ("wily", "2016-07-28"),
    "16.04": ("xenial", "2021-04-30"),
    "16.10": ("yakkety", "2017-07-20"),
    "17.04": ("zesty", "2018-01-13"),
    "17.10": ("artful", "2018-07-19"),
    "18.04": ("bionic", "2023-05-31"),
    "18.10": ("cosmic", "2019-07-18"),
    "19.04": ("disco", "2020-01-23"),
    "19.10": ("eoan", "2020-07-17"),
    "20.04": ("focal", "2025-05-29"),
    "20.10": ("groovy", "2021-07-22"),
    "21.04": ("hirsute", "2022-01-20"),
    "21.10": ("impish", "2022-07-14"),
    "22.04": ("jammy", "2027-06-01"),
    "22.10": ("kinetic", "2023-07-20"),
    "23.04": ("lunar", "2024-01-25"),
    "23.10": ("mantic", "2024-07-11"),
    "24.04": ("noble", "2029-05-31"),
    "24.10": ("oracular", "2025-07-10"),
    "25.04": ("plucky", "2026-01-15"),
    "25.10": ("questing", "2026-07-09"),
    "26.04": ("resolute", "2031-05-29"),
}
NUMBERS: Mapping[str, str] = {codename: number for number, (codename, _) in _RELEASES.items()}


def name(number: str) -> str:
    """OSV's name, such as `Ubuntu:22.04:LTS`: April's release of every second year has long-term support.

    Records from before such a release came out leave the `:LTS` away.
    """
    is_lts = number.endswith(".04") and int(number[:2]) % 2 == 0
    return f"Ubuntu:{number}:LTS" if is_lts else f"Ubuntu:{number}"


def ecosystem(number: str) -> Ecosystem:
    """An image may name its release by the number alone, or by the codename."""
    codename, end_of_life = _RELEASES.get(number, ("", ""))
    others = {f"Ubuntu:{number}", f"Ubuntu:{codename}" if codename else name(number)} - {name(number)}
    return Ecosystem(name(number), dpkg.NAME, tuple(sorted(others)), end_of_life)
