"""Conan 2's order (PyPI: conan)."""

import sys

from conan.errors import ConanException
from conan.tools.scm import Version

for line in sys.stdin:
    try:
        left, right = map(Version, line.rstrip("\n").split("\t"))
        print("<" if left < right else ">" if right < left else "=")
    except (ConanException, TypeError):
        print("!")
