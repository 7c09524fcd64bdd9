"""Lists of dpkg's: which lines name a file and its digest (deb-md5sums(5))."""

import pytest

from careen.indexing import _dpkg_files
from careen.model.file import File
from careen.model.layer import Listing

DIGEST = "d41d8cd98f00b204e9800998ecf8427e"


def files(*lines: str) -> list[tuple[str, str]]:
    content = "".join(f"{line}\n" for line in lines).encode()
    (listing,) = _dpkg_files.read(File("var/lib/dpkg/info/jq.md5sums", pieces=(content,)))
    assert isinstance(listing, Listing)
    return [(path, digest.hex()) for path, digest in listing.read(listing.lines).files]


def test_a_line_is_a_digest_and_a_path() -> None:
    assert files(f"{DIGEST}  usr/bin/jq", f"{DIGEST} *./usr/bin/j q") == [
        ("usr/bin/jq", DIGEST),
        ("usr/bin/j q", DIGEST),
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"{DIGEST.upper()}  usr/bin/jq",
        f"{DIGEST[:30]} 0  usr/bin/jq",
        f"{DIGEST[:31]}g  usr/bin/jq",
        f"{DIGEST[:31]}٣  usr/bin/jq",
        f"{DIGEST[1:]}  usr/bin/jq",
        f"{DIGEST}0  usr/bin/jq",
        f"{DIGEST}\tusr/bin/jq",
        f"{DIGEST}  ",
        "",
    ],
)
def test_a_line_of_another_form_is_passed_over(line: str) -> None:
    assert files(line, f"{DIGEST}  usr/bin/jq") == [("usr/bin/jq", DIGEST)]
