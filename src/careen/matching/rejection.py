"""Ids that were taken back: whoever assigns them found that they name no vulnerability."""

from collections.abc import Iterable, Mapping, Sequence

from careen.matching.aliases import is_cve
from careen.matching.records import Facts


def of(names: Iterable[str], facts: Mapping[str, Facts]) -> Sequence[str]:
    """Who took back what these are names of; () unless every CVE among them is rejected."""
    said = [facts[name].rejected for name in names if is_cve(name)]
    return said[0] if said and all(said) else ()
