"""Scores careen against every truth set it finds: `make accuracy`, or `python -m accuracy [FOLDER]`.

FOLDER (../shared beside the project) holds truth/ and feeds/. A set is scored row by row: precision is the
share of what careen says that is true, recall the share of the truth that careen says, F1 their harmonic
mean. Rows that differ are listed. Of versions some are none to their own scheme, or disputed with reason (the
tests name these); a vulnerability that differs ends with exit status 1.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import click
from accuracy import constraints, matches, parse, versions

SHARED = Path(__file__).parents[2] / "shared"
_SHOWN = 20  # differing rows of a set


@dataclass
class Score:
    name: str
    both: int
    missing: list[str] = field(default_factory=list)  # true, and careen does not say it
    surplus: list[str] = field(default_factory=list)  # careen says it, and it is not true

    @property
    def precision(self) -> float:
        return self.both / max(self.both + len(self.surplus), 1)

    @property
    def recall(self) -> float:
        return self.both / max(self.both + len(self.missing), 1)

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def scores(shared: Path) -> Iterator[Score]:
    kinds = (matches, parse, versions, constraints)
    for name, expected, found in chain.from_iterable(kind.sets(shared) for kind in kinds):
        both = expected & found
        yield Score(name, len(both), sorted(expected - both), sorted(found - both))


def main(shared: Path) -> int:
    click.echo(f"{'set':<28}{'rows':>8}{'precision':>11}{'recall':>9}{'F1':>9}")
    count = differing = 0
    for score in scores(shared):
        count += 1
        rows = score.both + len(score.missing)
        click.echo(f"{score.name:<28}{rows:>8}{score.precision:>11.4f}{score.recall:>9.4f}{score.f1:>9.4f}")
        for sign, texts in (("-", score.missing), ("+", score.surplus)):
            differing += len(texts) * score.name.startswith("matches/")
            for text in texts[:_SHOWN]:
                click.echo(f"    {sign} {text}")
    if not count:
        click.echo(f"there are no truth sets at {shared / 'truth'}")
        return 1
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
