"""What could not be read, decided or judged: said in every result, never skipped in silence."""

from dataclasses import dataclass
from enum import StrEnum


class ProblemKind(StrEnum):
    UNKNOWN_DISTRIBUTION = (
        "unknown-distribution"  # packages of a distribution, but no os-release names one we know
    )
    UNKNOWN_RELEASE = "unknown-release"  # a newer release than any feed has; judged by the nearest
    MIXED_RELEASES = "mixed-releases"  # the packages come from another release than os-release names
    END_OF_LIFE = "end-of-life"  # upstream no longer publishes advisories for this release
    NO_FEED = "no-feed"  # the snapshot has no advisories for this ecosystem
    NO_LANGUAGE_FEED = "no-language-feed"  # the same of a language, while other packages were judged
    NO_PACKAGES = "no-packages"  # nothing in the image could be recognised as a package
    NO_PACKAGE_DATABASE = "no-package-database"  # a known distribution, but only other packages were found
    INVALID_VERSION = "invalid-version"  # a version that its scheme cannot order
    INVALID_METADATA = "invalid-metadata"  # one package's metadata could not be read
    CORRUPT_DATABASE = "corrupt-database"  # a package database could not be read (as a whole)
    UNSUPPORTED_DATABASE = "unsupported-database"  # a package database that careen cannot read yet
    CORRUPT_LAYER = "corrupt-layer"  # a layer's bytes are not what they claim to be
    FOREIGN_LAYER = "foreign-layer"  # a layer that is not in the registry
    MISSING_PLATFORM = "missing-platform"  # an index names an image that is not in the registry
    BUDGET_EXCEEDED = "budget-exceeded"  # a limit on hostile input was reached
    THIRD_PARTY_PACKAGE = "third-party-package"  # not built by the distribution: nobody's advisories apply
    KERNEL_HEADERS = "kernel-headers"  # packages of the kernel's source without anything that runs
    INVALID_ADVISORY = "invalid-advisory"  # an advisory of a feed that could not be read


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    kind: ProblemKind
    path: str  # inside the image, without a leading "/"; "" = the image as a whole
    message: str


# With one of these an image cannot be judged: its counts would be silence, so its ScanResult is an ERROR.
FATAL = frozenset(
    {
        ProblemKind.UNKNOWN_DISTRIBUTION,
        ProblemKind.NO_FEED,
        ProblemKind.NO_PACKAGES,
        ProblemKind.CORRUPT_DATABASE,
        ProblemKind.UNSUPPORTED_DATABASE,
        ProblemKind.CORRUPT_LAYER,
        ProblemKind.FOREIGN_LAYER,
        ProblemKind.BUDGET_EXCEEDED,
    }
)
