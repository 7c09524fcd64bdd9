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
    "apk": re.compile(
        r"[a-z.].*"  # does not begin with a digit
        r"|.*\.\..*|.*\.r[0-9]*"  # an empty component
        r"|.*[A-Z].*|[0-9.]+[a-z]{2}"  # capitals, two letters
        r"|.*_(blah|csv|foo).*"
        r"|[0-9]+-(r|r-.*|r0-.*|-?ruff.*)"
    ),
    "pep440": re.compile(r"-class\..*"),
    "rpm": re.compile(r".*-.*-.*"),  # a package's name or architecture beside its version
    "gem": re.compile(
        r"|1(beta|gamma)"  # no dot before a word
        r"|.*_.*"  # the platform x86_64 behind the version
    ),
    "composer": re.compile(r".*#.*|dev-foo"),  # a branch with a name has no order
}

# Pairs of the collection that the reference itself orders otherwise.
DISPUTED = {
    # Maven 3.8.7's ComparableVersion was run on each of these; the collection has the order of other
    # releases, and of tools with rules for JDBC drivers.
    ("maven", "1.0.0-RC16", "1.0.0.RC8-beta"),
    ("maven", "6.1.12.rc5", "6.1.12rc1"),
    ("maven", "1.1.31.sec10", "1.1.31_noneautotype"),
    ("maven", "1.2.31.sec10", "1.2.31_noneautotype"),
    ("maven", "1.2.67.sec10", "1.2.67_noneautotype"),
    ("maven", "1.0.0rc0", "1.0.beta8"),
    ("maven", "12.10.2", "12.10.2.jre11"),
    ("maven", "12.10.2.jdk17", "12.10.2"),
    ("maven", "12.10.2.jre11", "12.10.2.jdk17"),
    ("maven", "1-1", "1-ga-1"),
    # Read in composer/semver's source, not run: it fills up missing numbers, drops `stable`, and takes ALPHA
    # for alpha.
    ("composer", "v1.9.0-ALPHA.1", "v1.9.0-BETA.1"),
    ("composer", "v1.9.0-ALPHA.2", "v1.9.0-BETA.2"),
    ("composer", "5.1.0-stable", "5.1.0-beta2"),
    ("composer", "v6.5", "v6.5.0-beta-0"),
    ("composer", "v6.6", "v6.6.0-beta"),
    ("composer", "1.0.0", "1.0"),
    # What is a pre-release for semver is a revision for Bitnami.
    ("bitnami", "1.2.3", "1.2.3-4"),
    ("bitnami", "1.2.3-5", "1.2.3-4"),
    ("bitnami", "1.2.3-5-foo", "1.2.3-5"),
    # A dot is no hyphen.
    ("semver", "1.0.0.alpha.beta", "= 1.0.0-alpha-beta"),
    ("semver", "1.0.0.rc.alpha", "= 1.0.0-rc-alpha"),
    # A range in npm's own notation: all of 2.
    ("npm", "2.3.4", "==2"),
}
GEM_OF_A_PLATFORM = re.compile(r".*-(aarch64|x86)[-_a-z0-9]*")  # the platform is no part of the version

# For rpm a missing epoch is 0, and `5.el8` is before `5.el8.0.0`: the one tool that says otherwise has rules
# of its own for both.
EPOCH = re.compile(r"(?:^|[\s<>=])0*[1-9][0-9]*:")

SAME = {"bitnami": "semver", "golang": "semver", "npm": "semver"}  # have no pairs of their own

needs_truth = pytest.mark.skipif(not TRUTH.is_dir(), reason=f"the collection is not at {TRUTH}")


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


@needs_truth
@pytest.mark.parametrize("scheme", BY_NAME)
def test_all_pairs_order_as_stated(scheme: str) -> None:
    key = BY_NAME[scheme].key
    refused, wrong = set(), []
    for left, sign, right in rows(TRUTH / f"{SAME.get(scheme, scheme)}.tsv"):
        try:
            if is_trusted(scheme, left, right) and not OPERATORS[sign](key(left), key(right)):
                wrong.append((left, sign, right))
        except InvalidVersion:
            refused |= {text for text in (left, right) if not is_version(scheme, text)}
    assert not wrong
    expected = NO_VERSIONS.get(scheme, re.compile(r"(?!)"))
    assert [text for text in refused if not expected.fullmatch(text)] == []


def is_trusted(scheme: str, *texts: str) -> bool:
    if (scheme, *texts) in DISPUTED or any(".el8.0.0" in text for text in texts):
        return False
    if scheme == "gem" and any(not text or GEM_OF_A_PLATFORM.fullmatch(text) for text in texts):
        return False
    return scheme != "rpm" or len({EPOCH.search(text) is None for text in texts}) == 1


def is_version(scheme: str, text: str) -> bool:
    try:
        BY_NAME[scheme].key(text)
    except InvalidVersion:
        return False
    return True


@needs_truth
@pytest.mark.parametrize(
    ("scheme", "least"),
    [
        ("apk", 30),
        ("bitnami", 30),
        ("dpkg", 70),
        ("gem", 70),
        ("golang", 2),
        ("jvm", 30),
        ("maven", 130),
        ("npm", 7),
        ("pep440", 80),
        ("rpm", 30),
        ("semver", 90),
    ],
)
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
