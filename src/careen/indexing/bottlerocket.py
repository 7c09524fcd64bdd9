"""Bottlerocket has no package manager, but an inventory (bottlerocket.dev, "Software inventory").

    {"Content": [{"Name": "glibc", "Epoch": "1", "Version": "2.43", "Release": "1.1773716061.e2e9d7a9.br1",
                  "Architecture": "x86_64", "Publisher": "bottlerocket-core-kit"}]}

They are built as rpm packages, and have their versions.
"""

from collections.abc import Iterator

from careen.indexing._json import InvalidJson, as_object, load_object, text
from careen.indexing._metadata import invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token, vendor
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "bottlerocket"
VERSION = 1

# usr/share/…, and below sys-root/ where the system's own root is mounted
_INVENTORY = "usr/share/bottlerocket/application-inventory.json"

SIGNS = Signs(ends=(_INVENTORY,))


def wants(file: File) -> bool:
    return file.path.endswith(_INVENTORY)


def read(file: File) -> Iterator[Package | Problem]:
    try:
        content = load_object(file).get("Content")
        listed = [as_object(each) for each in content] if isinstance(content, list) else []
    except InvalidJson as error:
        yield invalid(file, error)
        return
    for each in listed:
        yield _package(file, each)


def _package(file: File, said: dict[str, object]) -> Package | Problem:
    fields = ("Name", "Version", "Release", "Epoch", "Architecture", "Publisher")
    name, version, release, epoch, arch, publisher = (text(said.get(field)) for field in fields)
    if not version or not release or not all(map(is_token, (name, f"{version}-{release}", arch or "noarch"))):
        return unnamed(file, name, version)
    prefix = f"{epoch}:" if epoch not in ("", "0") else ""
    return Package(
        name,
        f"{prefix}{version}-{release}",
        type="rpm",
        manager=NAME,
        path=file.path,
        arch=arch,
        vendor=vendor(publisher),
    )
