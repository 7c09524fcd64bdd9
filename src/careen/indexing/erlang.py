"""Erlang and Elixir applications: NAME/ebin/NAME.app (erlang.org/doc, "app": an Erlang term).

A Hex package is an application of the same name; whether it came from Hex nothing tells. The applications of
Erlang/OTP and of Elixir are none; OSV has no ecosystem for them, and its name here is "OTP".
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from careen.indexing._archived import archived
from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._signs import Signs
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "erlang"
VERSION = 2

_APPLICATION = re.compile(r"^[ \t]*\{\s*application\s*,\s*'?([a-z][A-Za-z0-9_@]*)'?\s*,", re.MULTILINE)
_VERSION = re.compile(r"\{\s*vsn\s*,\s*\"([^\"\\]*)\"\s*\}")

# erlang.org/doc/applications.html, also of the past, and lib/ of github.com/elixir-lang/elixir
_OTP = re.compile(
    r"asn1|common_test|compiler|crypto|debugger|dialyzer|diameter|edoc|eldap|erl_docgen|erl_interface"
    r"|erts|et|eunit|ftp|hipe|inets|jinterface|kernel|megaco|mnesia|observer|odbc|os_mon|otp_mibs"
    r"|parsetools|percept|public_key|reltool|runtime_tools|sasl|snmp|ssh|ssl|stdlib|syntax_tools|tftp"
    r"|tools|wx|xmerl|eex|elixir|ex_unit|iex|logger|mix"
)

SIGNS = Signs(ends=(".app", ".ez"))


def wants(file: File) -> bool:
    return _is_resource(file.path) or file.path.endswith(".ez")


def read(file: File) -> Iterator[Package | Problem]:
    """The application, or those in a code archive, as RabbitMQ has its plugins (erlang.org/doc, "code")."""
    try:
        if not file.path.endswith(".ez"):
            yield _application(file, content(file))
            return
        for resource in archived(file, _is_resource):
            found = _application(file, content(resource))
            yield replace(found, inner=resource.path) if isinstance(found, Package) else found
    except InvalidMetadata as error:
        yield invalid(file, error)


def _is_resource(path: str) -> bool:
    return path.endswith(".app") and path.rpartition("/")[0].endswith("/ebin")


def _application(file: File, text: str) -> Package | Problem:
    name, version = _first(_APPLICATION, text), _first(_VERSION, text)
    if not is_token(name) or not is_token(version):
        return unnamed(file, name, version)
    kind, ecosystem = ("otp", "OTP") if _OTP.fullmatch(name) else ("hex", "Hex")
    return Package(name, version, type=kind, manager=kind, path=file.path, ecosystem=ecosystem)


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
