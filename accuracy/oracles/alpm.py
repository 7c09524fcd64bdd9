"""pacman's vercmp (libalpm)."""

import ctypes
import sys
from ctypes.util import find_library

compare = ctypes.CDLL(find_library("alpm") or "libalpm.so").alpm_pkg_vercmp
for line in sys.stdin:
    order = compare(*(text.encode() for text in line.rstrip("\n").split("\t")))
    print("<=>"[(order > 0) - (order < 0) + 1])
