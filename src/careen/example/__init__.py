"""An EXAMPLE mirror of feeds for a first look without a network: a few well-known CVEs, and no more."""

from pathlib import Path

MIRROR = Path(__file__).parent / "mirror"
