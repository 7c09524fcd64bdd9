"""Each row of the table of software, on bytes as its builds have them (those of Debian's are in testdata)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.indexing import sift, software
from careen.indexing._software import SOFTWARE
from careen.indexing.software import _first
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
    # As Debian 12 builds them:
    (
        "redis",
        "redis-check-rdb",
        b"\xf0\xff\xff\xdfA7.0.151790282056000000000\x00%llx\x00networking.c",
        "7.0.15",
    ),
    (
        "erlang",
        "beam.smp",
        b"Erlang/OTP 25%s [erts-13.1.5] [smp:%beu]\n\x0025.2.3\x00\x00\xa0\x826",
        "25.2.3",
    ),
    ("rust", "libstd-a5a48102fbd58791.so", b"CAPACITY/usr/src/rustc-1.63.0/library/alloc/src/", "1.63.0"),
    ("ghc", "ghc", b"\x00libHSghc-9.0.2-ghc9.0.2.so\x00", "9.0.2"),
    ("lua", "lua5.4", b"\x00\x00Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio", "5.4.4"),
    ("luajit", "libluajit-5.1.so.2.1.0", b"table.clear\x00LuaJIT 2.1.0-beta3\x00jit\x00", "2.1.0-beta3"),
    ("varnish", "varnishd", b"\x00varnish-7.1.1 revision 7cee1c581bead20e88d101ab3d72afb29f14d87a", "7.1.1"),
    ("squid", "squid", b"(\x00/1.0) in '\x00squid/5.7\x00;\t \x00HTTP/\x00", "5.7"),
    ("sqlite", "libsqlite3.so.0.8.6", b"\x08\x00\x00\x003.40.1\x00\x00\x01\x00", "3.40.1"),
    ("sqlite", "libsqlite3.so.0.8.6", b"\xfb\xfc\xfd\xfe\xff3.34.1\x00\x00\x00", "3.34.1"),
    ("gcc", "x86_64-linux-gnu-gcc-14", b"\x00GNU C library.\x00\x0014.2.0\x00\x002.1.0\x00", "14.2.0"),
    ("gcc", "g++", b"%s\x0010.2.1\x00gcc version %s %s\n\x00", "10.2.1"),
    ("openldap", "ldapsearch", b"@(#) $OpenLDAP: ldapsearch 2.5.13+dfsg-5 (Feb  8 2023", "2.5.13"),
    ("openssh", "sshd", b"\x00OpenSSH_9.2p1 Debian-2+deb12u10\x00usage: sshd", "9.2p1"),
    ("proftpd", "proftpd", b"hlnp:qS:tvX46\x00ProFTPD Version 1.3.8\x00LANG\x001.3.8 (stable)\n", "1.3.8"),
    ("exim", "exim4", b"%d\x00<<eximcnumber>>\x004.96\x00<<eximversion>>\x00version_init", "4.96"),
    ("postfix", "master", b"ice disable list\x00mail_version=3.7.11\x00MAIL_VERBOSE", "3.7.11"),
    ("dovecot", "dovecot", b"\x00Dovecot v2.3.19.1 (9b53102964) starting up\x00", "2.3.19.1"),
    ("unbound", "unbound", b"READY=1\x00unbound 1.17.1\x00start of service (%s).", "1.17.1"),
    ("bind", "named", b"\x00libdns-9.18.49-1~deb12u3-Debian.so\x00libns-9", "9.18.49"),
    ("dnsmasq", "dnsmasq", b"/etc/dnsmasq.conf\x00dnsmasq-2.90\x00version.bind", "2.90"),
    ("samba", "smbd", b"\x00SAMBA_4.17.12_DEBIAN_SAMBA4\x00SAMBA_CREDENTIALS_1.0.0\x00", "4.17.12"),
    (
        "openvpn",
        "openvpn",
        b"OpenVPN 2.6.0 and\x00OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)]",
        "2.6.14",
    ),
    ("stunnel", "stunnel4", b"\x00stunnel 5.68 on x86_64-pc-linux-gnu platform\x00", "5.68"),
    ("tor", "tor", b"__OwningControllerFD\x00tor 0.4.9.11\x00\x00\x00INTERNAL ERROR", "0.4.9.11"),
    ("mosquitto", "mosquitto", b"remapping.\x002.0.11\x00mosquitto version %s\n", "2.0.11"),
    ("coturn", "turnserver", b"TURN Server\x00Coturn-4.6.1 'Gorst'\x00 HTTP/", "4.6.1"),
    ("qemu", "qemu-img", b"bs_file != NULL\x00QEMU v7.2.22\x00Failed to write", "7.2.22"),
    ("ffmpeg", "ffmpeg", b"specified.\n\x00%s version 5.1.9-0+deb12u1\x00%sbuilt with", "5.1.9"),
    ("ffmpeg", "libavutil.so.57.28.100", b"\x00FFmpeg version 5.1.9-0+deb12u1\x00Authentic", "5.1.9"),
    ("git", "git", b"\xfe\xff\xffgit/2.39.5\x00GIT_USER_AGENT\x00", "2.39.5"),
    ("gnutls", "libgnutls.so.30.34.3", b"\x00Enabled GnuTLS 3.7.9 logging...\n", "3.7.9"),
    ("expat", "libexpat.so.1.8.10", b"parser not started\x00expat_2.5.0\x00\\0", "2.5.0"),
    ("libssh2", "libssh2.so.1.0.1", b"\x00SSH-2.0-libssh2_1.10.0\x00Timed out", "1.10.0"),
    ("libarchive", "libarchive.so.13.6.2", b"789abcdef\x00libarchive 3.6.2\x00/tmp", "3.6.2"),
    ("libpng", "libpng16.so.16.39.0", b"\nlibpng version 1.6.39\nCopyright (c) 2018", "1.6.39"),
    ("libtiff", "libtiff.so.6.0.0", b"\x00LIBTIFF, Version 4.5.0\nCopyright (c)", "4.5.0"),
    ("qt", "libQt5Core.so.5.15.8", b"/etc/xdg\x00Qt 5.15.8 (x86_64-little_endian-lp64", "5.15.8"),
    ("util-linux", "getopt", b"%s from %s\n\x00util-linux 2.38.1\x00\nUsage:", "2.38.1"),
    ("gzip", "gzip", b"changed while zipping\n\x001.12\x00\x00\x00", "1.12"),
    ("zstd", "zstd", b"Enabled\x00v1.5.4\x00Zstandard CLI\x00Yann Collet", "1.5.4"),
    ("jq", "jq", b"writing output failed: %s\n\x001.6\x00DEBUG:\x00", "1.6"),
    # As upstream's images have them:
    ("mongodb", "mongod", b"\x008.0.17\x00cppdefines\x00", "8.0.17"),
    ("envoy", "envoy", b"\x001.36.4\x00 some text \x00envoy_reloadable_features_x", "1.36.4"),
    ("percona-server", "mysqld", b"/build/percona-server-8.0.36/sql/mysqld.cc", "8.0.36"),
    ("traefik", "traefik", b"\x002.9.6\x00", "2.9.6"),
    ("consul", "consul", b'-X=version.GitDescribe=1.12.9"', "1.12.9"),
    ("vault", "vault", b"renewrevoke1.18.0", "1.18.0"),
    ("helm", "helm", b"\x00v3.14.2\x00", "3.14.2"),
    ("fluent-bit", "fluent-bit", b"\x003.0.2\x00%sFluent Bit v%s", "3.0.2"),
    ("arangodb", "arangosh", b"\x003.11.8-1 enterprise [linux]", "3.11.8"),
    ("julia", "libjulia-internal.so.1.9.4", b"__init__\x001.9.4\x00verify", "1.9.4"),
    ("dart", "dart", b'Dart,GC"\x003.5.2 (stable) (Wed', "3.5.2"),
    ("pypy", "libpypy3.10-c.so", b"[PyPy 7.3.15 with GCC", "7.3.15"),
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
        content = ELF + bytes(software._WINDOW - 64 - shift) + b"BusyBox v1.36.1 (2023)" + bytes(100)
        assert [each.version for each in software.read(executable("busybox", content))] == ["1.36.1"]


@pytest.mark.parametrize("told", range(1, 13))
def test_a_version_is_not_cut_off_where_a_window_ends(told: int) -> None:
    """However much of it lies in the first window."""
    before = software._WINDOW - len(ELF) - told
    file = File("usr/bin/curl", 0o755, pieces=[ELF, bytes(before), b"curl/7.88.10", bytes(99)], head=ELF[:8])
    assert [package.version for package in software.read(file)] == ["7.88.10"]


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


@pytest.mark.parametrize(
    "piece", [b"1", b"1.", b"1.1.1", b"\x001.11.1\x00", b"\x00", b"Erlang/OTP ", b"a-1 "]
)
def test_repetition_does_not_cost_more_than_its_length(piece: bytes) -> None:
    files = {file for _, file, *_ in BUILDS}
    content = piece * ((1 << 20) // len(piece))
    for file in sorted(files):
        began = time.process_time()
        list(software.read(executable(file, ELF + content)))
        assert time.process_time() - began < 5, file


NUMBERS = [b"7.0.15", b"10.2", b"1.2.3.4.5", b"1790282056000000000", b"1234567.1.1"]
BEHIND = [b"buildkitsandbox-1", b"0123456789ab-1", b" [linux]", b"tcmalloc", b"-MariaDB"]


@given(st.lists(st.sampled_from([b"\0", b"v", b"x" * 300, *NUMBERS, *BEHIND]), max_size=12))
def test_a_number_that_an_expression_begins_with_is_found_where_it_first_is(parts: list[bytes]) -> None:
    """The search from dot to dot says the same as the one from byte to byte."""
    content = b"".join(parts)
    for version in (version for each in SOFTWARE for version in each.versions):
        expression = re.compile(version.replace(b"%(minor)s", b""))
        found, known = _first(expression, content), expression.search(content)
        assert (found and found["version"]) == (known and known["version"])
