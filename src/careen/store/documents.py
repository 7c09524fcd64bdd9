"""Values of the model as JSON documents, and back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

from careen.model.distro import Distro
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

Json = dict[str, Any]

_JSON = json.JSONEncoder(separators=(",", ":"))
_PACKAGE = tuple(field.name for field in fields(Package))
_DISTRO = tuple(field.name for field in fields(Distro))


def of_package(package: Package) -> Json:
    return {name: getattr(package, name) for name in _PACKAGE}


class Encoded(str):
    """A document that is JSON already: the engines' serializer leaves it as it is."""

    __slots__ = ()


def encode(document: object) -> str:
    return document if isinstance(document, Encoded) else _JSON.encode(document)


@lru_cache(maxsize=2000)
def encoded_package(package: Package) -> Encoded:
    """As `of_package`, for a package that many findings are about."""
    return Encoded(_JSON.encode(of_package(package)))


@lru_cache(maxsize=2000)
def encoded_names(names: tuple[str, ...]) -> Encoded:
    """A list of them: most findings have the same, which is none."""
    return Encoded(_JSON.encode(names))


def package(document: Mapping[str, Any]) -> Package:
    return Package(**document)


@lru_cache(maxsize=2000)
def decoded_package(text: str) -> Package:
    """The package that was encoded, which many findings may be about."""
    return package(json.loads(text))


def of_distro(distro: Distro) -> Json:
    return {name: getattr(distro, name) for name in _DISTRO}


def distro(document: Mapping[str, Any]) -> Distro:
    return Distro(**document)


def of_problems(problems: Iterable[Problem]) -> list[list[str]]:
    return [[problem.kind.value, problem.path, problem.message] for problem in problems]


def problems(document: Iterable[list[str]]) -> tuple[Problem, ...]:
    return tuple(Problem(ProblemKind(kind), path, message) for kind, path, message in document)
