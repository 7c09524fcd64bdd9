"""dpkg's order, as apt has it (python3-apt)."""

import sys

import apt_pkg

apt_pkg.init()
for line in sys.stdin:
    order = apt_pkg.version_compare(*line.rstrip("\n").split("\t"))
    print("<=>"[(order > 0) - (order < 0) + 1])
