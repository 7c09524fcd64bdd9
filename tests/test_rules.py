"""Every rule of docs/accuracy.md is a test, and every numbered test is a rule."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
RULES = TESTS.parent / "docs" / "accuracy.md"


def test_every_rule_has_a_test_of_its_number() -> None:
    stated = set(re.findall(r"^\| R([0-9]+) \|", RULES.read_text(), re.MULTILINE))
    texts = [path.read_text() for path in TESTS.rglob("test_*.py")]
    tested = {number for text in texts for number in re.findall(r"def test_r([0-9]+)_", text)}
    assert len(stated) == 34
    assert tested == stated
