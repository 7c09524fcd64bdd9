"""Which methods a path leads to (googleapis/google/api/http.proto), found by one regular expression for all.

Starlette asks one route after another, which took longer than the rest of a read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from careen.api.methods import METHODS, Method
from careen.errors import NotFound

# Names of repositories and references to images have slashes in them; clients send them raw and as %2F.
_WITH_SLASHES = frozenset({"repository_name", "image_id"})

# The proto says GET and Yandex' design guide says POST.
_CANCEL = "yandex.cloud.operation.OperationService.Cancel"

_VARIABLE = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Place:
    """A path of the API."""

    template: str  # "/container-registry/v1/images/{image_id}:lastScanResult"; it has one variable at most
    methods: Mapping[str, Method]  # by verb

    @property
    def variable(self) -> str:
        found = _VARIABLE.search(self.template)
        return found[1] if found else ""

    def expression(self, group: str) -> str:
        """That of the paths; the named group catches the variable, or nothing."""
        before, _, after = self.template.partition(f"{{{self.variable}}}")
        if not self.variable:
            return rf"{re.escape(before)}(?P<{group}>)"
        value = ".+" if self.variable in _WITH_SLASHES else "[^/]+"
        return f"{re.escape(before)}(?P<{group}>{value}){re.escape(after)}"

    def precedence(self) -> tuple[bool, str]:
        """Paths with a `:verb` come first: an id that stands alone would match the verb too."""
        return ":" not in self.template.rpartition("}")[2], self.template


def places() -> list[Place]:
    """Every path of the API, in the order in which they are to be tried."""
    bindings = sorted(_bindings(), key=lambda binding: binding[0])
    by_path = groupby(bindings, key=lambda binding: binding[0])
    found = [Place(path, {verb: method for _, verb, method in group}) for path, group in by_path]
    return sorted(found, key=Place.precedence)


def _bindings() -> Iterator[tuple[str, str, Method]]:
    for method in METHODS.values():
        if method.http is not None:
            yield method.http.path, method.http.verb, method
            if method.full_name == _CANCEL:
                yield method.http.path, "POST", method


class Routing:
    def __init__(self) -> None:
        self._places = {f"p{number}": place for number, place in enumerate(places())}
        alternatives = (place.expression(group) for group, place in self._places.items())
        self._expression = re.compile("|".join(alternatives), re.DOTALL)

    def find(self, path: str) -> tuple[Place, Mapping[str, str]]:
        """The place of a decoded path, and its variable's value; raises NotFound."""
        match = self._expression.fullmatch(path)
        if match is None or match.lastgroup is None:
            raise NotFound(f"There is no path {path[:200]} in the API")
        place = self._places[match.lastgroup]
        return place, {place.variable: match[match.lastgroup]} if place.variable else {}
