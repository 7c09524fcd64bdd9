"""RubyGems' versions: Gem::Version of RubyGems 3 (lib/rubygems/version.rb).

    segment {.segment} [- segment {.segment}]

Behind the version of a gem that was built for one platform stands its name (`1.13.0-x86_64-linux`), which
says nothing of the order.

A version is a list of numbers and words, where `-` reads as `.pre.`. Zeros before the first word and at the
end count for nothing, and where one list ends the other is compared with zeros. So the key has a token for
each word or number that is not 0 with the count of zeros before it: a word is below the end and the more so
the fewer zeros come before it; a number is above the end, and the more so the fewer zeros come before it.
"""

import re
from collections.abc import Iterable

from careen.versions._number import number
from careen.versions.invalid import LONGEST, InvalidVersion

NAME = "gem"

_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_PLATFORM = re.compile(
    r"-(?:(?:x86|x86_64|x64|i[3-6]86|aarch64|arm64|arm|universal|powerpc64|ppc64le|s390x|riscv64)"
    r"-(?:linux|darwin|mingw|mswin|freebsd|cygwin|solaris).*|java|jruby)"
)
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+")
_WORD, _END, _NUMBER = "\1", "\2", "\3"


def key(text: str) -> bytes:
    version = _PLATFORM.sub("", text.strip()) if "-" in text else text.strip()
    if len(text) > LONGEST or not _VERSION.fullmatch(version):
        raise InvalidVersion.of(text, NAME)
    segments = _SEGMENT.findall(version.replace("-", ".pre."))
    first_word = next((at for at, each in enumerate(segments) if each.isalpha()), len(segments))
    numbers = segments[:first_word]
    while numbers and not numbers[-1].strip("0"):
        numbers.pop()
    return ("".join(_tokens(numbers + segments[first_word:])) + _END).encode()


def _tokens(segments: Iterable[str]) -> Iterable[str]:
    zeros = 0
    for segment in segments:
        if segment.isalpha():
            yield f"{_WORD}{chr(zeros)}{segment}\0"
        elif segment.strip("0"):
            yield _NUMBER + chr(LONGEST - zeros) + number(segment)
        else:
            zeros += 1
            continue
        zeros = 0
