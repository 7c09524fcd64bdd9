"""The rules of squashing, one by one, on layers that are real archives."""

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from careen.images.budgets import Budgets
from careen.images.squash import squash
from careen.jobs.child import LayerSource, index
from careen.model import digest
from careen.model.inventory import Inventory
from careen.model.layer import LayerIndex
from careen.model.problem import ProblemKind

ALPINE = "ID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME='Alpine Linux v3.18'\n"
DEBIAN = "ID=debian\nVERSION_ID=12\n"
APK = "lib/apk/db/installed"
STATUS = "var/lib/dpkg/status"
METADATA = "app/requests-2.0.dist-info/METADATA"

MakeLayer = Callable[[Mapping[str, str]], LayerIndex]


def apk(*packages: str) -> str:
    """A database with each NAME-VERSION."""
    named = [package.split("-", 1) for package in packages]
    return "".join(f"P:{name}\nV:{version}\nA:x86_64\no:{name}\n\n" for name, version in named)


def wheel(version: str = "2.0") -> str:
    return f"Name: requests\nVersion: {version}\n"


@pytest.fixture
def layer(tmp_path: Path) -> MakeLayer:
    """Makes a layer of paths and contents; `path/` is a folder, and "-> x" as content a symlink to x."""

    def make(entries: Mapping[str, str]) -> LayerIndex:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for path, text in entries.items():
                info = tarfile.TarInfo(path.rstrip("/"))
                info.size = len(text)
                if path.endswith("/"):
                    info.type = tarfile.DIRTYPE
                elif text.startswith("-> "):
                    info.type, info.linkname, info.size = tarfile.SYMTYPE, text[3:], 0
                tar.addfile(info, io.BytesIO(text.encode()))
        blob = tmp_path / "blob"
        blob.write_bytes(out.getvalue())
        source = LayerSource(blob, 0, len(out.getvalue()), digest.of(out.getvalue()))
        return index(source, budgets=Budgets())

    return make


def shown(inventory: Inventory) -> list[str]:
    return [f"{package.name}-{package.version}" for package in inventory.packages]


def kinds(inventory: Inventory) -> list[ProblemKind]:
    return [problem.kind for problem in inventory.problems]


@pytest.mark.parametrize(
    "above",
    [
        pytest.param({"app/requests-2.0.dist-info/.wh.METADATA": ""}, id="whiteout of the file"),
        pytest.param({".wh.app": ""}, id="whiteout of a folder around it"),
        pytest.param({"app/.wh..wh..opq": ""}, id="opaque folder"),
        pytest.param({".wh..wh..opq": ""}, id="opaque root"),
        pytest.param({METADATA: "-> elsewhere"}, id="a link in its place"),
        pytest.param({"app": "a file"}, id="a file in the place of a folder around it"),
        pytest.param({"app": "-> srv"}, id="a link in the place of a folder around it"),
        pytest.param({METADATA + "/": ""}, id="a folder in its place"),
        pytest.param({METADATA + "/x": ""}, id="a folder in its place that is only implied"),
    ],
)
def test_r13_what_a_layer_hides_is_gone(layer: MakeLayer, above: dict[str, str]) -> None:
    below = layer({METADATA: wheel()})
    assert shown(squash([below])) == ["requests-2.0"]
    assert shown(squash([below, layer(above)])) == []


@pytest.mark.parametrize(
    "above",
    [
        pytest.param({"app/.wh.requests": ""}, id="whiteout of another name"),
        pytest.param({"app/": "", "app/requests-2.0.dist-info/": ""}, id="folders once more"),
        pytest.param({"app/requests-2.0.dist-info/RECORD": ""}, id="a file beside it"),
        pytest.param({"app/requests-2.0.dist-info/METADATA2/.wh..wh..opq": ""}, id="another opaque folder"),
    ],
)
def test_what_a_layer_leaves_alone_stays(layer: MakeLayer, above: dict[str, str]) -> None:
    assert shown(squash([layer({METADATA: wheel()}), layer(above)])) == ["requests-2.0"]


def test_r13_a_whiteout_does_not_hide_what_its_own_layer_has(layer: MakeLayer) -> None:
    both = layer({METADATA: wheel(), "app/.wh.requests-2.0.dist-info": "", "app/.wh..wh..opq": ""})
    assert shown(squash([layer({"app/a.egg-info": wheel("1.0")}), both])) == ["requests-2.0"]


def test_r13_a_file_that_comes_back_is_there_again(layer: MakeLayer) -> None:
    there, gone = layer({METADATA: wheel()}), layer({".wh.app": ""})
    inventory = squash([there, gone, there])
    assert shown(inventory) == ["requests-2.0"]


def test_an_upper_database_takes_the_place_of_the_lower_one(layer: MakeLayer) -> None:
    layers = [layer({APK: apk("musl-1.0-r0", "zlib-1.0-r0")}), layer({APK: apk("musl-1.1-r0")})]
    assert shown(squash(layers)) == ["musl-1.1-r0"]


def test_an_upper_database_without_packages_leaves_none(layer: MakeLayer) -> None:
    assert shown(squash([layer({APK: apk("musl-1.0-r0")}), layer({APK: ""})])) == []


def test_a_package_is_of_the_layer_that_brought_its_version(layer: MakeLayer) -> None:
    first = layer({APK: apk("musl-1.0-r0", "zlib-1.0-r0")})
    second = layer({APK: apk("musl-1.0-r0", "zlib-1.1-r0", "curl-8.0-r0")})
    third = layer({APK: apk("musl-1.0-r0", "zlib-1.1-r0")})
    inventory = squash([first, second, third])
    assert [(package.name, package.layer) for package in inventory.packages] == [
        ("musl", first.digest),
        ("zlib", second.digest),
    ]


def test_a_package_that_was_gone_in_between_is_of_the_later_layer(layer: MakeLayer) -> None:
    first, gone = layer({APK: apk("musl-1.0-r0")}), layer({".wh.lib": ""})
    again = layer({APK: apk("musl-1.0-r0"), "other": ""})
    assert [package.layer for package in squash([first, gone, again]).packages] == [again.digest]


def test_merged_usr_makes_one_database_of_two_paths(layer: MakeLayer) -> None:
    below = layer({"lib": "-> usr/lib", "usr/" + APK: apk("musl-1.0-r0")})
    inventory = squash([below, layer({APK: apk("musl-1.1-r0")})])
    assert [(package.version, package.path) for package in inventory.packages] == [("1.1-r0", "usr/" + APK)]


def test_a_folder_in_the_place_of_a_link_ends_what_was_merged(layer: MakeLayer) -> None:
    below = layer({"lib": "-> usr/lib", "usr/" + APK: apk("musl-1.0-r0")})
    inventory = squash([below, layer({"lib/": "", APK: apk("musl-1.1-r0")})])
    assert [package.path for package in inventory.packages] == ["usr/" + APK, APK]


@pytest.mark.parametrize(
    "above",
    [
        pytest.param({APK: ""}, id="an empty database"),
        pytest.param({APK: "-> elsewhere"}, id="a link in its place"),
        pytest.param({"lib/apk": "a file"}, id="a file in the place of a folder around it"),
        pytest.param({APK + "/": ""}, id="a folder in its place"),
        pytest.param({APK + "/x": ""}, id="a folder in its place that is only implied"),
    ],
)
def test_what_hides_a_file_may_come_through_links(layer: MakeLayer, above: dict[str, str]) -> None:
    below = layer({"lib": "-> usr/lib", "usr/" + APK: apk("musl-1.0-r0")})
    assert shown(squash([below, layer({"lib/other": ""})])) == ["musl-1.0-r0"]
    assert shown(squash([below, layer(above)])) == []


def test_links_may_lead_through_links(layer: MakeLayer) -> None:
    links = {"q": "-> p/r", "p": "-> usr", "usr/r": "-> ./real"}
    below = layer({**links, "usr/real/a.egg-info": wheel()})
    assert shown(squash([below, layer({"q/.wh.a.egg-info": ""})])) == []
    assert shown(squash([below, layer({"q/a.egg-info": ""})])) == []


def test_links_beyond_counting_are_a_problem(layer: MakeLayer) -> None:
    circles = {f"l{number}": "-> ." for number in range(30)}
    layers = [layer({**circles, METADATA: wheel()}), layer({"x": ""})]
    inventory = squash(layers, Budgets(squash=500))
    assert kinds(inventory) == [ProblemKind.BUDGET_EXCEEDED]
    assert "the budget of 500 is used up (CAREEN_BUDGET_SQUASH raises it)" in inventory.problems[0].message
    assert shown(inventory) == ["requests-2.0"]
    assert kinds(squash(layers)) == []


def test_whiteouts_work_through_links(layer: MakeLayer) -> None:
    below = layer({"lib": "-> /usr/lib", "usr/" + APK: apk("musl-1.0-r0")})
    assert shown(squash([below, layer({"lib/apk/.wh.db": ""})])) == []
    assert shown(squash([below, layer({"lib/.wh..wh..opq": ""})])) == []


def test_links_in_circles_do_no_harm(layer: MakeLayer) -> None:
    below = layer({"a": "-> b", "b": "-> a", "c/c": "-> /c", "c/" + METADATA: wheel()})
    inventory = squash([below, layer({"a/x": "", "c/c/c/c/x": "", "d": "-> d"})])
    assert shown(inventory) == ["requests-2.0"]


def test_the_distribution_is_that_of_the_final_tree(layer: MakeLayer) -> None:
    base = layer({"etc/os-release": "-> ../usr/lib/os-release", "usr/lib/os-release": DEBIAN})
    inventory = squash([base, layer({"usr/lib/os-release": ALPINE}), layer({"app/x": ""})])
    assert inventory.distro is not None
    assert (inventory.distro.ecosystem, inventory.distro.path) == ("Alpine:v3.18", "usr/lib/os-release")


REPOSITORIES = "etc/apk/repositories"


@pytest.mark.parametrize(
    ("branches", "ecosystem"),
    [
        (["v3.18/main", "v3.18/community"], "Alpine:v3.18"),
        (["v3.19/main"], "Alpine:v3.19"),
        (["v3.9/main"], "Alpine:v3.9"),
        (["v3.9/main", "v3.20/community", "v3.18/main"], "Alpine:v3.20"),
        (["edge/main", "v3.20/main"], "Alpine:edge"),
        (["edge/testing"], "Alpine:v3.18"),
    ],
)
def test_r8_the_release_is_the_newest_of_apks_repositories(
    layer: MakeLayer, branches: list[str], ecosystem: str
) -> None:
    lines = "".join(f"https://dl-cdn.alpinelinux.org/alpine/{branch}\n" for branch in branches)
    inventory = squash(
        [layer({"etc/os-release": ALPINE, APK: apk("curl-8.1-r0")}), layer({REPOSITORIES: lines})]
    )
    (package,) = inventory.packages
    assert package.ecosystem == ecosystem
    assert inventory.distro is not None
    assert inventory.distro.ecosystem == "Alpine:v3.18"
    assert kinds(inventory) == ([ProblemKind.MIXED_RELEASES] if ecosystem != "Alpine:v3.18" else [])


def test_r8_repositories_that_a_layer_removed_or_of_another_distribution_decide_nothing(
    layer: MakeLayer,
) -> None:
    edge = {REPOSITORIES: "https://dl-cdn.alpinelinux.org/alpine/edge/main\n"}
    removed = layer({"etc/apk/.wh.repositories": ""})
    alpine = squash([layer({"etc/os-release": ALPINE, APK: apk("curl-8.1-r0"), **edge}), removed])
    wolfi = squash([layer({"etc/os-release": "ID=wolfi\n", APK: apk("curl-8.1-r0"), **edge})])
    assert [each.ecosystem for each in alpine.packages + wolfi.packages] == ["Alpine:v3.18", "Wolfi"]
    assert kinds(alpine) == kinds(wolfi) == []


def test_os_release_in_etc_comes_before_that_in_usr(layer: MakeLayer) -> None:
    inventory = squash([layer({"usr/lib/os-release": DEBIAN, "etc/os-release": ALPINE})])
    assert inventory.distro is not None
    assert inventory.distro.id == "alpine"


@pytest.mark.parametrize(
    ("files", "ecosystem"),
    [
        (
            {"etc/redhat-release": "-> rocky-release", "etc/rocky-release": "Rocky Linux release 8.4\n"},
            "Rocky Linux:8",
        ),
        (
            {
                "etc/redhat-release": "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
                "etc/oracle-release": "Oracle Linux Server release 6.10\n",
            },
            "Oracle Linux:6",
        ),
        (
            {
                "etc/debian_version": "squeeze/sid\n",
                "etc/lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\n",
            },
            "Ubuntu:10.04",
        ),
        ({"etc/alpine-release": "3.18.9\n", "etc/os-release": DEBIAN}, "Debian:12"),
        ({"etc/alpine-release": "3.18.9\n", "etc/os-release": ""}, "Alpine:v3.18"),
        (
            {"etc/SuSE-release": "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"},
            "SUSE:Linux Enterprise Server 11 SP4",
        ),
    ],
)
def test_without_os_release_older_files_name_the_distribution(
    layer: MakeLayer, files: Mapping[str, str], ecosystem: str
) -> None:
    distro = squash([layer(files)]).distro
    assert distro is not None
    assert distro.ecosystem == ecosystem


def test_packages_get_their_ecosystem_and_purl(layer: MakeLayer) -> None:
    status = (
        "Package: libgcc-s1\nStatus: install ok installed\nArchitecture: amd64\n"
        "Source: gcc-12\nVersion: 12.2.0-14\n\n"
        "Package: bsdutils\nStatus: install ok installed\nArchitecture: amd64\n"
        "Source: util-linux (2.38.1-5)\nVersion: 1:2.38.1-5\n\n"
        "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2\n\n"
    )
    inventory = squash([layer({"etc/os-release": DEBIAN, STATUS: status, METADATA: wheel()})])
    assert [(package.ecosystem, package.purl) for package in inventory.packages] == [
        ("Debian:12", "pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12"),
        (
            "Debian:12",
            "pkg:deb/debian/bsdutils@1:2.38.1-5?arch=amd64&distro=debian-12&upstream=util-linux%402.38.1-5",
        ),
        ("Debian:12", "pkg:deb/debian/libgcc-s1@12.2.0-14?arch=amd64&distro=debian-12&upstream=gcc-12"),
        ("PyPI", "pkg:pypi/requests@2.0"),
    ]


@pytest.mark.parametrize("os_release", [None, "ID=plan9\n", DEBIAN])
def test_packages_without_a_distribution_that_they_fit_are_a_problem(
    layer: MakeLayer, os_release: str | None
) -> None:
    release = {} if os_release is None else {"etc/os-release": os_release}
    inventory = squash([layer({APK: apk("musl-1.0-r0"), **release})])
    assert kinds(inventory) == [ProblemKind.UNKNOWN_DISTRIBUTION]
    assert [package.ecosystem for package in inventory.packages] == [""]


def test_r14_an_image_with_nothing_in_it_says_so(layer: MakeLayer) -> None:
    assert kinds(squash([layer({"bin/program": "x"})])) == [ProblemKind.NO_PACKAGES]
    assert kinds(squash([])) == [ProblemKind.NO_PACKAGES]


def test_a_distribution_without_its_database_is_said_and_the_language_judged(layer: MakeLayer) -> None:
    inventory = squash([layer({"etc/os-release": ALPINE, METADATA: wheel()})])
    assert kinds(inventory) == [ProblemKind.NO_PACKAGE_DATABASE]
    assert [package.type for package in inventory.packages] == ["pypi"]


def test_r15_a_distribution_whose_database_was_deleted_is_a_problem(layer: MakeLayer) -> None:
    base = layer({"etc/os-release": ALPINE, APK: apk("musl-1.0-r0"), METADATA: wheel()})
    assert kinds(squash([base])) == []
    assert kinds(squash([base, layer({"lib/apk/.wh.db": ""})])) == [ProblemKind.NO_PACKAGES]


def test_problems_go_with_the_files_that_have_them(layer: MakeLayer) -> None:
    broken = layer({METADATA: "nothing", "etc/os-release": ALPINE, APK: apk("musl-1.0-r0")})
    assert kinds(squash([broken])) == [ProblemKind.INVALID_METADATA]
    assert kinds(squash([broken, layer({METADATA: wheel()})])) == []
    assert kinds(squash([broken, layer({"app/.wh.requests-2.0.dist-info": ""})])) == []


def test_an_unreadable_database_is_the_only_thing_said(layer: MakeLayer) -> None:
    assert kinds(squash([layer({STATUS: "no stanza\n"})])) == [ProblemKind.CORRUPT_DATABASE]


def test_the_same_layers_give_the_same_inventory(layer: MakeLayer) -> None:
    names = [f"p{number}-1-r0" for number in range(50)]
    layers = [layer({APK: apk(*names)}), layer({"etc/os-release": ALPINE, METADATA: wheel()})]
    assert squash(layers) == squash(layers)
    assert [package.name for package in squash(layers).packages if package.type == "apk"] == sorted(
        name.split("-")[0] for name in names
    )


def test_an_image_in_which_nothing_could_be_read_has_no_packages_whatever_else_is_said(
    layer: MakeLayer,
) -> None:
    inventory = squash([layer({"app/node_modules/a/package.json": '{"a":' * 100_000})])
    assert sorted(kinds(inventory)) == [ProblemKind.INVALID_METADATA, ProblemKind.NO_PACKAGES]


def test_a_problem_elsewhere_does_not_hide_that_the_distribution_s_database_is_missing(
    layer: MakeLayer,
) -> None:
    inventory = squash([layer({"etc/os-release": DEBIAN, METADATA: wheel(), "b.egg-info": "no metadata"})])
    assert ProblemKind.NO_PACKAGE_DATABASE in kinds(inventory)
