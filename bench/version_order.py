"""Version keys against reference comparators over pairs of real and mutated versions.

    python bench/version_order.py --versions FOLDER [--pairs 200000]

FOLDER has <scheme>.tsv files with a version in the first and third column. The comparators are those of
tests/versions; dpkg is also held to apt_pkg where the system's python3 has it (python3-apt).
"""

import argparse
import importlib.util
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from packaging.version import Version

from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

TESTS = Path(__file__).parents[1] / "tests" / "versions"
ALPHABET = {"dpkg": "0019az~+.-:", "apk": "0019ab._-r~p", "pep440": "0019abc.+-!dev"}
APT = """
import apt_pkg, sys
apt_pkg.init()
for line in sys.stdin:
    order = apt_pkg.version_compare(*line.rstrip("\\n").split("\\t"))
    print((order > 0) - (order < 0))
"""


def reference(scheme: str) -> Callable[[str, str], int]:
    if scheme == "pep440":
        return lambda left, right: (Version(left) > Version(right)) - (Version(left) < Version(right))
    spec = importlib.util.spec_from_file_location(scheme, TESTS / f"test_{scheme}_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[scheme] = module
    spec.loader.exec_module(module)
    compare: Callable[[str, str], int] = module.compare
    return compare


def random_pairs(versions: list[str], scheme: str, count: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(440)  # noqa: S311 - the same pairs each time
    known: list[str] = []
    while count:
        pair = (mutated(chance.choice(versions), scheme, chance), chance.choice([*versions[:1], *known[-5:]]))
        if chance.random() < 0.5:  # noqa: PLR2004 - half of the pairs are neighbours
            pair = (pair[0], mutated(pair[0], scheme, chance))
        known = [*known[-5:], pair[0]]
        if all(is_version(scheme, version) for version in pair):
            count -= 1
            yield pair


def mutated(version: str, scheme: str, chance: random.Random) -> str:
    for _ in range(chance.randrange(3)):
        at = chance.randrange(len(version) + 1)
        version = version[:at] + chance.choice(ALPHABET[scheme]) * chance.randrange(2) + version[at + 1 :]
    return version


def is_version(scheme: str, text: str) -> bool:
    try:
        BY_NAME[scheme].key(text)
    except InvalidVersion:
        return False
    return True


def order(scheme: str, left: str, right: str) -> int:
    key, other = BY_NAME[scheme].key(left), BY_NAME[scheme].key(right)
    return (key > other) - (key < other)


def apt_orders(pairs: list[tuple[str, str]]) -> list[int] | None:
    """None where the system's Python has no apt_pkg."""
    lines = "".join(f"{left}\t{right}\n" for left, right in pairs)
    command = ["/usr/bin/python3", "-c", APT]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    return [int(line) for line in done.stdout.split()] if done.returncode == 0 else None


def report(scheme: str, versions: list[str], count: int) -> None:
    pairs = list(random_pairs(versions, scheme, count))
    compare_by_reference = reference(scheme)
    start = time.perf_counter()
    orders = [order(scheme, *pair) for pair in pairs]
    microseconds = (time.perf_counter() - start) / len(pairs) / 2 * 1e6
    start = time.perf_counter()
    numbers = [compare_by_reference(*pair) for pair in pairs]
    once = (time.perf_counter() - start) / len(pairs) * 1e6
    expected = [(number > 0) - (number < 0) for number in numbers]
    print_mismatches(scheme, "tests", pairs, orders, expected)
    apt = apt_orders(pairs) if scheme == "dpkg" else None
    if apt is not None:
        print_mismatches(scheme, "apt_pkg", pairs, orders, apt)
    equal = orders.count(0)
    print(f"{scheme}: {microseconds:.1f} us a key, {equal} of {len(pairs)} pairs equal", end="; ")
    print(f"one comparison by the reference {once:.1f} us, ratio {microseconds / once:.2f}")


def print_mismatches(
    scheme: str, name: str, pairs: list[tuple[str, str]], orders: list[int], expected: list[int]
) -> None:
    wrong = [pair for pair, got, want in zip(pairs, orders, expected, strict=True) if got != want]
    print(f"{scheme} against {name}: {len(wrong)} mismatches in {len(pairs)} pairs", wrong[:5])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--versions", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=200_000)
    arguments = parser.parse_args()
    compare(arguments.versions, arguments.pairs)


def compare(folder: Path, pairs: int) -> None:
    for scheme in ALPHABET:
        rows = [line.split("\t") for line in (folder / f"{scheme}.tsv").read_text().splitlines()]
        versions = sorted({text for row in rows for text in (row[0], row[2]) if is_version(scheme, text)})
        report(scheme, versions, pairs)


if __name__ == "__main__":
    main()
