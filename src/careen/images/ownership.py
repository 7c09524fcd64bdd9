"""Which evidence files a distribution's packages installed: what such a file tells is the distribution's.

A file is decided by its content where both the database and the walk know a digest of it, so that neither
`chown` in a later layer takes it away nor does a file that another program put in its place stay.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from careen.model import content
from careen.model.layer import Claims

CLAIM = struct.Struct(f">Q{content.SIZE}s")  # of Claims.files: a path's key, and the beginning of a digest
NOT_SAID = bytes(content.SIZE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An evidence file of the final tree."""

    path: str
    keys: frozenset[int]  # of all paths that lead to it
    content: str  # content.prefixes(); "" = not known
    layer: int  # number of the layer that brought what it tells, the lowest is 0


@dataclass(frozen=True, slots=True)
class Word:
    """What a package database says of one file."""

    package: str
    algorithm: str
    digest: bytes
    layer: int  # number of the layer that the database was last written in


def owners(files: Iterable[Evidence], claims: Iterable[tuple[Claims, int]]) -> Mapping[str, str]:
    """The name of the package that owns each of `files`, by path. `claims` come with their layer's number."""
    by_key: dict[int, list[Evidence]] = defaultdict(list)
    for file in files:
        for key in file.keys:
            by_key[key].append(file)
    words: dict[str, list[Word]] = defaultdict(list)
    known: dict[str, Evidence] = {}
    for claim, layer in claims if by_key else ():
        for key, digest in CLAIM.iter_unpack(claim.files):
            for file in by_key.get(key, ()):
                known[file.path] = file
                words[file.path].append(Word(claim.package, claim.algorithm, digest, layer))
    decided = {path: _owner(known[path], said) for path, said in words.items()}
    return {path: owner for path, owner in decided.items() if owner}


def _owner(file: Evidence, words: Iterable[Word]) -> str:
    """Nothing where it is nobody's, as is a file newer than the database's word that cannot be compared."""
    ordered = sorted(words, key=lambda word: (word.package, word.algorithm, word.digest))
    known = {word.algorithm: content.prefix(file.content, word.algorithm) for word in ordered}
    compared = [word for word in ordered if word.digest != NOT_SAID and known[word.algorithm]]
    if compared:
        alike = (word for word in compared if known[word.algorithm] == word.digest)
        return next((word.package for word in alike), "")
    return next((word.package for word in ordered if file.layer <= word.layer), "")
