from pathlib import Path

from careen.model.problem import FATAL, ProblemKind

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"


def test_every_kind_stands_in_the_documentation_with_its_weight() -> None:
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert {row[1].strip(" `"): row[2].strip() == "yes" for row in rows} == {
        kind: kind in FATAL for kind in ProblemKind
    }
