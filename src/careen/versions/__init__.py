"""Version schemes: one module each, `key(text) -> bytes`, whose memcmp order is version order."""

from typing import Protocol

from careen.versions import (
    alpm,
    apk,
    bitnami,
    composer,
    conan,
    cran,
    dpkg,
    gem,
    golang,
    hackage,
    jvm,
    maven,
    npm,
    nuget,
    pep440,
    pub,
    rpm,
    semver,
)


class Scheme(Protocol):
    r"""A way to write versions, and their order.

    No key begins with the byte 0xff, so that b"\xff" is above every version and b"" below it.
    """

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of a module
    def key(self, text: str) -> bytes:
        """A key whose memcmp order is the order of versions; raises InvalidVersion."""
        ...


SCHEMES: list[Scheme] = [
    alpm,
    apk,
    bitnami,
    composer,
    conan,
    cran,
    dpkg,
    gem,
    golang,
    hackage,
    jvm,
    maven,
    npm,
    nuget,
    pep440,
    pub,
    rpm,
    semver,
]

BY_NAME = {scheme.NAME: scheme for scheme in SCHEMES}
