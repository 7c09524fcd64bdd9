from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from careen.model import digest
from careen.model.digest import Digest
from careen.model.distro import Distro
from careen.model.layer import Claims, LayerIndex, LayerTree, Repositories
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind
from careen.store import database as store
from careen.store import layers
from careen.store.database import Database
from careen.store.migrating import migrate
from careen.store.tables import packages

BOOKWORM = LayerIndex(
    digest=digest.of(b"bookworm"),
    packages=(
        Package(
            "libc6", "2.36-9+deb12u9", "deb", "dpkg", "var/lib/dpkg/status", source="glibc", arch="amd64"
        ),
        Package("nodejs", "18.12.1-1", "rpm", "rpm", "var/lib/rpm/rpmdb.sqlite", module="nodejs:18"),
        Package("jinja2", "2.4.1", "pypi", "pip", "usr/lib/python3/dist-packages/Jinja2.egg-info", "PyPI"),
    ),
    distros=(Distro("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", "usr/lib/os-release"),),
    problems=(Problem(ProblemKind.CORRUPT_DATABASE, "lib/apk/db/installed", "it ends in a package"),),
    tree=LayerTree(
        whiteouts=("etc/motd",),
        opaque=("srv",),
        symlinks={"bin": "usr/bin"},
        files=b"packed",
        folders=b"packed too",
    ),
    claims=(Claims("var/lib/dpkg/info/python3-jinja2.md5sums", "python3-jinja2", "md5", b"k" * 16),),
    contents={"usr/lib/python3/dist-packages/Jinja2.egg-info": "00" * 24},
    repositories=(Repositories("root/buildinfo/a.json", ("rhel-9-baseos",), ("cpe:/o:redhat:linux:9",)),),
)

# Names in images are bytes: what is no UTF-8 comes as lone surrogates (os.fsdecode), and NUL is not excluded.
HOSTILE = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
DIGESTS = st.binary(max_size=4).map(digest.of)
PACKAGES = st.builds(
    Package,
    **dict.fromkeys(
        [
            "name",
            "version",
            "type",
            "manager",
            "path",
            "ecosystem",
            "source",
            "source_version",
            "arch",
            "purl",
            "module",
            "inner",
            "vendor",
            "owner",
            "confidence",
        ],
        HOSTILE,
    ),
    layer=st.none() | DIGESTS,
)
INDEXES = st.builds(
    LayerIndex,
    digest=st.binary(min_size=16, max_size=16).map(digest.of),
    packages=st.lists(PACKAGES, max_size=4).map(tuple),
    distros=st.lists(st.builds(Distro, *[HOSTILE] * 5), max_size=2).map(tuple),
    problems=st.lists(st.builds(Problem, st.sampled_from(ProblemKind), HOSTILE, HOSTILE), max_size=2).map(
        tuple
    ),
    tree=st.builds(
        LayerTree,
        whiteouts=st.lists(HOSTILE, max_size=3).map(tuple),
        opaque=st.lists(HOSTILE, max_size=3).map(tuple),
        symlinks=st.dictionaries(HOSTILE, HOSTILE, max_size=3),
        files=st.binary(max_size=32),
        folders=st.binary(max_size=32),
    ),
)


def test_an_index_comes_back_as_it_was_put(database: Database) -> None:
    with database.write() as connection:
        layers.put(connection, "dpkg1+apk1", BOOKWORM)
    with database.read() as connection:
        assert layers.get(connection, BOOKWORM.digest, "dpkg1+apk1") == BOOKWORM
        assert layers.get(connection, BOOKWORM.digest, "dpkg2+apk1") is None
        assert layers.get(connection, digest.of(b"another"), "dpkg1+apk1") is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=INDEXES)
def test_any_index_comes_back_as_it_was_put(database: Database, index: LayerIndex) -> None:
    with database.write() as connection:
        layers.put(connection, "1", index)
        assert layers.get(connection, index.digest, "1") == index
        connection.rollback()


def test_the_first_index_stays(database: Database) -> None:
    with database.write() as connection:
        layers.put(connection, "1", BOOKWORM)
        layers.put(connection, "1", replace(BOOKWORM, packages=()))
        layers.put(connection, "2", replace(BOOKWORM, packages=()))
        assert layers.get(connection, BOOKWORM.digest, "1") == BOOKWORM
        assert layers.get(connection, BOOKWORM.digest, "2") == replace(BOOKWORM, packages=())


def test_workers_that_index_the_same_layer_keep_one_index(database: Database) -> None:
    def put(_: int) -> None:
        with database.write() as connection:
            layers.put(connection, "1", BOOKWORM)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(8)))
    with database.read() as connection:
        assert layers.get(connection, BOOKWORM.digest, "1") == BOOKWORM
        assert connection.scalar(select(func.count()).select_from(packages)) == len(BOOKWORM.packages)


def test_the_layers_that_are_not_indexed_are_named_once_in_order(database: Database) -> None:
    wanted: list[Digest] = [digest.of(str(number).encode()) for number in range(1200)]
    with database.write() as connection:
        for known in wanted[::2]:
            layers.put(connection, "1", LayerIndex(known))
        assert layers.missing(connection, wanted + wanted, "1") == wanted[1::2]
        assert layers.missing(connection, wanted[:2], "2") == wanted[:2]
        assert layers.missing(connection, [], "1") == []


def make_schema(url: str, revision: str) -> None:
    """As a careen of that time made it."""
    engine = store._engine(store._parse(url), migrating=True)
    with engine.begin() as connection:
        migrate(connection, to=revision)
    engine.dispose()


def test_layers_that_an_older_schema_kept_are_to_be_indexed_anew(empty_database_url: str) -> None:
    make_schema(empty_database_url, "0001")
    database = Database(empty_database_url)
    kept = {"digest": BOOKWORM.digest, "nothing": b""}
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO layers (id, digest, fingerprint, indexed_at, distros, problems, "
                "whiteouts, opaque, symlinks, files, folders) VALUES "
                "(1, :digest, 'a', 0, '[]', '[]', :nothing, :nothing, :nothing, :nothing, :nothing)"
            ),
            kept,
        )
    assert not database.is_current()
    database.upgrade()
    with database.write() as connection:
        assert layers.missing(connection, [BOOKWORM.digest], "a") == [BOOKWORM.digest]
        layers.put(connection, "a", BOOKWORM)
        assert layers.get(connection, BOOKWORM.digest, "a") == BOOKWORM
    database.close()
