"""Large files of the distribution: proved by their time where that can be, else by their digest."""

import hashlib
import io
import random
import tarfile
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping

import pytest

from careen.images.squash import squash
from careen.model import content
from careen.model.layer import LayerIndex

STATUS = "var/lib/dpkg/status"
INSTALLED = "Package: libdbus-java\nStatus: install ok installed\nVersion: 4.2-1\n"
SUMS = "var/lib/dpkg/info/libdbus-java.md5sums"
LIST = "var/lib/dpkg/info/libdbus-java.list"
DBUS = "usr/share/java/dbus.jar"
BUILT, LATER, NOW = 1_685_030_075, 1_700_000_000, 1_795_746_136
PADDING = random.Random(1).randbytes(2 << 20)

Times = Mapping[str, int] | int
MakeLayer = Callable[..., LayerIndex]


def jar(version: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        text = f"groupId=org.freedesktop\nartifactId=dbus\nversion={version}\n"
        archive.writestr("META-INF/maven/org.freedesktop/dbus/pom.properties", text)
        archive.writestr("padding", PADDING)
    return out.getvalue()


JAR, OTHER = jar("4.2"), jar("4.3")
MD5 = hashlib.md5(JAR).hexdigest()
FALSE = "0123456789abcdef" * 2  # a digest that nobody computes


@pytest.fixture
def layer(index_archive: Callable[[bytes], LayerIndex]) -> MakeLayer:
    def make(entries: Mapping[str, str | bytes], times: Times, mode: int = 0o644) -> LayerIndex:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for path, written in entries.items():
                data = written.encode() if isinstance(written, str) else written
                info = tarfile.TarInfo(path)
                info.size, info.mode = len(data), mode
                info.mtime = times if isinstance(times, int) else times.get(path, NOW)
                tar.addfile(info, io.BytesIO(data))
        return index_archive(out.getvalue())

    return make


def debian(data: bytes, said: str = MD5, path: str = DBUS) -> dict[str, str | bytes]:
    """In the order of an archive: the file comes before the database."""
    sums, listed = f"{said}  {path}\n", f"/.\n/{path}\n"
    return {"etc/apt/a": "", DBUS: data, LIST: listed, SUMS: sums, STATUS: INSTALLED}


def owner(*layers: LayerIndex) -> str:
    (found,) = (package for package in squash(layers).packages if not package.is_os)
    return found.owner


def known(found: LayerIndex) -> dict[str, str]:
    return dict(word.split("=") for word in found.contents[DBUS].split())


def test_a_file_with_the_time_of_its_packages_digests_is_what_they_say(layer: MakeLayer) -> None:
    found = layer(debian(JAR, FALSE), {DBUS: BUILT, SUMS: BUILT})
    assert known(found)["md5"] == FALSE[:16]
    assert owner(found) == "libdbus-java"


def test_the_package_may_call_it_by_its_path_of_before_the_merge(layer: MakeLayer) -> None:
    found = layer(debian(JAR, FALSE, DBUS.removeprefix("usr/")), {DBUS: BUILT, SUMS: BUILT})
    assert known(found)["md5"] == FALSE[:16]


@pytest.mark.parametrize(
    "times",
    [
        {DBUS: LATER, SUMS: BUILT},
        {DBUS: BUILT - 1, SUMS: BUILT},
        {},
        LATER,
        {DBUS: BUILT, SUMS: BUILT, LIST: BUILT},
    ],
    ids=["later", "a second before", "that of the list too", "all the same", "installed when it was built"],
)
def test_r2_with_another_time_the_digest_decides(layer: MakeLayer, times: Times) -> None:
    assert known(layer(debian(JAR), times))["md5"] == MD5[:16]
    assert owner(layer(debian(JAR), times)) == "libdbus-java"
    assert owner(layer(debian(OTHER), times)) == ""


def test_without_a_list_of_files_nobody_knows_when_it_was_installed(layer: MakeLayer) -> None:
    entries = debian(OTHER)
    del entries[LIST]
    assert owner(layer(entries, {DBUS: BUILT, SUMS: BUILT})) == ""


@pytest.mark.parametrize("untold", [0, 1, 315_532_800])
def test_a_file_without_a_time_has_its_digests_at_once(layer: MakeLayer, untold: int) -> None:
    assert {*known(layer({DBUS: JAR}, untold))} == {"time", *content.ALGORITHMS}


def test_no_digest_is_made_before_it_is_known_who_asks(layer: MakeLayer) -> None:
    assert {*known(layer({DBUS: JAR}, BUILT))} == {"time"}


def test_apks_digests_are_made_at_once(layer: MakeLayer) -> None:
    assert {*known(layer({"etc/apk/world": "", DBUS: JAR}, BUILT))} == {"time", "sha1"}


def test_the_digest_is_made_that_the_database_has(layer: MakeLayer) -> None:
    folder, _, name = DBUS.rpartition("/")
    sha1 = b64encode(hashlib.sha1(JAR).digest()).decode()
    database = (
        f"P:dbus-java\nV:4.2-r1\nA:x86_64\no:dbus-java\nF:{folder}\nR:{name}\na:0:0:644\nZ:Q1{sha1}\n\n"
    )
    found = layer({DBUS: JAR, "var/lib/x": "", "usr/lib/apk/db/installed": database}, BUILT)
    assert known(found)["sha1"] == hashlib.sha1(JAR).hexdigest()[:16]
    assert owner(found) == "dbus-java"


@pytest.mark.parametrize(
    "times", [{DBUS: BUILT, SUMS: BUILT}, {DBUS: BUILT, SUMS: LATER}], ids=["time", "digest"]
)
def test_r34_a_copy_with_the_same_time_is_the_same_file(layer: MakeLayer, times: Times) -> None:
    lower = layer(debian(JAR), times)
    assert owner(lower, layer({DBUS: JAR}, BUILT, mode=0o600)) == "libdbus-java"
    assert owner(lower, layer({DBUS: JAR}, BUILT), layer({DBUS: JAR}, BUILT)) == "libdbus-java"


def test_r2_a_file_of_another_time_or_size_is_another_one(layer: MakeLayer) -> None:
    lower = layer(debian(JAR), {DBUS: BUILT, SUMS: BUILT})
    assert owner(lower, layer({DBUS: OTHER}, LATER)) == ""
    assert owner(lower, layer({DBUS: OTHER + b"!"}, BUILT)) == ""


def test_of_files_with_the_same_path_the_last_one_counts(layer: MakeLayer) -> None:
    entries = debian(JAR)
    entries["./" + DBUS] = OTHER  # such as overwrites it when it is unpacked
    assert owner(layer(entries, {DBUS: BUILT, SUMS: BUILT})) == ""
    small = {**debian(JAR), "./" + DBUS: b"no archive"}
    assert DBUS not in layer(small, {DBUS: BUILT, SUMS: BUILT}).contents
