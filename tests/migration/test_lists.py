"""Lists are read to their end, whatever comes between."""

from dataclasses import dataclass
from typing import Any

import pytest
from yandex.cloud.containerregistry.v1.registry_pb2 import Registry
from yandex.cloud.containerregistry.v1.registry_service_pb2 import (
    ListRegistriesRequest,
    ListRegistriesResponse,
)

from careen.errors import Invalid
from careen.migration.lists import EndlessList, rows


@dataclass
class Pages:
    """A source that answers by the token that it is given: rows and the next token, or a refusal."""

    answers: dict[str, Any]

    def __call__(self, method: object, request: Any) -> ListRegistriesResponse:
        answer = self.answers[request.page_token]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        names, token = answer
        found = [Registry(id=name[0], name=name) for name in names.split()]
        return ListRegistriesResponse(registries=found, next_page_token=token)


def read(**answers: Any) -> list[str]:
    pages = Pages({"" if token == "first" else token: answer for token, answer in answers.items()})
    found = rows(pages, None, ListRegistriesRequest(folder_id="x"), "registries")
    return [row.name for row in found]


def test_each_row_comes_once_in_its_first_place_as_it_was_seen_last() -> None:
    assert read(first=("a1 b1", "t"), t=("b2 c1", "")) == ["a1", "b2", "c1"]


def test_a_page_that_is_forgotten_is_read_from_the_beginning() -> None:
    forgotten = [Invalid("expired"), ("c1", "")]
    assert read(first=("a1 b1", "t"), t=forgotten) == ["a1", "b1", "c1"]


def test_a_list_that_is_always_forgotten_is_given_up() -> None:
    with pytest.raises(EndlessList, match="does not let its registries be read to the end"):
        read(first=("a1", "t"), t=Invalid("expired"))


def test_a_refusal_of_the_first_page_is_told_as_it_is() -> None:
    with pytest.raises(Invalid, match="no such folder"):
        read(first=Invalid("no such folder"))


@pytest.mark.parametrize("rows_again", ["a1", ""])
def test_pages_that_bring_nothing_new_have_no_end(rows_again: str) -> None:
    with pytest.raises(EndlessList, match="has no end: 1 rows so far"):
        read(first=("a1", "t"), t=(rows_again, "t"))
