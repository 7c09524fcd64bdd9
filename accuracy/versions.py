"""Pairs of versions in the order that their scheme's reference, or other projects' tests, give."""

import operator
from collections.abc import Iterator
from pathlib import Path

from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

_OPERATORS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}
Rows = set[str]


def sets(shared: Path) -> Iterator[tuple[str, Rows, Rows]]:
    """Each pair is a row; what careen cannot order is missing, and what it orders otherwise as well."""
    for path in sorted((shared / "truth" / "versions").glob("*.tsv")):
        if path.stem in BY_NAME:
            lines = [line for line in path.read_text().split("\n") if line.count("\t") == 2]  # noqa: PLR2004 - a, operator, b
            yield f"versions/{path.stem}", set(lines), {line for line in lines if _holds(path.stem, line)}


def _holds(scheme: str, line: str) -> bool:
    first, sign, second = line.split("\t")
    key = BY_NAME[scheme].key
    try:
        return bool(_OPERATORS[sign](key(first), key(second)))
    except InvalidVersion:
        return False
