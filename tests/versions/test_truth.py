"""The pairs and constraints that other projects' tests state, where that collection is at hand."""

import operator
import re
from pathlib import Path

import pytest

from careen.versions import BY_NAME
from careen.versions.invalid import InvalidVersion

TRUTH = Path(__file__).parents[3] / "shared" / "truth" / "versions"
OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
CLAUSE = re.compile(r"(<=|>=|==|!=|=|<|>)\s*([^\s=<>~'*,|]+)")

# Texts of the collection that their own scheme refuses, and to which other projects give some order.
NO_VERSIONS = {
    "dpkg": re.compile(r"(?!)"),
    "apk": re.compile(
        r"[a-z.].*"  # does not begin with a digit
        r"|.*\.\..*|.*\.r[0-9]*"  # an empty component
        r"|.*[A-Z].*|[0-9.]+[a-z]{2}"  # capitals, two letters
        r"|.*_(blah|csv|foo).*"
        r"|[0-9]+-(r|r-.*|r0-.*|-?ruff.*)"
    ),
    # From before PEP 440.
    "pep440": re.compile(
        r".*-[a-zA-Z]{5,}\d*|.*[mp]\d|.*\.svn\..*|\d{4}-.*|.*beta6\.1|-class\..*|.*-STAGING|.*-test1"
    ),
    "rpm": re.compile(
        r".*-.*-.*"  # a package's name or architecture beside its version
        r"|.*:.*"  # an epoch that is no number
    ),
}

# For rpm a missing epoch is 0, and `5.el8` is before `5.el8.0.0`: the one tool that says otherwise has rules
# of its own for both.
EPOCH = re.compile(r"(?:^|[\s<>=])0*[1-9][0-9]*:")

needs_truth = pytest.mark.skipif(not TRUTH.is_dir(), reason=f"the collection is not at {TRUTH}")


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


@needs_truth
@pytest.mark.parametrize("scheme", BY_NAME)
def test_all_pairs_order_as_stated(scheme: str) -> None:
    key = BY_NAME[scheme].key
    refused, wrong = set(), []
    for left, sign, right in rows(TRUTH / f"{scheme}.tsv"):
        try:
            if is_trusted(scheme, left, right) and not OPERATORS[sign](key(left), key(right)):
                wrong.append((left, sign, right))
        except InvalidVersion:
            refused |= {text for text in (left, right) if not is_version(scheme, text)}
    assert not wrong
    assert {text for text in refused if not NO_VERSIONS[scheme].fullmatch(text)} == set()


def is_trusted(scheme: str, *texts: str) -> bool:
    if any(".el8.0.0" in text for text in texts):
        return False
    return scheme != "rpm" or len({EPOCH.search(text) is None for text in texts}) == 1


def is_version(scheme: str, text: str) -> bool:
    try:
        BY_NAME[scheme].key(text)
    except InvalidVersion:
        return False
    return True


@needs_truth
@pytest.mark.parametrize(("scheme", "least"), [("dpkg", 70), ("apk", 30), ("pep440", 80), ("rpm", 30)])
def test_constraints_hold_as_stated(scheme: str, least: int) -> None:
    stated = [
        row for row in rows(TRUTH / "constraints" / f"{scheme}.tsv") if is_about_order(scheme, *row[:2])
    ]
    assert len(stated) > least
    wrong = [row for row in stated if str(holds(scheme, *row[:2])).lower() != row[2]]
    assert wrong == []


def is_about_order(scheme: str, version: str, constraint: str) -> bool:
    """Python's specifiers say more than order: `>2` is no post-release of 2, `==2` also 2+local."""
    clauses = [clause.strip() for branch in constraint.split("||") for clause in branch.split(",")]
    if not all(CLAUSE.fullmatch(clause) for clause in clauses if clause):
        return False
    if not is_trusted(scheme, version, constraint):
        return False
    is_strict = re.search("[<>](?!=)", constraint) is not None
    return scheme != "pep440" or ("+" not in version and not (is_strict and re.search("[a-z]", version)))


def holds(scheme: str, version: str, constraint: str) -> bool:
    key = BY_NAME[scheme].key
    return any(
        all(OPERATORS[sign](key(version), key(other)) for sign, other in CLAUSE.findall(branch))
        for branch in constraint.split("||")
    )
