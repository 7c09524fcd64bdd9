"""What the evidence files of a layer say, gathered as they come."""

from collections.abc import Iterable, Sequence

from careen.images.budgets import Budgets
from careen.images.ownership import CLAIM
from careen.images.paths import key
from careen.indexing import Indexer, Record, candidates, may_tell, telling
from careen.model.distro import Distro
from careen.model.file import File
from careen.model.layer import Claims, Installed, Listing, Repositories
from careen.model.package import Package
from careen.model.problem import Problem

Item = Package | Distro | Problem | Claims | Repositories


class Found:
    """`items` by the path of the file that says it. Raises BudgetExceeded as soon as it is too much."""

    def __init__(self, budgets: Budgets) -> None:
        self.items: dict[str, list[Item]] = {}
        self._budgets = budgets
        self._room = budgets.results
        self._asked: File | None = None
        self._wanting: list[Indexer] = []

    def wants(self, file: File) -> bool:
        """Whether an indexer wants the file; asked while its content is still to come."""
        self._asked = file
        self._wanting = [each for each in candidates(file.path, file.head) if each.wants(file)]
        return bool(self._wanting)

    def read(self, file: File) -> list[Item]:
        """What the indexers that want it find in the file."""
        if self._asked is not file:
            self.wants(file)
        self._asked = None  # its content must not outlive the next one's coming
        said: list[Item] = []
        self.items[file.path] = said
        for indexer in self._wanting:
            for record in indexer.read(file):
                item = _item(record)
                if item is not None:
                    self._spend()
                    said.append(item)
        return said

    def put(self, path: str, items: Iterable[Item]) -> None:
        """The file at `path` says this, too."""
        self.items[path] = said = []
        for item in items:
            self._spend()
            said.append(item)

    def _spend(self) -> None:
        self._room -= 1
        if self._room < 0:
            raise self._budgets.exceeded("results", "packages and problems of the layer")


def _item(record: Record) -> Item | None:
    """Of the files that a package installed only those that may tell about other packages."""
    if isinstance(record, Listing):
        said = record.read(telling(record))
        return _claims(said, said.files)
    if isinstance(record, Installed):
        return _claims(record, [file for file in record.files if may_tell(file[0])])
    return record


def _claims(said: Installed, files: Sequence[tuple[str, bytes]]) -> Claims | None:
    packed = b"".join([CLAIM.pack(key(path), digest) for path, digest in files])
    return Claims(said.path, said.package, said.algorithm, packed) if packed else None
