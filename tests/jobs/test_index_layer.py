"""A layer indexed in a child process: what it finds, its limits, and every way to fail."""

import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from careen.errors import Unavailable
from careen.images.budgets import BudgetExceeded, Budgets, CorruptLayer
from careen.jobs.child import index
from careen.jobs.index_layer import LayerSource, index_layer
from careen.model import digest
from careen.model.problem import ProblemKind

METADATA = "app/requests-2.0.dist-info/METADATA"
WHEEL = b"Name: requests\nVersion: 2.0\n"


def archive(entries: Mapping[str, bytes | str], *, mode: int = 0o644) -> bytes:
    """Files by path; a text instead of bytes is the target of a hard link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in entries.items():
            info = tarfile.TarInfo(path)
            info.mode = mode
            if isinstance(content, str):
                info.type, info.linkname = tarfile.LNKTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def stored(path: Path, blob: bytes, *, before: bytes = b"", behind: bytes = b"") -> LayerSource:
    path.write_bytes(before + blob + behind)
    return LayerSource(path, len(before), len(blob), digest.of(blob))


@pytest.fixture
def source(tmp_path: Path) -> LayerSource:
    return stored(tmp_path / "blob", gzip.compress(archive({METADATA: WHEEL})))


def test_a_layer_is_read_in_a_child_as_it_is_here(source: LayerSource) -> None:
    found = index_layer(source, budgets=Budgets())
    assert [package.name for package in found.packages] == ["requests"]
    assert found == index(source, budgets=Budgets())


def test_a_layer_may_be_a_part_of_a_file(tmp_path: Path) -> None:
    source = stored(tmp_path / "file", archive({METADATA: WHEEL}), before=b"x" * 77, behind=b"y" * 600)
    assert len(index_layer(source, budgets=Budgets()).packages) == 1


def test_a_later_file_with_the_same_path_is_the_one_that_counts(tmp_path: Path) -> None:
    first, second = archive({METADATA: WHEEL}), archive({METADATA: b"Name: other\nVersion: 1\n"})
    source = stored(tmp_path / "blob", first[:1024] + second)
    assert [package.name for package in index(source, budgets=Budgets()).packages] == ["other"]


def test_hard_links_are_evidence_wherever_their_content_lies(tmp_path: Path) -> None:
    large = WHEEL + b"\n" + b"x" * (300 << 10)
    data = archive({"repo/1f": WHEEL, METADATA: "repo/1f", "large": large, "b.egg-info": "large"})
    found = index(stored(tmp_path / "blob", data), budgets=Budgets())
    assert [package.path for package in found.packages] == [METADATA, "b.egg-info"]
    assert found.problems == ()


def test_a_hard_link_to_a_large_file_says_what_that_says(tmp_path: Path) -> None:
    large = WHEEL + b"\n" + b"x" * (300 << 10)
    data = archive({METADATA: large, "b.egg-info": METADATA, "c.egg-info": "b.egg-info"})
    found = index(stored(tmp_path / "blob", data), budgets=Budgets())
    assert sorted(package.path for package in found.packages) == [METADATA, "b.egg-info", "c.egg-info"]
    assert found.problems == ()


def test_a_program_that_is_known_by_its_name_is_found_by_way_of_a_hard_link(tmp_path: Path) -> None:
    program = b"\x7fELF" + bytes(80 << 10) + b"@(#) $OpenLDAP: slapd 2.6.10+dfsg-1 (May 29 2025)"
    data = archive({"usr/sbin/slapacl.so": program, "usr/sbin/slapd": "usr/sbin/slapacl.so"}, mode=0o755)
    found = index(stored(tmp_path / "blob", data), budgets=Budgets())
    assert [(each.name, each.version, each.path) for each in found.packages] == [
        ("openldap", "2.6.10", "usr/sbin/slapd")
    ]


def test_a_hard_link_out_of_the_layer_is_a_problem(tmp_path: Path) -> None:
    found = index(stored(tmp_path / "blob", archive({METADATA: "nowhere"})), budgets=Budgets())
    assert [(problem.kind, problem.path) for problem in found.problems] == [
        (ProblemKind.INVALID_METADATA, METADATA)
    ]


def test_another_content_than_its_digest_says_is_corrupt(source: LayerSource) -> None:
    with pytest.raises(CorruptLayer, match="digest"):
        index_layer(replace(source, digest=digest.of(b"")), budgets=Budgets())


def test_a_layer_may_have_a_digest_of_another_algorithm(source: LayerSource) -> None:
    sha512 = digest.of(source.path.read_bytes(), "sha512")
    found = index_layer(replace(source, digest=sha512), budgets=Budgets())
    assert found.digest == sha512
    assert found.packages == index_layer(source, budgets=Budgets()).packages


def test_a_blob_that_is_shorter_than_it_says_is_corrupt(source: LayerSource) -> None:
    with pytest.raises(CorruptLayer, match="lacks 7"):
        index_layer(replace(source, size=source.size + 7), budgets=Budgets())


def test_a_blob_that_is_no_archive_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(CorruptLayer, match="tar header"):
        index_layer(stored(tmp_path / "blob", b"{" * 2000), budgets=Budgets())


def test_a_blob_that_is_gone_may_come_back(source: LayerSource) -> None:
    source.path.unlink()
    with pytest.raises(Unavailable, match="No such file"):
        index_layer(source, budgets=Budgets())


@pytest.mark.parametrize(
    ("budgets", "name"),
    [
        (Budgets(inflated=100), "INFLATED"),
        (Budgets(member=5), "MEMBER"),
        (Budgets(answer=50), "ANSWER"),
    ],
)
def test_a_blown_budget_is_named(source: LayerSource, budgets: Budgets, name: str) -> None:
    with pytest.raises(BudgetExceeded, match=f"CAREEN_BUDGET_{name}"):
        index_layer(source, budgets=budgets)


def test_packages_without_end_are_stopped(tmp_path: Path) -> None:
    database = b"".join(b"P:p%d\nV:1\n\n" % number for number in range(2000))
    source = stored(tmp_path / "blob", archive({"lib/apk/db/installed": database}))
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_RESULTS"):
        index_layer(source, budgets=Budgets(results=1999))


def test_packages_by_way_of_many_hard_links_are_stopped(tmp_path: Path) -> None:
    """A file that is too large to be kept is read once, however many links lead to it."""
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w") as jar:
        jar.writestr("META-INF/maven/g/a/pom.properties", "groupId=g\nartifactId=a\nversion=1\n")
        jar.writestr("rest", os.urandom(300 << 10))
    links = {f"link{number}.jar": "a.jar" for number in range(2000)}
    source = stored(tmp_path / "blob", archive({"a.jar": archived.getvalue(), **links}))
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_RESULTS"):
        index(source, budgets=Budgets(results=1999))
    assert len(index(source, budgets=Budgets(results=2001)).packages) == 2001


def test_a_file_that_does_not_fit_into_memory_ends_the_child_not_us(tmp_path: Path) -> None:
    source = stored(tmp_path / "blob", gzip.compress(archive({METADATA: bytes(300 << 20)}), 1))
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_MEMORY"):
        index_layer(source, budgets=Budgets(memory=200 << 20, member=1 << 30))


def blocked(folder: Path) -> LayerSource:
    """A blob at which its reader waits: a pipe without a writer."""
    os.mkfifo(folder / "pipe")
    return LayerSource(folder / "pipe", 0, 100, digest.of(b""))


def test_a_child_that_hangs_is_killed(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(BudgetExceeded, match="CAREEN_BUDGET_SECONDS"):
        index_layer(blocked(tmp_path), budgets=Budgets(seconds=1))
    assert time.monotonic() - began < 30


def children(parent: int) -> list[int]:
    """The processes that `parent` or its threads started."""
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for path in lists for pid in path.read_text().split()]


def waited_for(parent: int) -> int:
    """The child that reads a layer, as soon as it has set its limits."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for pid in children(parent):
            limits = Path(f"/proc/{pid}/limits").read_text()
            if any(line.split()[:4] == ["Max", "file", "size", "0"] for line in limits.splitlines()):
                return pid
        time.sleep(0.02)
    pytest.fail("no child set its limits")


def test_the_child_has_limits_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAREEN_SECRET", "hunter2")
    errors: list[BaseException] = []

    def read() -> None:
        try:
            index_layer(blocked(tmp_path), budgets=Budgets())
        except CorruptLayer as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    pid = waited_for(os.getpid())
    limits = Path(f"/proc/{pid}/limits").read_text()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    os.kill(pid, signal.SIGSEGV)
    thread.join(timeout=30)
    assert f"Max address space         {Budgets().memory}" in limits
    assert "Max core file size        0" in limits
    assert b"hunter2" not in environment
    assert [str(error).partition(":")[0] for error in errors] == ["indexing crashed on the layer (signal 11)"]


PARENT = """
import sys
from pathlib import Path
from careen.images.budgets import Budgets
from careen.jobs.index_layer import LayerSource, index_layer
index_layer(LayerSource(Path(sys.argv[1]), 0, 100, "sha256:" + "0" * 64), budgets=Budgets())
"""


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    path = blocked(tmp_path).path
    with subprocess.Popen([sys.executable, "-c", PARENT, path]) as parent:
        pid = waited_for(parent.pid)
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.02)


def test_the_child_starts_light() -> None:
    """Starting it is paid for by each layer."""
    script = "import sys, careen.jobs.child; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    heavy = {"sqlalchemy", "grpc", "httpx", "starlette", "structlog", "packageurl", "asyncio", "tarfile"}
    assert not heavy & set(out.split())


def test_a_real_layer_has_what_its_status_file_lists(tmp_path: Path) -> None:
    status = (
        Path(__file__).parents[1] / "indexing/testdata/dpkg/debian-bookworm/rootfs/var/lib/dpkg/status"
    ).read_bytes()
    source = stored(tmp_path / "blob", gzip.compress(archive({"./var/lib/dpkg/status": status})))
    listed = [line.split()[1] for line in status.decode().splitlines() if line.startswith("Package: ")]
    assert [package.name for package in index_layer(source, budgets=Budgets()).packages] == listed
