"""Version schemes: one module each, `key(text) -> bytes`, whose memcmp order is version order."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Protocol, cast


class Scheme(Protocol):
    r"""A way to write versions, and their order.

    No key begins with the byte 0xff, so that b"\xff" is above every version and b"" below it. A scheme may
    have two more functions of the same form: `source_key`, where versions of source packages are written
    otherwise, and `after`, what is just above a version, where that is not its key with a zero behind it.
    """

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of a module
    def key(self, text: str) -> bytes:
        """A key whose memcmp order is the order of versions; raises InvalidVersion."""
        ...


SCHEMES = (
    "alpm",
    "apk",
    "bitnami",
    "composer",
    "conan",
    "cran",
    "dpkg",
    "gem",
    "golang",
    "hackage",
    "jvm",
    "maven",
    "npm",
    "nuget",
    "pep440",
    "pub",
    "rpm",
    "semver",
)


class _Schemes(Mapping[str, Scheme]):
    """A module is loaded when it is asked for: an image needs one or two of them."""

    def __getitem__(self, name: str) -> Scheme:
        if name not in SCHEMES:
            raise KeyError(name)
        return cast("Scheme", import_module(f"{__name__}.{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(SCHEMES)

    def __len__(self) -> int:
        return len(SCHEMES)


BY_NAME: Mapping[str, Scheme] = _Schemes()
