"""packaging's order (PyPI: packaging)."""

import sys

from packaging.version import InvalidVersion, Version

for line in sys.stdin:
    try:
        left, right = map(Version, line.rstrip("\n").split("\t"))
    except InvalidVersion:
        print("!")
    else:
        print("<" if left < right else ">" if left > right else "=")
