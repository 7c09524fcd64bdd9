"""Extended tar headers: pax records (POSIX.1-2017, "pax Extended Header") and GNU's long names."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from careen.images import sparse as sparse_files
from careen.images.budgets import CorruptLayer
from careen.images.tarfields import decimal, text

LONG_NAME: Final = ord("L")
LONG_LINK: Final = ord("K")
PAX: Final = ord("x")
SOLARIS_PAX: Final = ord("X")
PAX_GLOBAL: Final = ord("g")
TYPES: Final = frozenset((LONG_NAME, LONG_LINK, PAX, SOLARIS_PAX, PAX_GLOBAL))

# Many programs give each member a pax header for its times alone.
_TELLING: Final = re.compile(rb"path=|size=|GNU\.sparse\.")
# And some give it one for a path that is too long: most headers that tell something have this one record.
ONLY_PATH: Final = re.compile(rb"([1-9][0-9]{1,3}) path=([^\0\n]+)\n")
_LENGTH: Final = 20  # bytes at most of a record's length


class Extended(NamedTuple):
    """What takes the place of a member's own fields."""

    path: str | None = None
    link: str | None = None
    stored: int | None = None  # bytes of the member in the archive
    sparse: sparse_files.Sparse | None = None

    def also(self, kind: int, body: bytes) -> "Extended":
        """With what a further header of type `kind` says; raises CorruptLayer."""
        if kind == LONG_NAME:
            return self._replace(path=text(body))
        if kind == LONG_LINK:
            return self._replace(link=text(body))
        if not _TELLING.search(body):
            return self
        only = ONLY_PATH.fullmatch(body)
        if only and int(only[1]) == len(body):
            return self._replace(path=text(only[2]))
        return self._with_records(list(_records(body)))

    def over(self, other: "Extended") -> "Extended":
        """`other` wherever nothing is said here."""
        said = {name: value for name, value in self._asdict().items() if value is not None}
        return other._replace(**said)

    def _with_records(self, records: list[tuple[str, bytes]]) -> "Extended":
        said = dict(records)
        size = said.get("size")
        path = said.get("GNU.sparse.name") or said.get("path")
        link = said.get("linkpath")
        return Extended(
            path=_whole(path) if path else self.path,
            link=_whole(link) if link else self.link,
            stored=decimal(size) if size else self.stored,
            sparse=sparse_files.pax(records) or self.sparse,
        )


NOTHING: Final = Extended()


def _whole(value: bytes) -> str:
    if b"\0" in value:
        raise CorruptLayer(f"a path with a NUL in it: {value[:100]!r}")
    return text(value)


def _records(body: bytes) -> Iterator[tuple[str, bytes]]:
    """`LENGTH KEY=VALUE` lines; the length counts the record as a whole, its newline included."""
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + _LENGTH)
        end = at + decimal(body[at : max(space, at)])
        equals = body.find(b"=", space, end)
        if not space < equals < end <= len(body) or body[end - 1] != ord("\n"):
            raise CorruptLayer("a pax header is malformed")
        yield text(body[space + 1 : equals]), body[equals + 1 : end - 1]
        at = end
