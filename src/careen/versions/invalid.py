"""What a scheme answers to a text that it cannot order."""

from careen.errors import Invalid

LONGEST = 1000  # characters; real versions stay below 100


class InvalidVersion(Invalid):
    @classmethod
    def of(cls, text: str, scheme: str) -> "InvalidVersion":
        shown = text if len(text) <= 100 else text[:100] + "…"  # noqa: PLR2004 - fits into one line
        return cls(f"{shown!r} is not a version of the scheme {scheme}")
