"""Erlang and Elixir applications: NAME/ebin/NAME.app (erlang.org/doc, "app": an Erlang term).

A Hex package is an application of the same name; whether it came from Hex nothing tells. The applications of
Erlang/OTP and of Elixir are none; OSV has no ecosystem for them, and its name here is "OTP".
"""

import re
from collections.abc import Iterator

from careen.indexing._metadata import InvalidMetadata, content, invalid, unnamed
from careen.indexing._tokens import is_token
from careen.model.file import File
from careen.model.package import Package
from careen.model.problem import Problem

NAME = "erlang"
VERSION = 1

_APPLICATION = re.compile(r"^[ \t]*\{\s*application\s*,\s*'?([a-z][A-Za-z0-9_@]*)'?\s*,", re.MULTILINE)
_VERSION = re.compile(r"\{\s*vsn\s*,\s*\"([^\"\\]*)\"\s*\}")

# erlang.org/doc/applications.html, also of the past, and lib/ of github.com/elixir-lang/elixir
_OTP = re.compile(
    r"asn1|common_test|compiler|crypto|debugger|dialyzer|diameter|edoc|eldap|erl_docgen|erl_interface"
    r"|erts|et|eunit|ftp|hipe|inets|jinterface|kernel|megaco|mnesia|observer|odbc|os_mon|otp_mibs"
    r"|parsetools|percept|public_key|reltool|runtime_tools|sasl|snmp|ssh|ssl|stdlib|syntax_tools|tftp"
    r"|tools|wx|xmerl|eex|elixir|ex_unit|iex|logger|mix"
)


def wants(file: File) -> bool:
    return file.path.endswith(".app") and file.path.rpartition("/")[0].endswith("/ebin")


def read(file: File) -> Iterator[Package | Problem]:
    """The application, be it a part of a release or an installation of its own."""
    try:
        text = content(file)
    except InvalidMetadata as error:
        yield invalid(file, error)
        return
    name, version = _first(_APPLICATION, text), _first(_VERSION, text)
    if not is_token(name) or not is_token(version):
        yield unnamed(file, name, version)
    elif _OTP.fullmatch(name):
        yield Package(name, version, type="otp", manager="otp", path=file.path, ecosystem="OTP")
    else:
        yield Package(name, version, type="hex", manager="hex", path=file.path, ecosystem="Hex")


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
