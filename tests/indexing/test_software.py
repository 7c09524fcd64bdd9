"""Each row of the table of software, on bytes as its builds have them (those of Debian's are in testdata)."""

import pytest

from careen.indexing import sift, software
from careen.indexing._software import SOFTWARE
from careen.model.file import File

ELF = b"\x7fELF\x02\x01\x01" + bytes(57)

BUILDS = [
    ("python", "libpython3.12.so.1.0", b"\x003.12.1\x003.40.1\x00", "3.12.1"),
    ("python", "python3.9", b"\x003.40.1\x00%.80s\x003.9.18+\x00", "3.9.18"),
    ("node", "node", b"https://nodejs.org/download\x00node.js/v22.9.0\x00", "22.9.0"),
    ("node", "node", b"\x00node v0.10.48\x00", "0.10.48"),
    ("nginx", "nginx", b"\x00nginx version: nginx/1.25.1\n\x00", "1.25.1"),
    ("nginx", "nginx", b"\x00nginx version: openresty/1.21.4.1\x00", "1.21.4"),
    ("httpd", "httpd", b"\x00Apache/2.4.58 (Unix)\x00", "2.4.58"),
    ("redis", "redis-server", b"\x007.0.14buildkitsandbox-1702957741000000000\x00", "7.0.14"),
    ("redis", "redis-server", b"\x004.0.11841ce7054bd9-1542359302000000000\x00", "4.0.11"),
    ("redis", "redis-server", b"Server started, Redis version 2.8.23\x00", "2.8.23"),
    ("valkey", "valkey-server", b"valkey9.0.0buildkitsandbox-1764887574000000000", "9.0.0"),
    ("postgresql", "postgres", b"\x00PostgreSQL 9.6.24\x00", "9.6.24"),
    ("postgresql", "postgres", b"as in PostgreSQL 8.4 and before\x00PostgreSQL 16.1 on x86_64", "16.1"),
    ("mariadb", "mariadbd", b"\x0010.6.15-MariaDB-log\x00", "10.6.15"),
    ("mysql", "mysqld", b"shutdown\x008.0.37\x00\x00\x00\x00mysql_real_escape", "8.0.37"),
    ("mongodb", "mongod", b"\x007.0.4\x0038f3e37057a43d2e9f41a39142681a76062d582e\x00", "7.0.4"),
    ("memcached", "memcached", b"memcached 1.6.22\x00", "1.6.22"),
    ("haproxy", "haproxy", b"HAProxy version 2.7.3-1065b10, released 2023/02/14\x00", "2.7.3"),
    ("envoy", "envoy", b"\x00e1e4f3e/1.28.0/Clean/RELEASE/BoringSSL\x00", "1.28.0"),
    ("lighttpd", "lighttpd", b"\x00lighttpd/1.4.73\x00", "1.4.73"),
    ("openssl", "openssl", b"\x00OpenSSL 1.1.1w  11 Sep 2023\x00", "1.1.1w"),
    ("curl", "curl", b"\x00curl/8.5.0\x00", "8.5.0"),
    ("zlib", "libz.so.1.3", b" deflate 1.3.0.1 Copyright 1995-2023 Jean-loup Gailly", "1.3.0.1"),
    ("busybox", "busybox", b"BusyBox v1.36.1 (2023-11-07)", "1.36.1"),
    ("bash", "bash", b"@(#)Bash version 5.2.15(1) release GNU", "5.2.15"),
    ("php", "php-fpm", b"X-Powered-By: PHP/8.3.0RC2\x00", "8.3.0"),
    ("ruby", "libruby.so.3.2.2", b"ruby 3.2.2 (2023-03-30 revision e51014f9c0)", "3.2.2"),
    ("perl", "perl", b"/usr/local/lib/perl5/5.38.2/x86_64-linux-gnu\x00", "5.38.2"),
    ("erlang", "beam.smp", b"<artificial>\x00/usr/src/otp_src_25.3.2.6/erts/", "25.3.2.6"),
    ("erlang", "beam.smp", b"\x0026.1.2\x00\x00\x00\x00Erlang/OTP", "26.1.2"),
    ("rust", "libstd-0123456789abcdef.so", b"\x00clang LLVM (rustc version 1.75.0 (82e1608df))", "1.75.0"),
    ("deno", "deno", b"Deno/1.41.0", "1.41.0"),
    ("xz", "xz", b"\x00xz (XZ Utils) 5.4.5\x00", "5.4.5"),
]


def executable(name: str, content: bytes) -> File:
    half = len(content) // 2
    return File(f"opt/{name}", 0o755, len(content), (content[:half], content[half:]), head=content[:8])


@pytest.mark.parametrize(("name", "file", "content", "version"), BUILDS)
def test_a_build_tells_its_version(name: str, file: str, content: bytes, version: str) -> None:
    made = executable(file, ELF + b"\x00" * 100 + content)
    assert software.wants(made)
    (package,) = software.read(made)
    row = next(each for each in SOFTWARE if each.name == name)
    assert (package.name, package.version) == (row.advised_as or name, version)
    assert package.confidence == "low"


def test_every_row_of_the_table_is_tried() -> None:
    assert {each.name for each in SOFTWARE} == {name for name, *_ in BUILDS}


def test_a_version_that_lies_across_two_windows_is_found() -> None:
    for shift in (0, 5, 17):
        content = ELF + bytes((4 << 20) - 64 - shift) + b"BusyBox v1.36.1 (2023)" + bytes(100)
        assert [each.version for each in software.read(executable("busybox", content))] == ["1.36.1"]


def test_a_file_without_the_name_is_not_looked_into() -> None:
    assert not software.wants(executable("nginx-helper", ELF))
    assert not software.wants(executable("python3", ELF))
    assert not software.wants(executable("nginx", b"#!/bin/sh nginx version: nginx/1.25.1"))


def test_a_large_node_keeps_its_version_when_it_is_sifted() -> None:
    pieces = [ELF, *([bytes(1 << 20)] * 40), b"node.js/v22.9.0\x00", *([bytes(1 << 20)] * 60)]
    whole = executable("node", ELF)
    large = File(whole.path, whole.mode, sum(map(len, pieces)), (), head=whole.head)
    keep = sift(large)
    assert keep is not None
    kept = keep(iter(pieces))
    assert sum(map(len, kept)) == large.size
    sifted = File(large.path, large.mode, large.size, tuple(kept), head=large.head)
    assert [each.version for each in software.read(sifted)] == ["22.9.0"]
