"""Saying what a scan found. A format is a module with NAME and render; it is listed here and nowhere else."""

from typing import Protocol

from careen.errors import Invalid
from careen.model.finding import Verdict
from careen.report import json, table
from careen.report.facts import ImageFacts

__all__ = ["FORMATS", "Format", "ImageFacts", "format_named"]


class Format(Protocol):
    @property
    def NAME(self) -> str: ...  # noqa: N802 - a module's constant

    def render(self, verdict: Verdict, image: ImageFacts) -> str:
        """The whole report, with a newline at its end."""


FORMATS: list[Format] = [
    table,
    json,
]


def format_named(name: str) -> Format:
    """Raises Invalid, listing the formats there are."""
    for one in FORMATS:
        if name == one.NAME:
            return one
    there = ", ".join(one.NAME for one in FORMATS)
    raise Invalid(f"there is no format {name[:50]!r}; there are: {there}", field="format")
