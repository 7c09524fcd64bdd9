"""Expressions that somebody wrote to take for ever, or all memory."""

import subprocess
import sys
import time

import pytest

from careen.errors import Invalid
from careen.jobs import tag_expressions
from careen.jobs.tag_expressions import TooSlow

TAGS = [f"{'ab' * 60}{number:05}" for number in range(5000)]


def test_each_expression_names_the_tags_that_it_matches_as_a_whole() -> None:
    tags = ["test-1", "test-2", "latest", "v1.0"]
    found = tag_expressions.named(["test-.*", "", "test", "v1.0|latest", "test-.*"], tags)
    assert found == [{"test-1", "test-2"}, set(), set(), {"latest", "v1.0"}, {"test-1", "test-2"}]


@pytest.mark.parametrize(
    "expression",
    [
        "(",
        "[",
        "*",
        "a**",
        "(?=a)b",
        r"(a)\1",
        r"(?<=a)b",
        "a{1001}",
        "(a{1000}){1000}",
        r"[\pL\pN]{1,900}",
        "\\",
    ],
)
def test_what_re2_does_not_know_or_is_too_large_is_refused(expression: str) -> None:
    with pytest.raises(Invalid, match="no regular expression that RE2 knows"):
        tag_expressions.check(expression)


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*b", "(.*a){30}.*", "[ab]*a[ab]{60}", "((a*)*b*)*c"])
def test_what_ruins_other_engines_does_not_ruin_this_one(expression: str) -> None:
    start = time.thread_time()
    tag_expressions.named([expression], TAGS)
    assert time.thread_time() - start < 10


def test_time_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_expressions, "_MOST_SECONDS", 0.2)
    start = time.thread_time()
    with pytest.raises(TooSlow):
        tag_expressions.named([f"(?:[ab]{{1,50}}){{1,19}}c{number}" for number in range(100)], TAGS)
    assert time.thread_time() - start < 5


def test_re2_writes_nothing_to_the_log() -> None:
    """It would write a line for each tag."""
    code = "from careen.jobs import tag_expressions as t; t.named(['[ab]*a[ab]{200}x?'], ['ab' * 64] * 500)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stderr == b""
