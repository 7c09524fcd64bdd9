"""A Linux distribution as os-release(5) names it, and its name in OSV's list of ecosystems."""

import re
from dataclasses import dataclass

# OSV's names (ossf.github.io/osv-schema, "Defined ecosystems"), by the ID of os-release.
_ECOSYSTEMS = {"debian": "Debian", "alpine": "Alpine"}

# The purl type of the packages that such a distribution is made of.
_PACKAGE_TYPES = {"debian": "deb", "alpine": "apk"}


@dataclass(frozen=True, slots=True)
class Distro:
    id: str  # "debian"
    version_id: str = ""  # "12"; "" = not said (Debian testing and sid)
    codename: str = ""  # "bookworm"
    name: str = ""  # for people: PRETTY_NAME
    path: str = ""  # the file that says so

    @property
    def package_type(self) -> str:
        """The purl type of this distribution's own packages; "" for an unknown ID."""
        return _PACKAGE_TYPES.get(self.id, "")

    @property
    def ecosystem(self) -> str:
        """OSV's ecosystem of this release, such as `Debian:12` or `Alpine:v3.18`; "" for an unknown ID.

        Where no VERSION_ID is given the codename stands for it (`Debian:trixie`).
        """
        family = _ECOSYSTEMS.get(self.id)
        if family is None:
            return ""
        if self.id == "alpine":
            return f"{family}:{_alpine_release(self.version_id)}"
        release = self.version_id or self.codename
        return f"{family}:{release}" if release else family


def _alpine_release(version_id: str) -> str:
    """`v3.18` of `3.18.9`; a snapshot such as `3.21_alpha20240807` is edge."""
    match = re.fullmatch(r"(\d+\.\d+)(\.\d+)*(_rc\d+)?", version_id)
    return f"v{match[1]}" if match else "edge"
