"""Values of the model as JSON documents, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from careen.model.distro import Distro
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind

Json = dict[str, Any]

_PACKAGE = tuple(field.name for field in fields(Package))
_DISTRO = tuple(field.name for field in fields(Distro))


def of_package(package: Package) -> Json:
    return {name: getattr(package, name) for name in _PACKAGE}


def package(document: Mapping[str, Any]) -> Package:
    return Package(**document)


def of_distro(distro: Distro) -> Json:
    return {name: getattr(distro, name) for name in _DISTRO}


def distro(document: Mapping[str, Any]) -> Distro:
    return Distro(**document)


def of_problems(problems: Iterable[Problem]) -> list[list[str]]:
    return [[problem.kind.value, problem.path, problem.message] for problem in problems]


def problems(document: Iterable[list[str]]) -> tuple[Problem, ...]:
    return tuple(Problem(ProblemKind(kind), path, message) for kind, path, message in document)
