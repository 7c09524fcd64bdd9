"""Bottlerocket has no package manager, but an inventory (bottlerocket.dev, "Software inventory").

    {"Content": [{"Name": "glibc", "Epoch": "1", "Version": "2.43", "Release": "1.1773716061.e2e9d7a9.br1",
                  "Architecture": "x86_64", "Publisher": "bottlerocket-core-kit"}]}

They are built as rpm packages, and have their versions.
"""

from collections.abc import Iterator

from careen.indexing._json import InvalidJson, as_object, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, printable
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "bottlerocket"
VERSION = 2

# usr/share/…, and below sys-root/ where the system's own root is mounted
_INVENTORY = "usr/share/bottlerocket/application-inventory.json"

SIGNS = Signs(ends=(_INVENTORY,))


def wants(file: File) -> bool:
    return file.path.endswith(_INVENTORY)


def read(file: File) -> Iterator[Package | Problem]:
    try:
        listed = _listed(load_object(file).get("Content"))
    except InvalidJson as error:
        yield invalid(file, error)
        return
    for each in listed:
        yield _package(file, each)


def _listed(content: object) -> list[dict[str, object]]:
    if not isinstance(content, list):
        raise InvalidJson("it has no list of what is installed")
    return [as_object(each) for each in content]


def _package(file: File, said: dict[str, object]) -> Package | Problem:
    fields = ("Name", "Version", "Release", "Epoch", "Architecture", "Publisher")
    name, version, release, epoch, arch, publisher = (text(said.get(field)) for field in fields)
    full = f"{epoch}:{version}-{release}" if epoch not in ("", "0") else f"{version}-{release}"
    if not version or not release or not all(map(is_token, (name, full, arch or "noarch"))):
        return unnamed(file, name, version if is_token(full) else full)
    return Package(
        name,
        full,
        type="rpm",
        manager=NAME,
        path=file.path,
        arch=arch,
        vendor=printable(publisher),
    )
