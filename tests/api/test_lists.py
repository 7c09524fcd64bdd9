"""Paging, filters and orders of the lists."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yandex.cloud.containerregistry.v1.image_pb2 import Image
from yandex.cloud.containerregistry.v1.image_service_pb2 import ListImagesRequest, ListImagesResponse

from careen.api import paging
from careen.api.fields import Field, member_of
from careen.api.filters import parse as parse_filter
from careen.api.order import parse as parse_order
from careen.api.validation import InvalidRequest
from careen.model.severity import Severity
from careen.store import images
from careen.store.paging import Condition, Listed

V1 = "/container-registry/v1"
FIELDS = (
    Field("severity", ("vulnerability",), member_of(Severity)),
    Field("name", ("package", "package_vulnerability")),
    Field("created_at"),
)


def listed(world: Any, path: str, name: str, **query: object) -> list[Any]:
    """Every row, page by page."""
    rows: list[Any] = []
    token = ""
    while True:
        answer = world.http.get(path, params={**query, "pageToken": token})
        assert answer.status_code == 200, answer.text
        rows += answer.json().get(name, [])
        token = answer.json().get("nextPageToken", "")
        assert len(token) <= 100
        if not token:
            return rows


def refused(world: Any, path: str, **query: object) -> str:
    """The field that is at fault."""
    answer = world.http.get(path, params=query)
    assert answer.status_code == 400, answer.text
    field: str = answer.json()["details"][0]["fieldViolations"][0]["field"]
    return field


def vulnerabilities(world: Any) -> str:
    last = world.http.get(f"{V1}/images/{world.image.id}:lastScanResult").json()
    return f"{V1}/scans/{last['id']}:listVulnerabilities"


def names(rows: list[Any]) -> list[str]:
    return [f"{row['package']['name']} {row['package']['package']}" for row in rows]


ALL = [
    "CVE-2023-0001 libssl3",
    "CVE-2023-0002 libssl3",
    "CVE-2023-0003 openssl",
    "CVE-2023-0004 libssl3",
    "CVE-2023-0002 openssl",
]


@pytest.mark.parametrize("size", [0, 1, 2, 4, 5, 1000])
def test_the_pages_together_are_the_list(still_world: Any, size: int) -> None:
    path = vulnerabilities(still_world)
    assert names(listed(still_world, path, "vulnerabilities", pageSize=size)) == ALL


def test_a_list_that_is_empty_has_no_next_page(still_world: Any) -> None:
    assert still_world.http.get(f"{V1}/registries", params={"folderId": "none"}).json() == {}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('severity = "HIGH"', [1, 2]),
        ('Vulnerability.severity="HIGH"', [1, 2]),
        (' vulnerability.severity  =  "HIGH" ', [1, 2]),
        ('name = "CVE-2023-0002"', [1, 4]),
        ('package.name = "CVE-2023-0002"', [1, 4]),
        ('PackageVulnerability.name = "CVE-2023-0002"', [1, 4]),
        ('packageVulnerability.name = "CVE-2023-0002" AND severity = "LOW"', [4]),
        ('severity="HIGH" and package="openssl"', [2]),
        ('severity="NEGLIGIBLE"', []),
        ("", [0, 1, 2, 3, 4]),
    ],
)
def test_a_filter_chooses_rows(still_world: Any, written: str, found: list[int]) -> None:
    rows = listed(still_world, vulnerabilities(still_world), "vulnerabilities", filter=written, pageSize=1)
    assert names(rows) == [ALL[index] for index in found]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("severity", [0, 1, 2, 3, 4]),
        ("Vulnerability.severity asc", [0, 1, 2, 3, 4]),
        ("severity DESC", [4, 3, 2, 1, 0]),
        ("name, severity desc", [0, 4, 1, 2, 3]),
        ("package.name,package desc", [0, 4, 1, 2, 3]),
    ],
)
def test_an_order_puts_rows_in_order(still_world: Any, written: str, found: list[int]) -> None:
    path = vulnerabilities(still_world)
    rows = listed(still_world, path, "vulnerabilities", orderBy=written, pageSize=2)
    assert names(rows) == [ALL[index] for index in found]


def test_a_token_is_good_for_its_own_query_only(still_world: Any) -> None:
    path = vulnerabilities(still_world)
    query = {"pageSize": 1, "filter": 'severity = "HIGH"'}
    token = still_world.http.get(path, params=query).json()["nextPageToken"]
    assert still_world.http.get(path, params={**query, "pageSize": 7, "pageToken": token}).is_success
    for other in ({"filter": 'severity = "LOW"'}, {"orderBy": "severity"}, {"filter": ""}):
        assert refused(still_world, path, **{**query, **other, "pageToken": token}) == "page_token"
    images_of = {"registryId": still_world.registry.id, "pageToken": token}
    assert refused(still_world, f"{V1}/images", **images_of) == "page_token"


@given(st.text(max_size=100))
def test_no_text_is_taken_for_a_token_of_ours(token: str) -> None:
    request = ListImagesRequest(page_token=token, folder_id="default")
    if token:
        with pytest.raises(InvalidRequest):
            paging.read(request)
    else:
        assert paging.read(request).page.after == ()


def same(image: Image) -> Image:
    return image


@given(st.from_regex(r"crp[0-9a-v]{17}", fullmatch=True), st.integers(1, 1000), st.integers(0, 1 << 42))
def test_a_token_leads_to_the_row_it_was_made_of(last: str, size: int, moment: int) -> None:
    first = ListImagesRequest(folder_id="default", page_size=1)
    found = Listed([Image(), Image()], [(moment, last), (moment, "more")])
    token = paging.read(first).fill(ListImagesResponse().images, found, same)
    assert len(token) <= 100
    second = ListImagesRequest(folder_id="default", page_size=size, page_token=token)
    assert paging.read(second).page.after == (moment, last)
    assert paging.read(second).page.size == size + 1


def test_a_page_ends_before_it_outgrows_what_clients_accept() -> None:
    asked = paging.read(ListImagesRequest(folder_id="default", page_size=1000))
    rows = Listed([Image(name="x" * 100_000)] * 100, [(number,) for number in range(100)])
    response = ListImagesResponse()
    token = asked.fill(response.images, rows, same)
    assert 2_000_000 < response.ByteSize() < 4_000_000
    again = ListImagesRequest(folder_id="default", page_size=1000, page_token=token)
    assert paging.read(again).page.after == (len(response.images) - 1,)


def test_a_row_that_outgrows_a_page_still_has_its_own() -> None:
    asked = paging.read(ListImagesRequest(folder_id="default"))
    response = ListImagesResponse()
    rows = Listed([Image(name="x" * 5_000_000), Image()], [("a",), ("b",)])
    assert asked.fill(response.images, rows, same)
    assert len(response.images) == 1


def test_a_token_whose_row_is_gone_leads_on(world: Any) -> None:
    world.push("a")
    world.push("b")
    query = {"registryId": world.registry.id, "pageSize": 1}
    first = world.http.get(f"{V1}/images", params=query).json()
    with world.database.write() as connection:
        images.delete(connection, first["images"][0]["id"])
    token = first["nextPageToken"]
    rest = world.http.get(f"{V1}/images", params=query | {"pageToken": token, "pageSize": 9}).json()
    assert [image["name"].rpartition("/")[2] for image in rest["images"]] == ["a", "b"]
    assert "nextPageToken" not in rest


def test_images_are_listed_by_the_narrowest_parent(world: Any) -> None:
    other = world.push("other")
    everything = {"registryId": world.registry.id, "folderId": "elsewhere"}
    found = listed(world, f"{V1}/images", "images", **everything, orderBy="name", pageSize=1)
    assert [each["id"] for each in found] == [other.id, world.image.id]
    narrow = listed(world, f"{V1}/images", "images", **everything, repositoryName=world.repository.name)
    assert [each["id"] for each in narrow] == [world.image.id]
    assert listed(world, f"{V1}/images", "images", folderId="elsewhere") == []
    by_name = f'name = "{other.name}"'
    filtered = listed(world, f"{V1}/images", "images", folderId="default", filter=by_name)
    assert [each["id"] for each in filtered] == [other.id]


def test_repositories_are_listed_and_found_by_name(world: Any) -> None:
    other = world.push("other")
    query = {"registryId": world.registry.id, "orderBy": "name desc", "pageSize": 1}
    found = listed(world, f"{V1}/repositories", "repositories", **query)
    assert [each["name"] for each in found] == [world.repository.name, other.name]


@pytest.mark.parametrize(
    "written",
    [
        "severity",
        'severity == "LOW"',
        "severity IN ()",
        'severity IN ("LOW"',
        'severity IN "LOW"',
        'severity NOT ("LOW")',
        'severity IN("LOW",)',
        "severity = LOW",
        'severity = "LOW" OR name = "x"',
        'severity = "LOW" AND',
        'severity = "LOW"AND',
        'severity = "low"',
        'severity = "SEVERITY_UNSPECIFIED"',
        'severity = "4"',
        'colour = "red"',
        'other.name = "x"',
        'name = "x',
        "AND",
    ],
)
def test_a_filter_that_is_not_one_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequest, match="validation error: filter: "):
        parse_filter(written, FIELDS)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_a_filter_can_ask_for_any_text(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_filter(f'createdAt = "{quoted}" AND severity = "LOW"', FIELDS) == (
        Condition("created_at", (value,)),
        Condition("severity", (Severity.LOW,)),
    )


def test_a_filter_may_name_several_values_and_exclude_some() -> None:
    assert parse_filter(
        'severity in ("LOW", "HIGH") and Package.name != "a" AND name NOT IN ("b")', FIELDS
    ) == (
        Condition("severity", (Severity.LOW, Severity.HIGH)),
        Condition("name", ("a",), is_negated=True),
        Condition("name", ("b",), is_negated=True),
    )


@pytest.mark.parametrize(
    "written", ["size", "name up", "name,", ",", "name name", "name,package.name", "a.b"]
)
def test_an_order_that_is_not_one_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequest, match="validation error: order_by: "):
        parse_order(written, FIELDS)


def test_an_order_may_be_written_as_in_json_or_in_the_proto() -> None:
    both = (("created_at", True), ("name", False))
    assert parse_order("createdAt desc, name", FIELDS) == both
    assert parse_order(" created_at  DESC ,Package.name ASC", FIELDS) == both
    assert parse_order(" ", FIELDS) == ()
