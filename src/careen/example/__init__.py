"""An EXAMPLE mirror of feeds, for a first look without a network: a few well-known CVEs, no basis for a judgement."""

from pathlib import Path

MIRROR = Path(__file__).parent / "mirror"
