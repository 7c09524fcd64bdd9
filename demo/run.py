"""`make demo`: starts careen, pushes an example image, scans it over REST and shows the result."""

import contextlib
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import httpx
from image import build

from careen import example

START_SECONDS = 60
SCAN_SECONDS = 600  # with real feeds the first scan waits for them

COLUMNS = ("SEVERITY", "NAME", "PACKAGE", "VERSION", "FIXED BY", "ORIGIN", "TYPE")


def main() -> None:
    feeds = _choose_feeds()
    with tempfile.TemporaryDirectory(prefix="careen-demo-") as data, _server(Path(data), feeds) as http:
        registry = http.get("/container-registry/v1/registries", params={"folderId": "default"}).json()
        repository = f"{registry['registries'][0]['id']}/example/web"
        _push(http, repository)
        image = http.get("/container-registry/v1/images", params={"repositoryName": repository}).json()[
            "images"
        ][0]
        print(f"pushed   {repository}:1.0, image {image['id']}")
        result = _scan(http, image["id"])
        _show(http, result)
    _tell_how_to_go_on(feeds)


def _choose_feeds() -> Mapping[str, str]:
    """The user's mirror, or the upstreams, or the example that comes with careen (`--example`: just that)."""
    if "--example" in sys.argv:
        return _example()
    if mirror := os.environ.get("CAREEN_FEEDS_MIRROR"):
        print(f"advisories: real ones, from the mirror {mirror}")
        return {}
    if _reachable("secdb.alpinelinux.org") and _reachable("osv-vulnerabilities.storage.googleapis.com"):
        print("advisories: real ones, from secdb.alpinelinux.org and osv.dev (a minute or two)")
        return {"CAREEN_FEEDS": "alpine,PyPI"}
    return _example()


def _example() -> Mapping[str, str]:
    print("advisories: an EXAMPLE that comes with careen: a few well-known CVEs, no basis for a judgement")
    return {"CAREEN_FEEDS_MIRROR": str(example.MIRROR)}


def _reachable(host: str) -> bool:
    try:
        with socket.create_connection((host, 443), timeout=3):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _server(data: Path, feeds: Mapping[str, str]) -> Iterator[httpx.Client]:
    """careen as `careen serve` starts it, on ports that are free."""
    environment = os.environ | {
        "CAREEN_DATA": str(data),
        "CAREEN_HTTP": "127.0.0.1:0",
        "CAREEN_GRPC": "127.0.0.1:0",
        "CAREEN_GRPC_PLAINTEXT": "127.0.0.1:0",
        **feeds,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "careen", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=(data / "log").open("wb"),
        text=True,
    )
    try:
        address = _address(process, data / "log")
        print(f"serving  {address}")
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def _address(process: "subprocess.Popen[str]", log: Path) -> str:
    """The HTTP address that the server prints when it is ready."""
    assert process.stdout is not None
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_collect, args=(process.stdout, lines), daemon=True).start()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (process.poll() is None or not lines.empty()):
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=0.2)
            if "http://" in line:
                return line[line.index("http://") :].split()[0]
    sys.exit(f"careen did not start:\n{log.read_text()}")


def _collect(stdout: Iterable[str], lines: "queue.SimpleQueue[str]") -> None:
    for line in stdout:
        lines.put(line)


def _push(http: httpx.Client, repository: str) -> None:
    """What `docker push` does: every blob, then the manifest."""
    example_image = build()
    for digest, blob in example_image.blobs.items():
        upload = http.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["location"]
        http.put(upload, params={"digest": digest}, content=blob).raise_for_status()
    http.put(
        f"/v2/{repository}/manifests/1.0",
        content=example_image.manifest,
        headers={"content-type": "application/vnd.oci.image.manifest.v1+json"},
    ).raise_for_status()


def _scan(http: httpx.Client, image_id: str) -> dict[str, object]:
    """Scan, then the Operation until it is done: the calls of every pipeline that uses the API."""
    began = time.monotonic()
    answer = http.post("/container-registry/v1/scans", json={"imageId": image_id}).raise_for_status()
    operation = answer.json()
    while not operation["done"]:
        if time.monotonic() - began > SCAN_SECONDS:
            sys.exit(f"the scan did not end within {SCAN_SECONDS} s: {operation}")
        time.sleep(0.1)
        operation = http.get(f"/operations/{operation['id']}").raise_for_status().json()
    if "error" in operation:
        sys.exit(f"the scan failed: {operation['error']['message']}")
    print(f"scanned  in {time.monotonic() - began:.1f} s, the wait for the advisories included")
    result: dict[str, object] = operation["response"]
    return result


def _show(http: httpx.Client, result: dict[str, object]) -> None:
    print(f"\nScanResult {result['id']}: {result['status']}")
    counts = result["vulnerabilities"]
    assert isinstance(counts, dict)
    print("  " + ", ".join(f"{severity} {count}" for severity, count in counts.items()) + "\n")
    listed = http.get(
        f"/container-registry/v1/scans/{result['id']}:listVulnerabilities", params={"pageSize": 1000}
    )
    rows = [_row(vulnerability) for vulnerability in listed.json().get("vulnerabilities", [])]
    widths = [max(len(row[column]) for row in [COLUMNS, *rows]) for column in range(len(COLUMNS))]
    for row in [COLUMNS, *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(vulnerability: dict[str, object]) -> tuple[str, ...]:
    package = vulnerability["package"]
    assert isinstance(package, dict)
    keys = ("name", "package", "version", "fixedBy", "origin", "type")
    return (str(vulnerability["severity"]), *(str(package.get(key, "")) for key in keys))


def _tell_how_to_go_on(feeds: Mapping[str, str]) -> None:
    real = " and real advisories, which come from the internet" if "CAREEN_FEEDS_MIRROR" in feeds else ""
    print(
        f"""
Go on with an image of your own{real}:
  .venv/bin/careen scan debian:12-slim          # or an OCI layout, or a `docker save` tar; needs no server
  .venv/bin/careen serve                        # a registry that scans; prints how to push to it"""
    )


if __name__ == "__main__":
    main()
