"""Files in a zip archive, for indexers that read the same files outside of archives."""

from collections.abc import Callable, Iterator

from careen.indexing._metadata import InvalidMetadata
from careen.indexing._rope import Rope
from careen.indexing._zip import BadZip, Zip
from careen.model.file import File

_LARGEST = 64 << 20  # bytes of all that is read of one archive, inflated


def archived(file: File, wanted: Callable[[str], bool]) -> Iterator[File]:
    """The archive's members whose names are wanted, by their own names; raises InvalidMetadata."""
    try:
        archive = Zip(Rope(file.pieces), lambda name: wanted(name.decode("utf-8", "replace")))
        if sum(entry.size for entry in archive.entries) > _LARGEST:
            raise InvalidMetadata(f"it has more than {_LARGEST} bytes of metadata")
        for entry in archive.entries:
            content = archive.read(entry, _LARGEST)
            yield File(entry.name, size=len(content), pieces=(content.read(0, len(content)),))
    except BadZip as error:
        raise InvalidMetadata(str(error)[:200]) from None
