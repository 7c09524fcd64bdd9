"""What an open snapshot remembers of its answers: images have most of their packages in common."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Threads may share it: a mapping that was given out is never changed."""

    def __init__(self, load: Callable[[Sequence[Key]], Mapping[Key, Value]], *, most: int) -> None:
        """`load` answers for keys that nobody asked for before; about `most` values are kept."""
        self._load = load
        self._most = most
        self._known: Mapping[Key, Value] = {}

    def of(self, keys: Collection[Key]) -> Mapping[Key, Value]:
        """The values of these keys, and of others."""
        known = self._known
        missing = [key for key in keys if key not in known]
        if not missing:
            return known
        if len(known) + len(missing) > self._most:
            known = {key: known[key] for key in keys if key in known}
        self._known = known = {**known, **self._load(missing)}
        return known
