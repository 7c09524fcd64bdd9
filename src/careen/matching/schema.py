"""The tables of a snapshot: an SQLite file that is written once and then only read."""

VERSION = 6  # `user_version` of the file: raised whenever what is below changes, or any key

PRAGMAS = {"page_size": 4096, "journal_mode": "OFF", "synchronous": "OFF", "user_version": VERSION}

# `low` and `high` are keys of the ecosystem's version scheme, `high` exclusive, so that one walk over the
# primary key of `ranges` answers for an installed version and passes over all ranges that end below it.
# Most ranges hold under no condition: number 0, which has no row.
TABLES = """
CREATE TABLE feeds (
    name TEXT PRIMARY KEY,
    advisories INTEGER NOT NULL, withdrawn INTEGER NOT NULL, ratings INTEGER NOT NULL,
    problems INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE ecosystems (
    name TEXT PRIMARY KEY, scheme TEXT NOT NULL, feed TEXT NOT NULL,
    end_of_life TEXT NOT NULL, ended INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE names (name TEXT PRIMARY KEY, ecosystem TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE packages (
    id INTEGER PRIMARY KEY, ecosystem TEXT NOT NULL, name TEXT NOT NULL, by_source INTEGER NOT NULL,
    UNIQUE (ecosystem, name, by_source)
);
CREATE TABLE advisories (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL, feed TEXT NOT NULL, name TEXT NOT NULL,
    aliases TEXT NOT NULL, scores TEXT NOT NULL, severity TEXT NOT NULL, link TEXT NOT NULL,
    summary TEXT NOT NULL, published TEXT NOT NULL, modified TEXT NOT NULL, withdrawn TEXT NOT NULL
);
CREATE TABLE conditions (
    id INTEGER PRIMARY KEY, arches TEXT NOT NULL, repositories TEXT NOT NULL, remark TEXT NOT NULL
);
CREATE TABLE ranges (
    package INTEGER NOT NULL, high BLOB NOT NULL, low BLOB NOT NULL, advisory INTEGER NOT NULL,
    introduced TEXT NOT NULL, fixed TEXT NOT NULL, last_affected TEXT NOT NULL,
    severity TEXT NOT NULL, status TEXT NOT NULL, condition INTEGER NOT NULL,
    PRIMARY KEY (package, high, low, advisory, introduced, fixed, last_affected, severity, status, condition)
) WITHOUT ROWID;
CREATE TABLE repositories (id TEXT NOT NULL, cpe TEXT NOT NULL, PRIMARY KEY (id, cpe)) WITHOUT ROWID;
CREATE TABLE exploited (
    id TEXT NOT NULL, source TEXT NOT NULL, since TEXT NOT NULL, ransomware INTEGER NOT NULL,
    PRIMARY KEY (id, source, since, ransomware)
) WITHOUT ROWID;
CREATE TABLE likelihoods (
    id TEXT NOT NULL, probability REAL NOT NULL, percentile REAL NOT NULL, day TEXT NOT NULL,
    PRIMARY KEY (id, day, probability, percentile)
) WITHOUT ROWID;
CREATE TABLE unreadable (
    package INTEGER NOT NULL, advisory INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (package, advisory, reason)
) WITHOUT ROWID;
CREATE TABLE ratings (
    id TEXT NOT NULL, source TEXT NOT NULL, vector TEXT NOT NULL, severity INTEGER NOT NULL,
    PRIMARY KEY (id, source, vector, severity)
) WITHOUT ROWID;
CREATE TABLE rejected (id TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (id, source)) WITHOUT ROWID;
CREATE TABLE problems (
    feed TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, message TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (feed, kind, path, message)
) WITHOUT ROWID;
"""
