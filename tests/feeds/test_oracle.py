"""What Oracle's definitions say of builds, machines, modules and tracks."""

import bz2
import io

import pytest

from careen.feeds import oracle
from careen.feeds.document import InvalidDocument
from careen.model.advisory import Advisory, Affected, Ecosystem, Range
from careen.model.problem import Problem

X86 = ("i386", "i686", "x86_64")


def criteria(*tests: str, all_of: bool = True) -> str:
    """Each test is a comment, or criteria."""
    inner = "".join(test if test.startswith("<") else f'<criterion comment="{test}"/>' for test in tests)
    return f'<criteria operator="{"AND" if all_of else "OR"}">{inner}</criteria>'


def definition(tests: str, *, cves: tuple[str, ...] = ("CVE-2024-1001",), id_: str = "ELSA-2024-1234") -> str:
    return (
        f'<definition id="d"><metadata><title>{id_}: a update (LOW)</title>'
        '<affected family="unix"><platform>Oracle Linux 8</platform></affected>'
        f'<reference source="elsa" ref_id="{id_}" ref_url="https://linux.oracle.com/errata/{id_}.html"/>'
        f"<advisory><severity>LOW</severity>{''.join(f'<cve>{cve}</cve>' for cve in cves)}</advisory>"
        f"</metadata>{tests}</definition>"
    )


def parse(*definitions: str) -> list[Ecosystem | Advisory | Problem]:
    document = f"<oval_definitions><definitions>{''.join(definitions)}</definitions></oval_definitions>"
    return list(oracle.parse(io.BytesIO(document.encode()), oracle.URL))


def affected(tests: str) -> list[Affected]:
    (advisory,) = (said for said in parse(definition(tests)) if isinstance(said, Advisory))
    return list(advisory.affected)


def entry(package: str, *fixed: str | Range, release: str = "8", arches: tuple[str, ...] = ()) -> Affected:
    ranges = tuple(each if isinstance(each, Range) else Range(fixed=each) for each in fixed)
    return Affected(f"Oracle Linux:{release}", package, ranges, arches=arches)


EARLIER = "a is earlier than 0:1.0-1.el8"
SIGNED = "a is signed with the Oracle Linux 8 key"
LATER = "a is earlier than 0:1.0-2.el8"
INSTALLED = "Oracle Linux 8 is installed"
X86_64, AARCH64, I386 = (f"Oracle Linux arch is {name}" for name in ("x86_64", "aarch64", "i386"))


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        pytest.param(
            criteria(INSTALLED, criteria(criteria(EARLIER, SIGNED), all_of=False)),
            [entry("a", "0:1.0-1.el8")],
            id="a build of any machine",
        ),
        pytest.param(
            criteria(EARLIER), [entry("a", "0:1.0-1.el8")], id="the platform, where no test names the release"
        ),
        pytest.param(
            criteria(
                criteria(INSTALLED, EARLIER), criteria("Oracle Linux 9 is installed", LATER), all_of=False
            ),
            [entry("a", "0:1.0-1.el8"), entry("a", "0:1.0-2.el8", release="9")],
            id="several releases",
        ),
        pytest.param(
            criteria(criteria(X86_64, criteria(EARLIER)), criteria(AARCH64, criteria(EARLIER)), all_of=False),
            [entry("a", "0:1.0-1.el8")],
            id="one fix on all machines is for any architecture",
        ),
        pytest.param(
            criteria(X86_64, EARLIER),
            [entry("a", "0:1.0-1.el8", arches=X86)],
            id="a fix on one machine is for what is installed there, also the 32-bit builds",
        ),
        pytest.param(
            criteria(criteria(X86_64, LATER), criteria(AARCH64, EARLIER), all_of=False),
            [
                entry("a", "0:1.0-2.el8", arches=X86),
                entry("a", "0:1.0-1.el8", arches=("aarch64",)),
            ],
            id="another fix on each machine",
        ),
        pytest.param(
            criteria(EARLIER, LATER, all_of=False),
            [entry("a", "0:1.0-2.el8")],
            id="of two builds for one machine the highest counts, for they stand under OR",
        ),
        pytest.param(
            criteria("Module nodejs:18 is enabled", criteria("nodejs is earlier than 1:18.2-1.module+el8")),
            [entry("nodejs:18::nodejs", "1:18.2-1.module+el8")],
            id="a module",
        ),
        pytest.param(
            criteria("nodejs is earlier than 1:18.2-1.module+el8"),
            [entry("*::nodejs", "1:18.2-1.module+el8")],
            id="a build of some module",
        ),
        pytest.param(
            criteria(
                criteria("a is earlier than 2:1.0-1.ksplice1.el8", "a is ksplice-based"),
                criteria("a is earlier than 10:1.0-1.el8_fips", "a is fips patched"),
                criteria(EARLIER),
                all_of=False,
            ),
            [
                entry(
                    "a",
                    "0:1.0-1.el8",
                    Range("10:0", "10:1.0-1.el8_fips"),
                    Range("2:0", "2:1.0-1.ksplice1.el8"),
                )
            ],
            id="tracks begin with their own epoch",
        ),
    ],
)
def test_criteria_say_which_builds_are_affected(tests: str, expected: list[Affected]) -> None:
    assert affected(tests) == expected


def test_an_erratum_is_an_advisory_for_each_cve_with_the_erratum_among_its_aliases() -> None:
    said = parse(definition(criteria(EARLIER), cves=("CVE-2024-1001", "CVE-2024-1002")))
    advisories = [each for each in said if isinstance(each, Advisory)]
    assert [each.id for each in advisories] == ["CVE-2024-1001", "CVE-2024-1002"]
    assert {each.aliases for each in advisories} == {("ELSA-2024-1234",)}
    assert {(each.severity, each.summary) for each in advisories} == {("LOW", "a update (LOW)")}


@pytest.mark.parametrize(
    ("id_", "expected"), [("ELSA-2024-1234", ["ELSA-2024-1234"]), ("ELBA-2024-1234", [])]
)
def test_without_a_cve_only_an_erratum_of_security_is_a_vulnerability(id_: str, expected: list[str]) -> None:
    said = parse(definition(criteria(EARLIER), cves=(), id_=id_))
    assert [each.id for each in said if isinstance(each, Advisory)] == expected


def test_a_track_that_no_epoch_sets_apart_is_told_and_left_out() -> None:
    ecosystem, problem, advisory = parse(
        definition(
            criteria(
                criteria("a is earlier than 1:1.0-1.el8_fips", "a is fips patched"),
                criteria("b is earlier than 1:1.0-1.el8"),
                all_of=False,
            )
        )
    )
    assert isinstance(ecosystem, Ecosystem)
    assert isinstance(problem, Problem)
    assert "a has a track of builds that no epoch sets apart" in problem.message
    assert isinstance(advisory, Advisory)
    assert [each.package for each in advisory.affected] == ["b"]


@pytest.mark.parametrize(
    "wrong",
    [
        definition(criteria("a is earlier than 1-2-3")),
        definition(criteria(EARLIER), cves=("CVE-1",)),
        definition(criteria(EARLIER)).replace("ELSA-2024-1234", "a/../b"),
        "<definition/>",
    ],
)
def test_a_definition_that_cannot_be_read_is_a_problem_and_hides_no_other(wrong: str) -> None:
    problem, ecosystem, advisory = parse(wrong, definition(criteria(EARLIER)))
    assert [type(each) for each in (problem, ecosystem, advisory)] == [Problem, Ecosystem, Advisory]


def test_the_document_is_compressed_with_bzip2_and_must_be_whole() -> None:
    whole = f"<oval_definitions>{definition(criteria(EARLIER))}</oval_definitions>".encode()
    assert len(list(oracle.parse(io.BytesIO(bz2.compress(whole)), oracle.URL))) == 2
    for broken in (bz2.compress(whole)[:-1], bz2.compress(whole[:-1]), b"<oval_definitions/>"):
        with pytest.raises(InvalidDocument):
            list(oracle.parse(io.BytesIO(broken), oracle.URL))


def test_criteria_of_any_depth_within_bounds_are_walked() -> None:
    tests = EARLIER
    for _ in range(90):
        tests = criteria(tests)
    assert affected(tests) == [entry("a", "0:1.0-1.el8")]
