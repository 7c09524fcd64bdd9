"""What an image holds."""

from dataclasses import dataclass

from careen.model.distro import Distro
from careen.model.package import Package
from careen.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an image holds as its final tree shows it."""

    distro: Distro | None
    packages: tuple[Package, ...]
    problems: tuple[Problem, ...]
    repositories: tuple[str, ...] = ()  # ids of the repositories that it was built from
    cpes: tuple[str, ...] = ()  # those of its repositories, where the evidence names them itself
