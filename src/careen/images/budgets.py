"""What layers may cost: they come from strangers, and a few kilobytes can inflate to terabytes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from careen.errors import Exhausted, Invalid

PREFIX = "CAREEN_BUDGET_"


class BudgetExceeded(Exhausted):
    """Names the budget, its value and how to raise it."""


class InvalidBudget(Invalid): ...


class CorruptLayer(Invalid):
    """The layer's bytes are not what they claim to be."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """Each field is a limit, and can be set as CAREEN_BUDGET_<NAME>."""

    inflated: int = 64 << 30  # bytes of the layer, inflated
    ratio: int = 500  # inflated bytes for each byte of the blob; the worst honest layers are full of zeros
    ratio_floor: int = 1 << 30  # inflated bytes from which on the ratio counts
    entries: int = 2_000_000  # members of the archive
    path_length: int = 4096  # characters: Linux' PATH_MAX
    path_depth: int = 256  # folders on the way to a member
    held: int = 64 << 20  # bytes of an executable; of a larger one only the parts that tell about it are kept
    member: int = 96 << 20  # bytes of one file that an indexer wants to see
    tree: int = 80 << 20  # bytes of the paths of folders, links, whiteouts and of files that indexers see
    names: int = 64 << 20  # bytes of the names of all files, which the server unpacks again; at most 256 MiB
    results: int = 100_000  # packages and problems of the layer
    answer: int = 64 << 20  # bytes of what the indexing child sends back
    memory: int = 1 << 30  # bytes of the child's address space
    seconds: int = 900  # on the clock, for the whole layer
    layers: int = 500  # of an image: no more can be stacked (Linux' overlayfs, OVL_MAX_STACK)
    squash: int = 10_000_000  # steps through paths and links where an image's layers are laid upon each other

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> Self:
        """The budgets that `settings` changes, by CAREEN_BUDGET_<NAME>; raises InvalidBudget."""
        names = {PREFIX + field.name.upper(): field.name for field in fields(cls)}
        unknown = sorted(settings.keys() - names.keys())
        if unknown:
            raise InvalidBudget(f"{unknown[0]} is no budget; there are {', '.join(names)}")
        return cls(**{names[name]: _positive(name, text) for name, text in settings.items()})

    def check(self, name: str, used: int, what: str) -> None:
        """Raises BudgetExceeded where that is more than the field `name` allows."""
        if used > getattr(self, name):
            raise self.exceeded(name, what)

    def exceeded(self, name: str, what: str) -> BudgetExceeded:
        """The error for the field `name`; `what` says which thing went beyond it."""
        limit: int = getattr(self, name)
        return BudgetExceeded(f"{what}: the budget of {limit} is used up ({PREFIX}{name.upper()} raises it)")


def _positive(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= len(str(1 << 62)) and int(text)):
        raise InvalidBudget(f"{name} must be a positive whole number, not {text[:40]!r}")
    return int(text)
