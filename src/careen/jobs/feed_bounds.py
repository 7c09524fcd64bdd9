"""When a document must not take the place of the last good one, though it can be read."""

from dataclasses import dataclass

_FEW = 2  # records that may always be lost, or be unreadable
_MANY = 20  # records, from which on what they say of packages is counted too


@dataclass(slots=True)
class Tally:
    """What a document says, in numbers."""

    records: int = 0  # advisories, ratings, ecosystems …
    statements: int = 0  # packages that its advisories speak of
    ecosystems: int = 0
    problems: int = 0  # records that could not be read

    @property
    def invalid(self) -> float:
        """The share of records that could not be read."""
        return self.problems / max(self.records + self.problems, 1)

    @property
    def is_empty(self) -> bool:
        """Names of ecosystems alone say nothing of any package."""
        return self.records == self.ecosystems


@dataclass(frozen=True, slots=True)
class Bounds:
    """Shares of a document's records, 0 to 1."""

    lost: float = 0.2  # that the last good one had
    invalid: float = 0.1  # that cannot be read, beyond those of the last good one
    invalid_at_first: float = 0.5  # where there is none, and nothing at all would be left

    def objection(self, now: Tally, before: Tally | None) -> str:
        """Why the document must be refused; "" = it need not. `before` is the last good one's."""
        if now.is_empty and (now.records == 0 or now.problems or (before and not before.is_empty)):
            return "there is nothing in it"
        allowed = self.invalid + before.invalid if before else max(self.invalid, self.invalid_at_first)
        if now.problems > _FEW and now.invalid > allowed:
            return f"{now.problems} of its {now.records + now.problems} records cannot be read"
        if before is None:
            return ""
        if _shrank(now.records, before.records, self.lost):
            return f"it shrank from {before.records} records to {now.records}"
        if before.records >= _MANY and _shrank(now.statements, before.statements, self.lost):
            return f"it shrank from {before.statements} statements on packages to {now.statements}"
        return ""


def _shrank(now: int, before: int, share: float) -> bool:
    return before - now > max(_FEW, before * share)
