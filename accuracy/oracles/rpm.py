"""rpm's own order of whole versions (python3-rpm)."""

import sys

import rpm

for line in sys.stdin:
    left, right = (rpm.ver(text) for text in line.rstrip("\n").split("\t"))
    print("<" if left < right else ">" if left > right else "=")
