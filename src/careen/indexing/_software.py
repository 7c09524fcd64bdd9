"""Software that people copy into images without a package manager: how its files tell the version.

Each row: which files may tell, by name; the expressions that find the version in one, tried in order; and
the name under which Bitnami's advisories speak of it. The expressions follow what the programs print
themselves, and what syft's classifiers have found in many builds.
"""

import re
from dataclasses import dataclass

_XYZ = rb"(?P<version>[0-9]+\.[0-9]+\.[0-9]+)"


@dataclass(frozen=True, slots=True)
class Software:
    name: str
    files: re.Pattern[str]  # of the whole name of a file; a group `minor` is part of the version
    versions: tuple[bytes, ...]  # expressions with a group `version`; %s stands for `minor`
    advised_as: str = ""  # in Bitnami's advisories, which name upstream's versions; "" = there are none


def _software(name: str, files: str, *versions: bytes, advised_as: str = "") -> Software:
    return Software(name, re.compile(files), versions, advised_as)


SOFTWARE = (
    _software(
        "python",
        r"(lib)?python(?P<minor>[23]\.[0-9]+)m?(\.so(\.[0-9.]+)?)?",
        rb"\x00(?P<version>%s\.[0-9]+((a|b|rc)[0-9]+)?)\+?\x00",
        advised_as="python",
    ),
    _software(
        "node",
        r"node(js)?|libnode\.so\.[0-9]+",
        rb"node\.js/v" + _XYZ,
        rb"\x00(node )?v(?P<version>[0456]\.[0-9]+\.[0-9]+)\x00",
        advised_as="node",
    ),
    _software("nginx", r"nginx", rb"nginx version: [a-z]+/" + _XYZ, advised_as="nginx"),
    _software("httpd", r"httpd|apache2", rb"Apache/" + _XYZ, advised_as="apache"),
    _software(
        "redis",
        r"redis-server",
        _XYZ + rb"buildkitsandbox-[0-9]+",
        rb"[^0-9]" + _XYZ + rb"[0-9a-z]{12}-[0-9]+",
        rb"Redis version " + _XYZ,
        rb"\x00(?P<version>[2-9]\.[0-9]{1,2}\.[0-9]{1,2})\x00",
        advised_as="redis",
    ),
    _software("valkey", r"valkey-server", _XYZ + rb"buildkitsandbox-[0-9]+", advised_as="valkey"),
    _software(
        "postgresql",
        r"postgres",
        rb"\x00PostgreSQL (?P<version>[0-9]+(\.[0-9]+){1,2})[ \x00]",
        advised_as="postgresql",
    ),
    _software("mariadb", r"mariadbd?|mysqld?", _XYZ + rb"-MariaDB", advised_as="mariadb"),
    _software("mysql", r"mysqld?", rb"\x00" + _XYZ + rb"\x00+mysql", rb"/mysql-" + _XYZ),
    _software(
        "mongodb", r"mongod|mongos", rb"\x00v?" + _XYZ + rb"\x00+[0-9a-f]{40}\x00", advised_as="mongodb"
    ),
    _software("memcached", r"memcached", rb"memcached " + _XYZ, advised_as="memcached"),
    _software(
        "haproxy",
        r"haproxy",
        rb"version (?P<version>[0-9]+\.[0-9]+\.[0-9]+)(-[0-9a-z+~.]+)?, released 20",
        rb"HA-?Proxy version " + _XYZ,
        rb"\x00" + _XYZ + rb"-[0-9a-zA-Z]{7}\x00",
        rb"\x00" + _XYZ + rb"(-[0-9]+(\+deb[0-9u]+)?)?\x00",
        advised_as="haproxy",
    ),
    _software("envoy", r"envoy", rb"/" + _XYZ + rb"/(Clean|Modified)/(RELEASE|DEBUG)/", advised_as="envoy"),
    _software("lighttpd", r"lighttpd", rb"lighttpd/" + _XYZ),
    _software(
        "openssl",
        r"openssl|lib(ssl|crypto)\.so\.[0-9.]+",
        rb"OpenSSL (?P<version>[0-9]+\.[0-9]+\.[0-9]+[a-z]{0,2}) +[0-9]{1,2} [A-Z][a-z]{2} 20",
    ),
    _software("curl", r"curl|libcurl(-gnutls|-nss)?\.so\.[0-9.]+", rb"curl/" + _XYZ),
    _software("zlib", r"libz\.so\.[0-9.]+", rb" deflate (?P<version>[0-9]+(\.[0-9]+){2,3}) Copyright"),
    _software("busybox", r"busybox", rb"BusyBox v" + _XYZ),
    _software("bash", r"bash", rb"@\(#\)Bash version " + _XYZ + rb"\([0-9]+\)"),
    _software(
        "php",
        r"php[0-9.]*|php-(fpm|cgi)[0-9.]*|libphp[0-9.]*\.so",
        rb"X-Powered-By: PHP/" + _XYZ,
        advised_as="php",
    ),
    _software(
        "ruby",
        r"ruby[0-9.]*|libruby[0-9.-]*\.so(\.[0-9.]+)?",
        rb"ruby " + _XYZ + rb"(p[0-9]+)? \(20",
        advised_as="ruby",
    ),
    _software("perl", r"perl|libperl\.so[0-9.]*", rb"/perl5?/" + _XYZ + rb"[/\x00]"),
    _software(
        "erlang",
        r"erlexec|beam\.smp",
        rb"/src/otp(_src_|-)(?P<version>[0-9]+(\.[0-9]+){1,3})/erts/",
        rb"\x00(?P<version>[0-9]+(\.[0-9]+){1,3})\x00+Erlang/OTP",
    ),
    _software("rust", r"libstd-[0-9a-f]{16}\.so", rb"rustc version " + _XYZ),
    _software("deno", r"deno", rb"Deno/" + _XYZ),
    _software(
        "xz",
        r"xz|liblzma\.so\.[0-9.]+",
        rb"xz \(XZ Utils\) " + _XYZ,
        rb"\x00(?P<version>5\.[0-9]+\.[0-9]+)\x00",
    ),
)

NAMES = re.compile("|".join(each.files.pattern.replace("?P<minor>", "") for each in SOFTWARE))
