"""Software that people copy into images without a package manager: how its files tell the version.

Each row: which files may tell, by name; the expressions that find the version in one, tried in order; and
the name under which Bitnami's advisories speak of it. The expressions follow what the programs print
themselves, and what syft's classifiers have found in many builds.
"""

import re
from dataclasses import dataclass

XYZ = rb"[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}"
_XYZ = rb"(?P<version>" + XYZ + rb")"


@dataclass(frozen=True, slots=True)
class Software:
    name: str
    files: re.Pattern[str]  # of the whole name of a file; a group `minor` is part of the version
    versions: tuple[bytes, ...]  # expressions with a group `version`; %(minor)s stands for `minor`
    advised_as: str = ""  # in Bitnami's advisories, which name upstream's versions; "" = there are none


def _software(name: str, files: str, *versions: bytes, advised_as: str = "") -> Software:
    return Software(name, re.compile(files), versions, advised_as)


SOFTWARE = (
    _software(
        "python",
        r"(lib)?python(?P<minor>[23]\.[0-9]+)m?(\.so(\.[0-9.]+)?)?",
        rb"\x00(?P<version>%(minor)s\.[0-9]{1,6}((a|b|rc)[0-9]{1,6})?)\+?\x00",
        advised_as="python",
    ),
    _software(
        "node",
        r"node(js)?|libnode\.so\.[0-9]+",
        rb"node\.js/v" + _XYZ,
        rb"\x00(node )?v(?P<version>[0456]\.[0-9]{1,6}\.[0-9]{1,6})\x00",
        advised_as="node",
    ),
    _software("nginx", r"nginx", rb"nginx version: [a-z]+/" + _XYZ, advised_as="nginx"),
    _software("httpd", r"httpd|apache2", rb"Apache/" + _XYZ, advised_as="apache"),
    _software(
        "redis",
        r"redis-(server|check-rdb|check-aof)",  # links to one another in Debian
        _XYZ + rb"buildkitsandbox-[0-9]{1,6}",
        rb"[^0-9]" + _XYZ + rb"[0-9a-z]{12}-[0-9]{1,6}",
        rb"[^0-9](?P<version>" + XYZ + rb"?)1[0-9]{9}0{9}\x00",  # and a time in ns
        rb"Redis version " + _XYZ,
        rb"\x00(?P<version>[2-9]\.[0-9]{1,2}\.[0-9]{1,2})\x00",
        advised_as="redis",
    ),
    _software("valkey", r"valkey-server", _XYZ + rb"buildkitsandbox-[0-9]{1,6}", advised_as="valkey"),
    _software(
        "postgresql",
        r"postgres",
        rb"\x00PostgreSQL (?P<version>[0-9]{1,6}(\.[0-9]{1,6}){1,2})[ \x00]",
        advised_as="postgresql",
    ),
    _software("mariadb", r"mariadbd?|mysqld?", _XYZ + rb"-MariaDB", advised_as="mariadb"),
    _software("percona-server", r"mysqld?", rb"/percona-server-" + _XYZ),
    _software("mysql", r"mysqld?", rb"\x00" + _XYZ + rb"\x00{1,64}mysql", rb"/mysql-" + _XYZ),
    _software(
        "mongodb",
        r"mongod|mongos",
        rb"\x00v?" + _XYZ + rb"\x00{1,64}[0-9a-f]{40}\x00",
        _XYZ + rb"\x00{1,64}(tcmalloc|heap_size|cppdefines)",
        advised_as="mongodb",
    ),
    _software("memcached", r"memcached", rb"memcached " + _XYZ, advised_as="memcached"),
    _software(
        "haproxy",
        r"haproxy",
        rb"version (?P<version>[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6})(-[0-9a-z+~.]+)?, released 20",
        rb"HA-?Proxy version " + _XYZ,
        rb"\x00" + _XYZ + rb"-[0-9a-zA-Z]{7}\x00",
        rb"\x00" + _XYZ + rb"(-[0-9]{1,6}(\+deb[0-9u]+)?)?\x00",
        advised_as="haproxy",
    ),
    _software(
        "envoy",
        r"envoy",
        rb"/" + _XYZ + rb"/(Clean|Modified)/(RELEASE|DEBUG)/",
        rb"(?s)\x00(?P<version>1\.[0-9]{2}\.[0-9]{1,6})\x00.{0,200}envoy[_.]reloadable_features",
        advised_as="envoy",
    ),
    _software("lighttpd", r"lighttpd", rb"lighttpd/" + _XYZ),
    _software("varnish", r"varnishd", rb"varnish-" + _XYZ + rb" revision", advised_as="varnish"),
    _software("squid", r"squid", rb"\x00squid/(?P<version>[0-9]{1,6}(\.[0-9]{1,6})+)\x00"),
    _software(
        "traefik",
        r"traefik",
        rb"(\x00v?|\xef\xbf\xbd.?)(?P<version>[1-9]\.[0-9]{1,6}\.[0-9]{1,6}(-rc[0-9])?)\x00",
    ),
    _software(
        "consul",
        r"consul",
        rb"CONSUL_VERSION: " + _XYZ,
        rb"GitDescribe=" + _XYZ + rb"\"",
        rb"\x00v" + _XYZ + rb"\x00",
        advised_as="consul",
    ),
    _software(
        "vault",
        r"vault",
        rb"revoke" + _XYZ,
        rb"016x(?P<version>1\.1[134]\.[0-9])",
        rb"\x00(?P<version>1\.[0-9]{1,2}\.[0-9]{1,6})\x00",
        advised_as="vault",
    ),
    _software("helm", r"helm", rb"\x00v(?P<version>[234]\.[0-9]{1,6}\.[0-9]{1,6})\x00", advised_as="helm"),
    _software(
        "fluent-bit",
        r"fluent-bit",
        rb"\x00" + _XYZ + rb"\x00{1,64}(\x1b\[1m\x00)?(%s)?Fluent",
        advised_as="fluent-bit",
    ),
    _software(
        "arangodb",
        r"arangosh|arangod",
        _XYZ + rb"(-[0-9]{1,6})? (enterprise )?\[linux\]",
        advised_as="arangodb",
    ),
    _software(
        "sqlite",
        r"sqlite3|libsqlite3\.so\.[0-9.]+",
        rb"\x00(?P<version>3\.[0-9]{1,6}\.[0-9]{1,6})\x00",
        rb"\xfd\xfe\xff(?P<version>3\.[0-9]{1,6}\.[0-9]{1,6})\x00",  # up to 3.39 it follows a table
        advised_as="sqlite",
    ),
    _software("openldap", r"ldapsearch|slapd", rb"\$OpenLDAP: [a-z]+ " + _XYZ, advised_as="openldap"),
    _software("openssh", r"sshd?|sshd-session", rb"OpenSSH_(?P<version>[0-9]{1,6}\.[0-9]{1,6}p[0-9]{1,6})"),
    _software(
        "proftpd", r"proftpd", rb"ProFTPD Version (?P<version>[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}[a-z]?)\x00"
    ),
    _software(
        "exim", r"exim4?", rb"<<eximcnumber>>\x00(?P<version>[0-9]{1,6}(\.[0-9]{1,6})+)\x00<<eximversion>>"
    ),
    _software("postfix", r"postfix|postconf|master", rb"\x00mail_version=" + _XYZ),
    _software("dovecot", r"dovecot", rb"Dovecot v(?P<version>[0-9]{1,6}(\.[0-9]{1,6}){2,3})"),
    _software("unbound", r"unbound", rb"\x00unbound " + _XYZ + rb"\x00"),
    _software("bind", r"named", rb"\x00libdns-(?P<version>9\.[0-9]{1,6}\.[0-9]{1,6})[^/\x00]*\.so\x00"),
    _software("dnsmasq", r"dnsmasq", rb"\x00dnsmasq-(?P<version>[0-9]{1,6}\.[0-9]{1,6})\x00"),
    _software(
        "samba", r"smbd|nmbd|samba|winbindd", rb"\x00SAMBA_(?P<version>4\.[0-9]{1,6}\.[0-9]{1,6})[_\x00]"
    ),
    _software("openvpn", r"openvpn", rb"OpenVPN " + _XYZ + rb" [a-z0-9_]+-"),
    _software("stunnel", r"stunnel4?", rb"stunnel (?P<version>[0-9]{1,6}\.[0-9]{1,6}) on "),
    _software("tor", r"tor", rb"\x00tor (?P<version>0(\.[0-9]{1,6}){3})\x00"),
    _software("mosquitto", r"mosquitto", rb"\x00" + _XYZ + rb"\x00mosquitto version"),
    _software("coturn", r"turnserver", rb"\x00Coturn-" + _XYZ),
    _software(
        "qemu", r"qemu-(img|nbd|system-[a-z0-9_]+)", rb"QEMU v" + _XYZ, rb"qemu-[a-z]+ version " + _XYZ
    ),
    _software(
        "ffmpeg",
        r"ff(mpeg|probe|play)|lib(av(util|codec|format|filter|device)|sw(scale|resample))\.so\.[0-9.]+",
        rb"(FFmpeg|%s) version n?(?P<version>[0-9]{1,6}\.[0-9]{1,6}(\.[0-9]{1,6})?)",
    ),
    _software("git", r"git", rb"git/" + _XYZ + rb"\x00", advised_as="git"),
    _software(
        "openssl",
        r"openssl|lib(ssl|crypto)\.so\.[0-9.]+",
        rb"OpenSSL (?P<version>[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}[a-z]{0,2}) +[0-9]{1,2} [A-Z][a-z]{2} 20",
    ),
    _software("curl", r"curl|libcurl(-gnutls|-nss)?\.so\.[0-9.]+", rb"curl/" + _XYZ),
    _software(
        "zlib", r"libz\.so\.[0-9.]+", rb" deflate (?P<version>[0-9]{1,6}(\.[0-9]{1,6}){2,3}) Copyright"
    ),
    _software("gnutls", r"libgnutls\.so\.[0-9.]+", rb"Enabled GnuTLS " + _XYZ + rb" logging"),
    _software("expat", r"libexpat\.so\.[0-9.]+", rb"\x00expat_" + _XYZ + rb"\x00"),
    _software("libssh2", r"libssh2\.so\.[0-9.]+", rb"libssh2_" + _XYZ),
    _software("libarchive", r"bsdtar|libarchive\.so\.[0-9.]+", rb"\x00libarchive " + _XYZ),
    _software("libpng", r"libpng1[0-9]\.so\.[0-9.]+", rb"libpng version " + _XYZ),
    _software("libtiff", r"libtiff\.so\.[0-9.]+", rb"LIBTIFF, Version " + _XYZ),
    _software("qt", r"libQt[56]Core\.so\.[0-9.]+", rb"Qt " + _XYZ + rb" \("),
    _software("util-linux", r"getopt", rb"\x00util-linux (?P<version>[0-9]{1,6}(\.[0-9]{1,6})+)\x00"),
    _software("gzip", r"gzip", rb"\x00(?P<version>1\.[0-9]{1,6})\x00"),
    _software("zstd", r"zstd", rb"\x00v" + _XYZ + rb"\x00"),
    _software("jq", r"jq", rb"\x00(?P<version>1\.[0-9]{1,6}(\.[0-9]{1,6})?)\x00"),
    _software("busybox", r"busybox", rb"BusyBox v" + _XYZ),
    _software("bash", r"bash", rb"@\(#\)Bash version " + _XYZ + rb"\([0-9]{1,6}\)"),
    _software(
        "php",
        r"php[0-9.]*|php-(fpm|cgi)[0-9.]*|libphp[0-9.]*\.so",
        rb"X-Powered-By: PHP/" + _XYZ,
        advised_as="php",
    ),
    _software(
        "ruby",
        r"ruby[0-9.]*|libruby[0-9.-]*\.so(\.[0-9.]+)?",
        rb"ruby " + _XYZ + rb"(p[0-9]{1,6})? \(20",
        advised_as="ruby",
    ),
    _software("perl", r"perl|libperl\.so[0-9.]*", rb"/perl5?/" + _XYZ + rb"[/\x00]"),
    _software(
        "erlang",
        r"erlexec|beam\.smp",
        rb"/src/otp(_src_|-)(?P<version>[0-9]{1,6}(\.[0-9]{1,6}){1,3})/erts/",
        rb"\x00(?P<version>[0-9]{1,6}(\.[0-9]{1,6}){1,3})\x00{1,64}Erlang/OTP",
        rb"Erlang/OTP [^\x00]{1,150}\x00{1,64}(?P<version>[0-9]{1,6}(\.[0-9]{1,6}){1,3})\x00",
    ),
    _software(
        "gcc",
        r"([a-z0-9_]+-linux-[a-z]+-)?(gcc|g\+\+|cpp)(-[0-9.]+)?",
        rb"\x00(?P<version>([3-9]|[1-9][0-9])\.[0-9]{1,2}\.[0-9]{1,2})\x00",
    ),
    _software(
        "rust", r"libstd-[0-9a-f]{16}\.so", rb"rustc version " + _XYZ, rb"/rustc-" + _XYZ + rb"/library/"
    ),
    _software("ghc", r"ghc(-[0-9.]+)?", rb"\x00libHSghc-" + _XYZ + rb"-"),
    _software("julia", r"libjulia-internal\.so[0-9.]*", rb"__init__\x00" + _XYZ + rb"\x00verify"),
    _software("dart", r"dart", rb"\x00" + _XYZ + rb"(-[0-9.]+beta)? \((stable|beta)\)"),
    _software(
        "lua",
        r"lua[0-9.]*|liblua[0-9.-]*\.so[0-9.]*",
        rb"Lua (?P<version>5\.[0-9]\.[0-9]{1,6})  ?Copyright",
        advised_as="lua",
    ),
    _software(
        "luajit",
        r"luajit(-[0-9.a-z-]+)?|libluajit-5\.1\.so\.[0-9.]+",
        rb"LuaJIT (?P<version>2\.[0-9]{1,6}\.[0-9]{1,6}(-beta[0-9])?)",
    ),
    _software("pypy", r"pypy[0-9.]*|libpypy.*\.so", rb"\[PyPy " + _XYZ),
    _software("deno", r"deno", rb"Deno/" + _XYZ),
    _software(
        "xz",
        r"xz|liblzma\.so\.[0-9.]+",
        rb"xz \(XZ Utils\) " + _XYZ,
        rb"\x00(?P<version>5\.[0-9]{1,6}\.[0-9]{1,6})\x00",
    ),
)

NAMES = re.compile("|".join(each.files.pattern.replace("?P<minor>", "") for each in SOFTWARE))
