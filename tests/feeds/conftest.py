"""An HTTP server that one tells how to behave; the documents of testdata as upstreams publish them."""

import bz2
import gzip
import io
import lzma
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import zstandard

PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
    ".bz2": bz2.compress,
}


class Upstream(ThreadingHTTPServer):
    """Answers `GET path` with the next answer of the list for that path; the last one is given for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []  # path and headers, as they came

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that is done may leave without a word."""

    def will(self, path: str, status: int, body: bytes = b"", cut: int | None = None, **headers: str) -> None:
        self.answers.setdefault(path, []).append(Answer(status, body, cut, **headers))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer:
    def __init__(self, status: int, body: bytes = b"", cut: int | None = None, **headers: str) -> None:
        """`cut` breaks the connection after so many bytes of the body."""
        self.status = status
        self.body = body
        self.cut = cut
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class _Handler(BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append(
            (self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        answers = self.server.answers.get(self.path, [Answer(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
        self.close_connection = answer.cut is not None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        pass


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def document_of() -> Callable[[Path], io.BytesIO]:
    """Of a case of testdata its document."""
    return _document


def _document(case: Path) -> io.BytesIO:
    """A folder stands for an archive of its files: zip, unless its name says another kind.

    What NVD and EPSS publish is compressed.
    """
    (source,) = case.glob("input*")
    if source.is_dir():
        return _zipped(source) if source.name == "input" else _archived(source)
    data = source.read_bytes()
    return io.BytesIO(gzip.compress(data) if case.parent.name in ("nvd", "epss") else data)


def _zipped(folder: Path) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(path.name, path.read_bytes())
    return buffer


def _archived(folder: Path) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return io.BytesIO(PACKED[folder.suffix](buffer.getvalue()))
