"""Which indexers to ask about a file: nearly all files of a layer are of no interest to any."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

_NO_TAIL: Final = ""
_TAIL: Final = 3  # characters of ASCII of a path that an indexer is looked up by


@dataclass(frozen=True, slots=True)
class Signs:
    """An indexer that wants a file wants it for at least one of these."""

    ends: tuple[str, ...] = ()  # of its path; at least 3 characters each
    inside: str = ""  # what its path has before one of these ends
    begins: tuple[str, ...] = ()  # of its path
    heads: tuple[bytes, ...] = ()  # of its content


_IndexerT = TypeVar("_IndexerT")


class Candidates(Generic[_IndexerT]):
    """Call them with a file's path and first bytes for those whose signs it has, in their order.

    Whoever has no SIGNS is always among them.
    """

    def __init__(self, indexers: Iterable[_IndexerT]) -> None:
        signs = {indexer: getattr(indexer, "SIGNS", None) for indexer in indexers}
        told = [sign for sign in signs.values() if sign is not None]
        tails = {end[-_TAIL:] for sign in told for end in sign.ends}
        self._begins = tuple(begin for sign in told for begin in sign.begins)
        self._heads = tuple({head for sign in told for head in sign.heads})
        self._tails = tails
        self._asked = {
            (begun, headed): {
                tail: _having(signs, tail, begun=begun, headed=headed) for tail in (*tails, _NO_TAIL)
            }
            for begun in (False, True)
            for headed in (False, True)
        }
        self._others = self._asked[False, False][_NO_TAIL]

    def __call__(self, path: str, head: bytes) -> Sequence[_IndexerT]:
        begun, headed = path.startswith(self._begins), head.startswith(self._heads)
        asked = self._asked[begun, headed]
        tail = path[-_TAIL:]
        return [
            indexer
            for indexer, sign in asked[tail if tail in asked else _NO_TAIL]
            if sign is None
            or (headed and head.startswith(sign.heads))
            or (begun and path.startswith(sign.begins))
            or (path.endswith(sign.ends) and sign.inside in path)
        ]

    def marks(self) -> tuple[set[bytes], set[bytes], tuple[str, ...]] | None:
        """The last three bytes of a path, the first byte of a content, the beginnings of a path.

        A file that has none of these is wanted by nobody; None: whoever has no SIGNS may want any.
        """
        if self._others:
            return None
        return {tail.encode() for tail in self._tails}, {head[:1] for head in self._heads}, self._begins

    def by_path(self, path: str) -> bool:
        """Whether somebody may want a file of this path, whatever its content is."""
        return path[-_TAIL:] in self._tails or path.startswith(self._begins) or bool(self._others)

    def among(
        self, lines: Sequence[str], at: int, *, but: tuple[str, ...], may_be: Callable[[str], bool]
    ) -> list[str]:
        """Of lines that end with a path, which begins `at` there, those that `by_path` or `may_be` holds for.

        `may_be` is asked about paths that do not begin as `but` says. "./" may stand before any path.
        """
        if self._others:
            return list(lines)
        tails, left = self._tails, []
        begins = tuple(begin for begin in self._begins for other in but if _may_both_begin(begin, other))
        for line in lines:
            path = line[at:].removeprefix("./")
            if (
                path[-_TAIL:] in tails
                or path.startswith(begins)
                or (not path.startswith(but) and (path.startswith(self._begins) or may_be(path)))
            ):
                left.append(line)
        return left


def _may_both_begin(one: str, other: str) -> bool:
    """Whether a path may begin with either."""
    return one.startswith(other) or other.startswith(one)


def _having(
    signs: Mapping[_IndexerT, Signs | None], tail: str, *, begun: bool, headed: bool
) -> tuple[tuple[_IndexerT, Signs | None], ...]:
    """Those that may want a file with this tail, whose path or content begins as somebody says."""
    return tuple(
        (indexer, sign)
        for indexer, sign in signs.items()
        if sign is None
        or (begun and sign.begins)
        or (headed and sign.heads)
        or (tail and any(end.endswith(tail) for end in sign.ends))
    )
