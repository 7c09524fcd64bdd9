"""Of Red Hat's archive a cut is kept, which says the same in a fraction of the bytes."""

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from careen.feeds import redhat
from careen.feeds._redhat_changes import LATEST
from careen.feeds.document import Cursor, Document, InvalidDocument
from careen.feeds.http import Http

TESTDATA = Path(__file__).parent / "testdata/redhat"
SHARED = Path(__file__).parents[3] / "shared/feeds"
PLACE = "security.access.redhat.com/data/csaf/v2/vex"
CVE = "CVE-2024-0001"
EL9 = "cpe:/o:redhat:enterprise_linux:9"
CURL = "pkg:rpm/redhat/curl@7.76.1-26.el9_3.2?arch=x86_64"


def vex(*extra: str) -> dict[str, object]:
    """A fix of curl in RHEL 9, and the same of other components in images."""
    components = [CURL, *extra]
    leaves = [
        {"product": {"name": name, "product_id": name, "product_identification_helper": {"purl": name}}}
        for name in components
    ]
    platform = {"name": EL9, "product_id": EL9, "product_identification_helper": {"cpe": EL9}}
    relations = [
        {
            "full_product_name": {"product_id": f"{EL9}|{name}"},
            "product_reference": name,
            "relates_to_product_reference": EL9,
        }
        for name in components
    ]
    ids = [f"{EL9}|{name}" for name in components]
    fix = {
        "category": "vendor_fix",
        "url": "https://access.redhat.com/errata/RHSA-2024:0001",
        "product_ids": ids,
    }
    tracking = {"id": CVE, "current_release_date": "2024-02-03T04:05:06+02:00", "revision_history": [{}] * 99}
    return {
        "document": {"tracking": tracking, "title": "a flaw", "notes": [{"text": "x" * 9999}]},
        "product_tree": {"branches": [*leaves, {"product": platform}], "relationships": relations},
        "vulnerabilities": [
            {
                "cve": CVE,
                "title": "a flaw of curl",
                "release_date": "2024-02-01T00:00:00+00:00",
                "product_status": {"fixed": ids},
                "remediations": [fix],
                "threats": [{"category": "impact", "details": "Low", "product_ids": ids}],
                "scores": [{"products": ids, "cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:L"}}],
            }
        ],
    }


def archive(*documents: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for number, document in enumerate(documents):
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            member = tarfile.TarInfo(f"2024/cve-2024-{number:04}.json")
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return zstandard.compress(buffer.getvalue())


def kept(folder: Path, content: bytes, *seen: Document) -> tuple[Document, ...]:
    """What is kept of the archive, had from a mirror."""
    mirror = folder / "mirror" / PLACE
    mirror.mkdir(parents=True, exist_ok=True)
    (mirror / "archive_latest.txt").write_text("csaf_vex_2026-03-25.tar.zst")
    (mirror / "csaf_vex_2026-03-25.tar.zst").write_bytes(content)
    with Http(str(folder / "mirror")) as http:
        found = redhat.fetch(http, Cursor(folder / "kept", {each.url: each for each in seen}))
    return tuple(each for each in found.documents if each.url == LATEST) if found else ()


def said(content: bytes) -> list[object]:
    return list(redhat.parse(io.BytesIO(content), LATEST))


def real() -> list[bytes]:
    shared = [*SHARED.glob(f"{PLACE}/*/*.json"), *SHARED.glob("_samples/redhat-csaf/*.json")]
    return [path.read_bytes() for path in [TESTDATA / "changed-real/input.json", *sorted(shared)]]


def test_what_is_kept_is_short_and_says_the_same(tmp_path: Path) -> None:
    much = vex(*(f"pkg:oci/image-{number}@sha256%3A0" for number in range(2000)))
    broken = (b'{":enterprise_linux:', b'{"document": ":enterprise_linux:"}')
    silent = {"document": {"tracking": {"id": CVE, "current_release_date": "2024-02-03T04:05:06+00:00"}}}
    whole = archive(*real(), much, *broken, silent)
    (cut,) = kept(tmp_path, whole)
    content = cut.path.read_bytes()
    assert cut.path.name == cut.sha256 == hashlib.sha256(content).hexdigest()
    assert said(content) == said(whole)
    sizes = [len(zstandard.decompress(each, max_output_size=1 << 28)) for each in (content, whole)]
    assert sizes[0] < sizes[1] / 2


def test_two_cuts_of_one_archive_are_the_same_bytes(tmp_path: Path) -> None:
    whole = archive(*real())
    assert [each.sha256 for each in kept(tmp_path / "one", whole)] == [
        each.sha256 for each in kept(tmp_path / "other", whole)
    ]


def test_what_is_kept_already_is_not_new(tmp_path: Path) -> None:
    whole = archive(vex())
    (cut,) = kept(tmp_path, whole)
    assert kept(tmp_path, whole, cut) == ()


@pytest.mark.parametrize("content", [b"", b"<html>", archive(vex())[:40], archive(vex())[:-20]])
def test_what_is_no_archive_is_kept_as_it_came_for_the_reader_to_refuse(
    tmp_path: Path, content: bytes
) -> None:
    (cut,) = kept(tmp_path, content)
    assert cut.path.read_bytes() == content
    with pytest.raises(InvalidDocument):
        said(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from([CVE, EL9, CURL]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["document", "tracking", "product_id", "branches", "fixed", "relationships"]),
            inner,
        )
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=50)
@given(tree=JSON, status=JSON, head=JSON, threats=JSON)
def test_whatever_a_document_holds_its_cut_says_the_same(
    tree: object, status: object, head: object, threats: object
) -> None:
    other = json.loads(json.dumps(vex("pkg:oci/image@sha256%3A0")))
    other["vulnerabilities"][0] |= {"product_status": status, "threats": threats}
    mark = {"mark": ":enterprise_linux:"}
    content = archive(vex() | {"product_tree": tree} | mark, other, vex() | {"document": head})
    with tempfile.TemporaryDirectory() as folder:
        (cut,) = kept(Path(folder), content)
        assert said(cut.path.read_bytes()) == said(content)
