"""The grammar of names, against the expression that the specification prints."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.registry import names
from careen.registry.errors import NameInvalid, TagInvalid

SPECIFIED = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"


@pytest.mark.parametrize(
    "name", ["crp1/web", "crp1/a/b/c", "crp1/a.b_c__d---e", "crp1/0", "crp1/" + "a" * 250]
)
def test_a_good_name_begins_with_its_registry(name: str) -> None:
    assert names.registry_id(name) == "crp1"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "crp1",
        "crp1/",
        "/web",
        "crp1//web",
        "crp1/web/",
        "crp1/../web",
        "crp1/..",
        "crp1/./web",
        "crp1/Web",
        "crp1/we b",
        "crp1/web\n",
        "crp1/web\0",
        "crp1/-web",
        "crp1/web_",
        "crp1/a___b",
        "crp1/a..b",
        "crp1/wéb",
        "crp1/\u0661",
        "crp1\\web",
        "crp1/" + "a" * 251,
    ],
)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        names.registry_id(name)


@given(st.text(alphabet="ab0./_-A\n", max_size=20))
def test_the_grammar_is_the_specification_s(name: str) -> None:
    is_name = re.fullmatch(SPECIFIED, name) is not None and "/" in name
    try:
        names.registry_id(name)
    except NameInvalid:
        assert not is_name
    else:
        assert is_name


def test_a_name_made_to_be_slow_is_refused_at_once() -> None:
    with pytest.raises(NameInvalid):
        names.registry_id("crp1/" + "a-" * 124 + "!")


@pytest.mark.parametrize("tag", ["latest", "_x", "1.0.0-rc.1", "A" * 128])
def test_a_good_tag_passes(tag: str) -> None:
    assert names.check_tag(tag) == tag


@pytest.mark.parametrize("tag", ["", ".x", "-x", "a" * 129, "a b", "a\n", "a/b", "é", "a\0", ".."])
def test_a_bad_tag_is_refused(tag: str) -> None:
    with pytest.raises(TagInvalid):
        names.check_tag(tag)
