"""Version keys against the schemes' own programs: `python -m accuracy.order [--pairs N] [SCHEME ...]`.

Pairs of real and mutated versions go to each program in oracles/, which answers `<`, `=`, `>`, or `!` for
what it refuses. A program that is not installed is said, and nothing is claimed of its scheme.

What a program accepts and careen refuses, and the other way round, is counted beside the mismatches.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from accuracy import seeds
from accuracy.__main__ import SHARED

from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

_HERE = Path(__file__).parent / "oracles"
_MAVEN = "/usr/share/java/maven-artifact-3.x.jar:/usr/share/java/commons-lang3.jar"
_PYTHON = os.environ.get("ORACLE_PYTHON", sys.executable)  # one that has packaging and conan
_GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": "/tmp/go-cache"}  # noqa: S108
ORACLES: dict[str, list[str]] = {
    "alpm": ["/usr/bin/python3", "-P", "alpm.py"],
    "apk": ["sh", "apk.sh"],
    "composer": ["php", "composer.php"],
    "conan": [_PYTHON, "-P", "conan.py"],
    "cran": ["Rscript", "--vanilla", "cran.R"],
    "dpkg": ["/usr/bin/python3", "-P", "dpkg.py"],
    "gem": ["ruby", "gem.rb"],
    "golang": ["go", "run", "golang.go"],
    "hackage": ["runghc", "hackage.hs"],
    "hex": ["elixir", "hex.exs"],
    "jvm": ["java", "jvm.java"],
    "maven": ["java", "-cp", _MAVEN, "maven.java"],
    "npm": ["node", "npm.js"],
    "pep440": [_PYTHON, "-P", "pep440.py"],
    "rpm": ["/usr/bin/python3", "-P", "rpm.py"],
    "semver": ["node", "npm.js", "strict"],
}
_KEYS = {"hex": "semver"}  # schemes whose keys are another one's
_NODE = {"NODE_PATH": "/usr/share/nodejs"}
_SHOWN = 15
_BATCH = 100_000


class Absent(Exception):
    """The program that would tell is not installed."""


@dataclass
class Tally:
    pairs: int = 0
    wrong: list[tuple[str, str, str, str]] = field(
        default_factory=list
    )  # left, right, careen's, the program's
    refused: list[tuple[str, str]] = field(default_factory=list)  # by careen alone
    taken: int = 0  # by careen alone
    seconds: float = 0.0  # for the keys
    keys: int = 0

    def add(self, pair: tuple[str, str], own: str, other: str) -> None:
        self.pairs += 1
        if own == other:
            return
        if other == "!":
            self.taken += 1
        elif own == "!":
            self.refused.append(pair)
        else:
            self.wrong.append((*pair, own, other))


def ask(scheme: str, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The program's answers; raises Absent."""
    lines = "".join(f"{left}\t{right}\n" for left, right in pairs)
    with tempfile.TemporaryFile("w+") as given:
        given.write(lines)
        given.seek(0)
        try:
            done = subprocess.run(
                ORACLES[scheme],
                cwd=_HERE,
                stdin=given,
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, **_GO, **_NODE},
            )
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            raise Absent(reason[-1] if reason else "") from None
    answers = done.stdout.splitlines()
    if len(answers) != len(pairs):
        raise Absent(f"{len(answers)} answers to {len(pairs)} pairs")
    return answers


def own(scheme: str, left: str, right: str) -> str:
    key = BY_NAME[_KEYS.get(scheme, scheme)].key
    try:
        one, other = key(left), key(right)
    except InvalidVersion:
        return "!"
    return "<=>"[(one > other) - (one < other) + 1]


def measure(scheme: str, versions: Sequence[str], count: int, seed: int) -> Tally:
    chance, tally = random.Random(seed), Tally()  # noqa: S311 - the same pairs each time
    for start in range(0, count, _BATCH):
        batch = list(seeds.pairs(versions, min(_BATCH, count - start), chance))
        answers = ask(scheme, batch)
        begun = time.process_time()
        ours = [own(scheme, *pair) for pair in batch]
        tally.seconds += time.process_time() - begun
        tally.keys += 2 * len(batch)
        for pair, mine, theirs in zip(batch, ours, answers, strict=True):
            tally.add(pair, mine, theirs)
    return tally


def show(scheme: str, tally: Tally) -> None:
    each = tally.seconds / tally.keys * 1e6
    click.echo(
        f"{scheme:<10}{tally.pairs:>9} pairs, {len(tally.wrong)} mismatches, refused by careen alone "
        f"{len(tally.refused)}, taken by careen alone {tally.taken}, {each:.1f} us a key"
    )
    for left, right, mine, theirs in sorted(set(tally.wrong), key=lambda each: len(each[0] + each[1]))[
        :_SHOWN
    ]:
        click.echo(f"    {left!r} {theirs} {right!r}, not {mine}")
    for left, right in sorted(set(tally.refused), key=lambda pair: len(pair[0] + pair[1]))[:_SHOWN]:
        click.echo(f"    refused: {left!r} or {right!r}")


@click.command(help=__doc__)
@click.argument("schemes", nargs=-1, type=click.Choice(list(ORACLES)))
@click.option("--pairs", default=200_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--shared", type=click.Path(path_type=Path), default=SHARED)
def main(schemes: tuple[str, ...], pairs: int, seed: int, shared: Path) -> None:
    chosen = schemes or tuple(ORACLES)
    known = seeds.seeds(shared, {_KEYS.get(scheme, scheme) for scheme in chosen})
    mismatches = 0
    for scheme in chosen:
        versions = known[_KEYS.get(scheme, scheme)]
        try:
            tally = measure(scheme, versions, pairs, seed) if versions else None
        except Absent as absent:
            click.echo(f"{scheme:<10}SKIPPED: {ORACLES[scheme][0]} cannot tell: {absent}")
            continue
        if tally is None:
            click.echo(f"{scheme:<10}SKIPPED: no version of it is at hand")
            continue
        show(scheme, tally)
        mismatches += len(tally.wrong)
    sys.exit(1 if mismatches else 0)


if __name__ == "__main__":
    main()
