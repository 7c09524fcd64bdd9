"""Whose a language's package is, on layers that are real archives: rules R1, R2, R31 and R34."""

import hashlib
import io
import json
import sqlite3
import struct
import tarfile
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from careen.images.squash import squash
from careen.model import content
from careen.model.layer import LayerIndex

DEBIAN = "ID=debian\nVERSION_ID=12\n"
STATUS = "var/lib/dpkg/status"
SUMS = "var/lib/dpkg/info/python3-yaml.md5sums"
LIST = "var/lib/dpkg/info/python3-yaml.list"
YAML = "usr/lib/python3/dist-packages/PyYAML-6.0.egg-info"
DBUS = "usr/share/java/dbus.jar"

MakeLayer = Callable[..., LayerIndex]


def status(*names: str) -> str:
    return "".join(f"Package: {name}\nStatus: install ok installed\nVersion: 6.0-3\n\n" for name in names)


def wheel(version: str = "6.0") -> str:
    return f"Name: PyYAML\nVersion: {version}\n"


def sums(path: str, content: str) -> str:
    return f"{hashlib.md5(content.encode()).hexdigest()}  {path}\n"


@pytest.fixture
def layer(index_archive: Callable[[bytes], LayerIndex]) -> MakeLayer:
    """Makes a layer of paths and contents; "-> x" as content is a symlink to x."""

    def make(entries: Mapping[str, str | bytes], uid: int = 0) -> LayerIndex:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for path, written in entries.items():
                content = written.encode() if isinstance(written, str) else written
                info = tarfile.TarInfo(path)
                info.size, info.uid = len(content), uid
                if content.startswith(b"-> "):
                    info.type, info.linkname, info.size = tarfile.SYMTYPE, content[3:].decode(), 0
                tar.addfile(info, io.BytesIO(content))
        return index_archive(out.getvalue())

    return make


def owners(*layers: LayerIndex) -> dict[str, str]:
    """Whom each language's package belongs to, by name and version."""
    packages = squash(layers).packages
    return {f"{each.name}-{each.version}": each.owner for each in packages if not each.is_os}


@pytest.fixture
def debian(layer: MakeLayer) -> LayerIndex:
    return layer(
        {
            "etc/os-release": DEBIAN,
            STATUS: status("python3-yaml"),
            SUMS: sums(YAML, wheel()),
            LIST: f"/.\n/usr\n/{YAML}\n",
            YAML: wheel(),
        }
    )


def test_r1_a_python_module_of_dpkg_is_the_distributions(debian: LayerIndex) -> None:
    assert owners(debian) == {"pyyaml-6.0": "python3-yaml"}


def test_r1_the_database_may_be_in_a_lower_layer(layer: MakeLayer) -> None:
    database = layer({STATUS: status("python3-yaml"), SUMS: sums(YAML, wheel())})
    assert owners(database, layer({YAML: wheel()})) == {"pyyaml-6.0": "python3-yaml"}


def test_r1_a_path_is_known_through_the_merge_of_usr(layer: MakeLayer) -> None:
    said = "lib/python3/dist-packages/PyYAML-6.0.egg-info"
    merged = layer(
        {STATUS: status("python3-yaml"), SUMS: sums(said, wheel()), "lib": "-> usr/lib", YAML: wheel()}
    )
    assert owners(merged) == {"pyyaml-6.0": "python3-yaml"}


def test_r1_what_was_diverted_is_the_distributions(layer: MakeLayer) -> None:
    elsewhere = "usr/lib/python3/dist-packages/PyYAML.distrib.egg-info"
    diversions = f"/{YAML}\n/{elsewhere}\n:\n/usr/bin/a\n/usr/bin/a.real\nb\n"
    image = layer(
        {
            "etc/os-release": DEBIAN,
            STATUS: status("dpkg"),
            "var/lib/dpkg/diversions": diversions,
            elsewhere: wheel(),
        }
    )
    assert owners(image) == {"pyyaml-6.0": "dpkg"}


def test_r34_chown_in_a_later_layer_changes_no_owner(debian: LayerIndex, layer: MakeLayer) -> None:
    assert owners(debian, layer({YAML: wheel()}, uid=1000)) == {"pyyaml-6.0": "python3-yaml"}


def test_r2_what_pip_puts_at_the_same_path_is_nobodys(debian: LayerIndex, layer: MakeLayer) -> None:
    assert owners(debian, layer({YAML: wheel("6.0.1")})) == {"pyyaml-6.0.1": ""}


@pytest.mark.parametrize("known", ["etc/apt/sources.list", "etc/apk/world", "etc/rpm/macros", "etc/hosts"])
def test_r2_what_stands_where_another_layer_told_of_another_file_is_nobodys(
    layer: MakeLayer, known: str
) -> None:
    """Whatever the layer tells of package managers before the file comes."""
    lower = layer({STATUS: status("python3-yaml"), SUMS: sums(YAML, wheel())})
    upper = layer({known: "", YAML: wheel("6.0.1")})
    assert owners(lower, upper) == {"pyyaml-6.0.1": ""}


def test_a_package_manager_that_is_seen_in_time_saves_the_digests_of_others(layer: MakeLayer) -> None:
    assert layer({YAML: wheel()}).contents[YAML].split()[0].startswith("md5=")
    assert len(layer({YAML: wheel()}).contents[YAML].split()) == len(content.ALGORITHMS)
    debian = layer({"etc/apt/sources.list": "", YAML: wheel()}).contents[YAML]
    assert debian == f"md5={hashlib.md5(wheel().encode()).hexdigest()[:16]}"


def test_r2_what_pip_puts_beside_it_is_nobodys(debian: LayerIndex, layer: MakeLayer) -> None:
    other = "usr/local/lib/python3.11/dist-packages/PyYAML-6.0.1.dist-info/METADATA"
    assert owners(debian, layer({other: wheel("6.0.1")})) == {
        "pyyaml-6.0": "python3-yaml",
        "pyyaml-6.0.1": "",
    }


def test_a_package_that_was_removed_owns_nothing(debian: LayerIndex, layer: MakeLayer) -> None:
    removed = status("python3-yaml").replace("install ok installed", "deinstall ok config-files")
    assert owners(debian, layer({STATUS: removed + status("libc6")})) == {"pyyaml-6.0": ""}


def test_a_list_that_was_whited_out_claims_nothing(debian: LayerIndex, layer: MakeLayer) -> None:
    gone = {"var/lib/dpkg/info/.wh.python3-yaml.md5sums": "", "var/lib/dpkg/info/.wh.python3-yaml.list": ""}
    assert owners(debian, layer(gone)) == {"pyyaml-6.0": ""}


def test_without_digests_the_path_decides_if_the_file_is_no_newer(layer: MakeLayer) -> None:
    listed = layer({STATUS: status("python3-yaml"), LIST: f"/{YAML}\n", YAML: wheel()})
    assert owners(listed) == {"pyyaml-6.0": "python3-yaml"}
    assert owners(listed, layer({YAML: wheel("6.0.1")})) == {"pyyaml-6.0.1": ""}


def test_r14_distroless_images_have_digests_beside_their_status(layer: MakeLayer) -> None:
    folder = "var/lib/dpkg/status.d"
    package = "Package: python3-yaml\nVersion: 6.0-3\n"
    image = layer(
        {
            f"{folder}/python3-yaml": package,
            f"{folder}/python3-yaml.md5sums": sums(YAML, wheel()),
            YAML: wheel(),
        }
    )
    assert owners(image) == {"pyyaml-6.0": "python3-yaml"}


def test_r1_a_python_module_of_apk_is_the_distributions(layer: MakeLayer) -> None:
    folder, _, name = "usr/lib/python3.12/site-packages/PyYAML-6.0.dist-info/METADATA".rpartition("/")
    sha1 = b64encode(hashlib.sha1(wheel().encode()).digest()).decode()
    database = f"P:py3-yaml\nV:6.0-r1\nA:x86_64\no:py3-yaml\nF:{folder}\nR:{name}\na:0:0:644\nZ:Q1{sha1}\n\n"
    alpine = layer({"lib/apk/db/installed": database, f"{folder}/{name}": wheel()})
    assert owners(alpine) == {"pyyaml-6.0": "py3-yaml"}
    assert owners(alpine, layer({f"{folder}/{name}": wheel("6.0.2")})) == {"pyyaml-6.0.2": ""}


def jar(version: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        text = f"groupId=org.freedesktop\nartifactId=dbus\nversion={version}\n"
        archive.writestr("META-INF/maven/org.freedesktop/dbus/pom.properties", text)
    return out.getvalue()


def rpm_database(folder: Path, header: bytes) -> bytes:
    path = folder / "rpmdb.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
        database.execute("INSERT INTO Packages VALUES (1, ?)", (header,))
    return path.read_bytes()


def rpm_header(name: str, files: Mapping[str, bytes]) -> bytes:
    """A header with the tables of files: names, folders, for each name its folder, SHA-256 digests."""
    folders = sorted({f"/{path.rpartition('/')[0]}/" for path in files})
    names = [path.rpartition("/")[2] for path in files]
    numbers = [folders.index(f"/{path.rpartition('/')[0]}/") for path in files]
    digests = [hashlib.sha256(content).hexdigest() for content in files.values()]
    strings = {1000: name, 1001: "1.0", 1002: "1.el9", 1022: "noarch"}
    arrays = {1035: digests, 1117: names, 1118: folders}
    data, entries = b"", []
    for tag, text in strings.items():
        entries.append((tag, 6, len(data), 1))
        data += text.encode() + b"\0"
    for tag, texts in arrays.items():
        entries.append((tag, 8, len(data), len(texts)))
        data += b"".join(text.encode() + b"\0" for text in texts)
    for tag, values in {1116: numbers, 5011: [8]}.items():
        data += b"\0" * (-len(data) % 4)
        entries.append((tag, 4, len(data), len(values)))
        data += struct.pack(f">{len(values)}i", *values)
    return (
        struct.pack(">II", len(entries), len(data))
        + b"".join(struct.pack(">IIII", *each) for each in entries)
        + data
    )


def test_r31_a_jar_of_rpm_is_the_distributions(layer: MakeLayer, tmp_path: Path) -> None:
    database = rpm_database(
        tmp_path, rpm_header("dbus-java", {DBUS: jar("4.2"), "usr/share/doc/dbus/README": b"read"})
    )
    image = layer(
        {
            "etc/os-release": "ID=rocky\nVERSION_ID=9.4\n",
            "var/lib/rpm/rpmdb.sqlite": database,
            DBUS: jar("4.2"),
        }
    )
    assert not squash([image]).problems
    assert owners(image) == {"org.freedesktop:dbus-4.2": "dbus-java"}
    assert owners(image, layer({DBUS: jar("4.3")})) == {"org.freedesktop:dbus-4.3": ""}


def test_r29_a_component_that_an_sbom_names_is_counted_once(layer: MakeLayer) -> None:
    sbom = '{"packages": [{"externalRefs": [{"referenceLocator": "pkg:bitnami/nginx@1.25.3-1"}]}]}'
    nginx = b"\x7fELF" + bytes(60) + b"nginx version: nginx/1.25.3\n"
    folder = "opt/bitnami/nginx"
    both = layer(
        {f"{folder}/.spdx-nginx.spdx": sbom, f"{folder}/sbin/nginx.so": nginx, f"{folder}/sbin/nginx": nginx}
    )
    assert [(each.version, each.confidence) for each in squash([both]).packages] == [("1.25.3-1", "")]


def test_r29_what_an_sbom_and_its_own_evidence_name_is_counted_once(layer: MakeLayer) -> None:
    purls = ("pkg:npm/ms@2.1.3", "pkg:npm/bundled@1.0.0")
    bom = {"bomFormat": "CycloneDX", "components": [{"purl": purl} for purl in purls]}
    both = layer(
        {
            "app/bom.json": json.dumps(bom),
            "app/node_modules/ms/package.json": '{"name": "ms", "version": "2.1.3"}',
        }
    )
    found = [(each.name, each.manager, each.confidence) for each in squash([both]).packages]
    assert found == [("bundled", "sbom", "low"), ("ms", "npm", "")]
