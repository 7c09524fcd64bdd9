"""Names of images, as Docker reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careen.errors import Invalid
from careen.images.reference import (
    InvalidReference,
    Reference,
    is_loopback,
    parse,
    repository_and_tag,
    same_image,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alpine", Reference("docker.io", "library/alpine", "latest")),
        ("alpine:3.18", Reference("docker.io", "library/alpine", "3.18")),
        ("shop/web", Reference("docker.io", "shop/web", "latest")),
        ("docker.io/alpine", Reference("docker.io", "library/alpine", "latest")),
        ("index.docker.io/library/alpine:1", Reference("docker.io", "library/alpine", "1")),
        ("localhost/web", Reference("localhost", "web", "latest")),
        ("host:5000/a/b_c/d--e:T-1.x", Reference("host:5000", "a/b_c/d--e", "T-1.x")),
        ("cr.example.com/a", Reference("cr.example.com", "a", "latest")),
        ("[::1]:5000/a:1", Reference("[::1]:5000", "a", "1")),
        (f"h.io/a@{DIGEST}", Reference("h.io", "a", "", DIGEST)),
        (f"h.io:1/a:tag@{DIGEST}", Reference("h.io:1", "a", "tag", DIGEST)),
    ],
)
def test_a_short_name_means_what_it_means_everywhere(text: str, expected: Reference) -> None:
    assert parse(text) == expected
    assert parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "@", "/", "a/", "/a", "A", "a b", "a:", "a:b c", "h.io/", "h.io/../a", "h.io/a//b",
        "h.io/a/.", "a@sha256:1", f"a@{DIGEST}x", "http://h.io/a", "user@h.io/a", "h.io:x/a", "-h.io/a",
        "h..io/a", "a?b", "a#b", "h.io/" + "a" * 300, "a:" + "b" * 200, "a\n", "ä", "h.io%2f/a",
        "[::1/a", "h.io\\x/a",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_an_invalid_one(text: str) -> None:
    try:
        reference = parse(text)
    except Invalid:
        return
    assert parse(str(reference)) == reference


def test_names_of_one_image_are_the_same_however_short() -> None:
    assert same_image("alpine", "docker.io/library/alpine:latest")
    assert same_image("odd name", "odd name")
    assert not same_image("alpine:1", "alpine:2")
    assert not same_image("odd name", "alpine")


def test_loopback_is_told_by_name_and_address() -> None:
    assert all(
        is_loopback(host) for host in ("localhost", "LocalHost:1", "127.0.0.1:5000", "127.9.9.9", "[::1]:80")
    )
    hosts = ("localhost.example.com", "10.0.0.1", "127.0.0.1.example.com", "[::2]", "example.com:127")
    assert not any(is_loopback(host) for host in hosts)


def test_a_repository_may_have_a_tag() -> None:
    assert repository_and_tag("crp1/shop/web:v1") == ("crp1/shop/web", "v1")
    assert repository_and_tag("crp1/shop/web") == ("crp1/shop/web", "latest")
    for text in ("", "crp1/Web", "crp1/web:", "crp1/web:a b", "crp1//web", "../web"):
        with pytest.raises(InvalidReference):
            repository_and_tag(text)
