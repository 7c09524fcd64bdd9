"""Severities, worst first, numbered as `yandex.cloud.containerregistry.v1.Vulnerability.Severity`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4
    NEGLIGIBLE = 5
    UNDEFINED = 6


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings (rows) there are of each severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    negligible: int = 0
    undefined: int = 0

    @classmethod
    def of(cls, severities: Iterable[Severity]) -> "Counts":
        counted = dict.fromkeys(Severity, 0)
        for severity in severities:
            counted[severity] += 1
        return cls(*(counted[severity] for severity in Severity))
