"""Ids that were taken back: whoever assigns them found that they name no vulnerability."""

from collections.abc import Callable, Iterable, Sequence

from careen.matching import aliases
from careen.matching.records import Hit


def of(hits: Iterable[Hit], rejected: Callable[[str], Sequence[str]]) -> Sequence[str]:
    """Who took back what these hits of one vulnerability are about; () unless every CVE of it is rejected."""
    cves = {name for hit in hits for name in hit.record.ids if aliases.is_cve(name)}
    said = [rejected(cve) for cve in sorted(cves)]
    return said[0] if said and all(said) else ()
