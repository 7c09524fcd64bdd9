"""Versions and constraints, as far as ranges of advisories can express these: comparisons and branches."""

import re
from collections.abc import Iterator
from pathlib import Path

from careen.matching.order import Order, order_of
from careen.matching.spans import HIGHEST, LOWEST
from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

_CLAUSE = re.compile(r"(<=|>=|==|=|<|>)\s*([^\s=<>~^'*,|]+)")
_BETWEEN = re.compile(r"[\s,']*")
Rows = set[str]


def sets(shared: Path) -> Iterator[tuple[str, Rows, Rows]]:
    """Each row with its answer; what careen cannot order is missing, and so is another answer."""
    for path in sorted((shared / "truth" / "versions" / "constraints").glob("*.tsv")):
        if path.stem in BY_NAME:
            order = order_of(path.stem, by_source=False)
            rows = [line.split("\t")[:3] for line in path.read_text().splitlines()]
            said = {"\t".join(row): _answer(order, row[0], row[1]) for row in rows if _is_plain(row[1])}
            yield (
                f"constraints/{path.stem}",
                set(said),
                {row for row, answer in said.items() if answer == row.rpartition("\t")[2]},
            )


def _is_plain(constraint: str) -> bool:
    return bool(constraint.strip()) and all(
        _CLAUSE.search(branch) and _BETWEEN.fullmatch(_CLAUSE.sub("", branch))
        for branch in constraint.split("||")
    )


def _answer(order: Order, version: str, constraint: str) -> str:
    try:
        key = order.key(version)
        spans = [_span(order, branch) for branch in constraint.split("||")]
    except InvalidVersion:
        return "refused"
    return str(any(low <= key < high for low, high in spans)).lower()


def _span(order: Order, branch: str) -> tuple[bytes, bytes]:
    """From the lowest version that all clauses allow to just above the highest."""
    low, high = LOWEST, HIGHEST
    for sign, version in _CLAUSE.findall(branch):
        if sign in (">=", "=", "=="):
            low = max(low, order.key(version))
        if sign == ">":
            low = max(low, order.after(version))
        if sign == "<":
            high = min(high, order.key(version))
        if sign in ("<=", "=", "=="):
            high = min(high, order.after(version))
    return low, high
