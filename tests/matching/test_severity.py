"""CVSS vectors of friends and strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.matching.severity import of_word
from careen.matching.vectors import InvalidVector, of_vector
from careen.model.severity import Severity

PIECES = st.sampled_from(
    [
        "CVSS:3.1",
        "CVSS:4.0",
        "CVSS:3.0",
        "CVSS:2.0",
        "AV:N",
        "AC:L",
        "Au:N",
        "PR:N",
        "UI:N",
        "S:U",
        "C:H",
        "C:C",
        "I:H",
    ]
)


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", Severity.CRITICAL),  # 10.0
        # first.org/cvss/v4-0/examples
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", Severity.HIGH),  # 8.7
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N", Severity.HIGH),  # 8.3
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Severity.HIGH),  # 7.7
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Severity.HIGH),  # 7.3
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N", Severity.MEDIUM),  # 6.9
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:N/VC:N/VI:N/VA:N/SC:H/SI:N/SA:N", Severity.MEDIUM),  # 5.9
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", Severity.MEDIUM),  # 5.1
        ("CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", Severity.MEDIUM),  # 4.6
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity.CRITICAL),  # 9.8
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Severity.HIGH),  # 7.5
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", Severity.MEDIUM),  # 6.1
        ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", Severity.LOW),  # 1.8
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", Severity.NEGLIGIBLE),  # 0.0
        ("AV:N/AC:L/Au:N/C:P/I:P/A:P", Severity.HIGH),  # 7.5
        ("AV:N/AC:M/Au:N/C:N/I:P/A:N", Severity.MEDIUM),  # 4.3
    ],
)
def test_a_vector_means_the_severity_of_its_base_score(vector: str, expected: Severity) -> None:
    assert of_vector(vector) == expected


@pytest.mark.parametrize("vector", ["", "CVSS:", "CVSS:9.9/AV:N", "9.8", "CVSS:3.1/" + "AV:N/" * 1000])
def test_what_is_no_vector_is_refused(vector: str) -> None:
    with pytest.raises(InvalidVector):
        of_vector(vector)


@given(st.text(max_size=60) | st.lists(PIECES | st.text(max_size=3)).map("/".join))
def test_no_text_does_worse_than_being_refused(vector: str) -> None:
    try:
        severity = of_vector(vector)
    except InvalidVector:
        return
    assert severity in Severity


@pytest.mark.parametrize("word", ["", "not yet assigned", "end-of-life", "unknown", "9.8"])
def test_a_word_that_decides_nothing_leaves_it_to_the_next_source(word: str) -> None:
    assert of_word(word) is None


@pytest.mark.parametrize("word", ["High", " HIGH ", "high**", "Important"])
def test_words_are_read_in_any_case(word: str) -> None:
    assert of_word(word) is Severity.HIGH
