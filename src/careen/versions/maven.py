"""Maven's versions: ComparableVersion of Maven 3.8.7 (maven.apache.org/pom.html#version-order-specification).

A version is a list of numbers and words, whose last item may be a list in turn: one begins after each hyphen,
between a digit and a letter, and before a word that ends the version or is followed by a digit. Numbers of 0
and the words for a release count for nothing where a list ends.

That order has cycles (`1 < 1-1 < 1.0.alpha.1 < 1`), so no key can agree with all of it. Here each item is
compared as Maven compares it with the end of a list, and then by kind: whatever is below the end stays below
whatever is above it. Maven says otherwise only where a word that another dot or a hyphen follows, as the one
of `1.0.alpha.1`, meets a list in the other version.

The key has a token for each item that counts, with the number of zeros before it, and one for the end.
"""

import re
from collections.abc import Iterator, Sequence

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "maven"

# In the order of versions. A list is not closed, for it ends where the list around it does.
_WORD_BELOW, _LIST_BELOW, _ZEROS_AND_WORD_BELOW = "\1\2\3"
_END = "\4"
_WORD_ABOVE, _LIST_ABOVE, _ZEROS_AND_WORD_ABOVE, _NUMBER = "\5\6\7\10"

_VERSION = re.compile(r"[!-~]+")
_TOKEN = re.compile(r"(?P<number>[0-9]+)|(?P<word>[^0-9.-]+)|(?P<separator>[.-])")
_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_RANKS = {word: chr(rank) for rank, word in enumerate(_QUALIFIERS)}
_RELEASE = _RANKS[""]
_UNKNOWN = chr(len(_QUALIFIERS))
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_LETTERS = {"a": "alpha", "b": "beta", "m": "milestone"}  # before a digit

_List = list[str]  # words and numbers


def key(text: str) -> bytes:
    if len(text) > LONGEST or not _VERSION.fullmatch(text):
        raise InvalidVersion.of(text, NAME)
    inner = ""
    for items in reversed(_lists(text.lower())):
        inner = _key(items, inner)
    return (inner or _END).encode()


def _lists(text: str) -> list[_List]:
    """Each list is the last item of the one before it."""
    lists: list[_List] = [[]]
    follows_item = False  # so that a separator stands for no 0
    tokens = list(_TOKEN.finditer(text))
    for token, after in zip(tokens, [*(each[0] for each in tokens[1:]), ""], strict=True):
        match token.lastgroup:
            case "separator":
                if not follows_item:
                    lists[-1].append("0")
                if token[0] == "-":
                    lists.append([])
                follows_item = False
                continue
            case "word":
                if lists[-1] and (not after or after.isdigit()):
                    lists.append([])
                lists[-1].append(_qualifier(token[0], is_before_digit=after.isdigit()))
            case _:
                lists[-1].append(token[0])
        if after and after not in ".-":
            lists.append([])
        follows_item = True
    return lists


def _qualifier(word: str, *, is_before_digit: bool) -> str:
    word = _LETTERS.get(word, word) if is_before_digit else word
    return _ALIASES.get(word, word)


def _key(items: Sequence[str], inner: str) -> str:
    """Of a list that ends with the list of the key `inner`; "" is an empty list, and counts for nothing."""
    counting = list(items)
    while counting and not counting[-1].strip("0"):
        counting.pop()
    if not counting and not inner:
        return ""
    tail = (_LIST_BELOW if inner < _END else _LIST_ABOVE) + inner if inner else _END
    return "".join(_tokens(counting)) + tail


def _tokens(items: Sequence[str]) -> Iterator[str]:
    zeros = 0
    for item in items:
        if not item.strip("0"):
            zeros += 1
            continue
        yield _number(item, zeros) if item.isdigit() else _word(item, zeros)
        zeros = 0


def _number(digits: str, zeros: int) -> str:
    return _NUMBER + chr(LONGEST - zeros) + number(digits)


def _word(word: str, zeros: int) -> str:
    rank = _RANKS.get(word) or f"{_UNKNOWN}{word}\0"
    if not zeros:
        return (_WORD_BELOW if rank < _RELEASE else _WORD_ABOVE) + rank
    return (_ZEROS_AND_WORD_BELOW if rank < _RELEASE else _ZEROS_AND_WORD_ABOVE) + chr(zeros) + rank
