"""Databases for tests: SQLite, and a PostgreSQL server of our own on loopback; and Yandex' SDK for Node."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from careen.images.budgets import Budgets
from careen.jobs.child import LayerSource, index
from careen.model import digest
from careen.model.layer import LayerIndex
from careen.store.database import Database

SOURCES = Path(__file__).parents[1] / "src" / "careen"
START_TIMEOUT = 60  # seconds
MEMORY_NEEDED = 1 << 30  # bytes
NODE_SDK = "@yandex-cloud/nodejs-sdk@2.8.0"
SERVER_USER = "postgres"  # where the tests run as root
HOW_TO_GET_POSTGRESQL = (
    "no PostgreSQL server was found: install one (on Debian: apt-get install postgresql), "
    "or name one in CAREEN_TEST_POSTGRES_URL=postgresql://user:password@host/database"
)


def pytest_configure() -> None:
    """A compiled module goes before its source: the tests would judge what no longer stands there."""
    for library in SOURCES.rglob("*.so"):
        source = library.with_name(library.name.partition(".")[0] + ".py")
        if not source.exists() or source.stat().st_mtime > library.stat().st_mtime:
            pytest.exit(f"{library} was not compiled from {source} as it is: run make test, or compiled.py")


@pytest.fixture
def index_archive(tmp_path: Path) -> Callable[[bytes], LayerIndex]:
    """Indexes a layer that is this archive."""

    def indexed(archive: bytes) -> LayerIndex:
        (tmp_path / "blob").write_bytes(archive)
        source = LayerSource(tmp_path / "blob", 0, len(archive), digest.of(archive))
        return index(source, budgets=Budgets())

    return indexed


def pytest_addoption(parser: pytest.Parser) -> None:
    """For the tests that compare with an expected.json beside their input."""
    parser.addoption("--update-expected", action="store_true", help="write every expected.json anew")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with the newest schema, once on each engine."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "careen.db")
        yield f"sqlite:///{tmp_path}/careen.db"
    else:
        server, template = request.getfixturevalue("postgresql_template")
        with temporary_database(server, template) as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "careen.db")
    made = Database(f"sqlite:///{tmp_path}/careen.db")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/careen.db"
    else:
        with temporary_database(request.getfixturevalue("postgresql_server")) as url:
            yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[tuple[str, str]]:
    """The server's URL, and the name of a database to copy."""
    with temporary_database(postgresql_server) as url:
        migrate(url)
        yield postgresql_server, urlsplit(url).path.removeprefix("/")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server on which databases can be made."""
    if given := os.environ.get("CAREEN_TEST_POSTGRES_URL"):
        yield given
        return
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO_GET_POSTGRESQL)
        pytest.skip(HOW_TO_GET_POSTGRESQL)
    with running_server(programs) as url:
        yield url


def migrate(url: str) -> None:
    database = Database(url)
    database.upgrade()
    database.close()


@contextmanager
def temporary_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a copy of the template, which is dropped at the end."""
    name = f"careen_{uuid.uuid4().hex}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.info.server_version >= 150_000:
            create += sql.SQL(" STRATEGY FILE_COPY")  # four times faster where nothing is fsynced
        connection.execute(create)
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(drop)


def find_programs() -> Path | None:
    """The folder of initdb and postgres: the newest that Debian installed, or one in PATH."""
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(installed, key=lambda path: float(path.parent.name), reverse=True)
    in_path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    for folder in [*newest_first, *in_path]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """The URL of a new server, which is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="careen-postgresql-", dir=memory_folder()))
    if os.geteuid() == 0:
        shutil.chown(folder, SERVER_USER)
    try:
        with (folder / "log").open("wb") as log:
            initdb(programs, folder, log)
            with started(programs, folder, log) as url:
                yield url
    finally:
        shutil.rmtree(folder)


def memory_folder() -> str | None:
    """Where a new database costs 12 ms, not 100; None where there is too little memory for that."""
    folder = Path("/dev/shm")
    is_roomy = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > MEMORY_NEEDED
    return str(folder) if is_roomy else None


def initdb(programs: Path, folder: Path, log: BinaryIO) -> None:
    options = ["--username=careen", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    run([programs / "initdb", "-D", folder / "data", *options], log).wait(START_TIMEOUT)


@contextmanager
def started(programs: Path, folder: Path, log: BinaryIO) -> Iterator[str]:
    port = free_port()
    settings = [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={folder}",
        "max_connections=200",
        "shared_buffers=16MB",
        "autovacuum=off",
        "fsync=off",  # these data need not outlive the tests
        "synchronous_commit=off",
        "full_page_writes=off",
    ]
    options = [word for setting in settings for word in ("-c", setting)]
    server = run([programs / "postgres", "-D", folder / "data", *options], log)
    try:
        url = f"postgresql://careen@127.0.0.1:{port}/postgres"
        wait_until_ready(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown
        server.wait(START_TIMEOUT)


def run(command: list[str | Path], log: BinaryIO) -> subprocess.Popen[bytes]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() == 0:
        return subprocess.Popen(
            command, stdout=log, stderr=log, cwd="/", user=SERVER_USER, group=SERVER_USER, extra_groups=[]
        )
    return subprocess.Popen(command, stdout=log, stderr=log)


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start:\n{log.read_text()}")
            time.sleep(0.05)
        else:
            return


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def node_modules(pytestconfig: pytest.Config) -> Path:
    """Where the SDK is; fetched once, with npm."""
    npm = shutil.which("npm")
    if npm is None:
        reason = "npm is not installed: apt-get install npm"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("nodejs-sdk-2.8.0")
    if not (folder / "installed").exists():
        command: list[str | Path] = [
            npm,
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefix",
            folder,
            NODE_SDK,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            pytest.skip(f"the Node SDK cannot be had: {done.stderr[-500:]}")
        (folder / "installed").touch()
    return folder / "node_modules"
