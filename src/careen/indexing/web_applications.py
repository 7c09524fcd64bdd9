"""Web applications in PHP that are unpacked into an image, by the file in which each keeps its version.

Known with low confidence, and judged by the advisories that Bitnami writes for upstream's versions. Those
that Composer installed are told by its list as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from careen.indexing._metadata import InvalidMetadata, content, invalid
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "web-applications"
VERSION = 2

_ECOSYSTEM = "Bitnami"
_LARGEST = 256 << 10  # bytes; such a file has some ten kB


@dataclass(frozen=True, slots=True)
class _Application:
    name: str  # in Bitnami's advisories
    file: str  # the end of its path
    parts: tuple[str, ...]  # an expression for each part of the version


def _application(name: str, file: str, *parts: str) -> _Application:
    return _Application(name, file, parts)


_VALUE = r"[ \t]*=[ \t]*'([0-9][^'\n]{0,40})'"
_NUMBER = r"[ \t]*=[ \t]*([0-9]{1,9});"
_APPLICATIONS = (
    _application("wordpress", "/wp-includes/version.php", r"^\$wp_version" + _VALUE),
    _application("drupal", "/core/lib/Drupal.php", r"^[ \t]*const VERSION" + _VALUE),
    _application(
        "joomla",
        "/libraries/src/Version.php",
        *(rf"^[ \t]*public const {part}_VERSION{_NUMBER}" for part in ("MAJOR", "MINOR", "PATCH")),
    ),
    # ownCloud, from which it comes, has the same file.
    _application(
        "nextcloud",
        "/version.php",
        rf"^\$OC_VersionString{_VALUE}(?![\s\S]{{0,{_LARGEST}}}^\$vendor[ \t]*=[ \t]*'owncloud')",
    ),
    _application(
        "moodle", "/version.php", r"^\$release[ \t]*=[ \t]*'([0-9][0-9.]{0,20})[^'\n]{0,20}\(Build: "
    ),
    _application("phpmyadmin", "/libraries/classes/Version.php", r"^[ \t]*public const VERSION" + _VALUE),
)
_ENDS = tuple({each.file for each in _APPLICATIONS})

SIGNS = Signs(ends=_ENDS)


def wants(file: File) -> bool:
    return file.path.endswith(_ENDS) and file.size <= _LARGEST


def read(file: File) -> Iterator[Package | Problem]:
    """The first whose version stands in the file; nothing for another file of the same name."""
    try:
        text = content(file)
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    for application in _APPLICATIONS:
        version = _version(text, application) if file.path.endswith(application.file) else ""
        if is_token(version):
            name, kind = application.name, _ECOSYSTEM.lower()
            yield Package(name, version, kind, NAME, file.path, _ECOSYSTEM, confidence="low")
            return


def _version(text: str, application: _Application) -> str:
    """Nothing where a part of it is missing."""
    found = [re.search(part, text, re.MULTILINE) for part in application.parts]
    return ".".join(each[1] for each in found if each) if all(found) else ""
