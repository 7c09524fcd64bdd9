"""Whether a vulnerability is used by anybody, in words."""

from collections.abc import Iterator, Mapping
from typing import Any


def use(evidence: Mapping[str, Any]) -> Iterator[str]:
    """`exploited since 2021-12-10 (CISA KEV)` and `EPSS 94.4%`; nothing where nobody says anything.

    `evidence` is a finding's (matching/evidence.py).
    """
    for seen in evidence.get("exploited", ()):
        by = f"{seen['source']}, by ransomware too" if seen["ransomware"] else seen["source"]
        yield f"exploited since {seen['since']} ({by})"
    if likely := evidence.get("likelihood"):
        yield f"EPSS {likely['probability']:.1%}"
