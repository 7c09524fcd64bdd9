"""The same verdict for people and for programs."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from careen.errors import Invalid
from careen.model.digest import from_hex
from careen.model.distro import Distro
from careen.model.finding import Finding, Verdict
from careen.model.package import Package
from careen.model.problem import Problem, ProblemKind
from careen.model.severity import Severity
from careen.report import FORMATS, ImageFacts, format_named, table
from careen.report import json as json_report

TESTDATA = Path(__file__).parent / "testdata"
LAYERS = (from_hex("a" * 64), from_hex("b" * 64))
SNAPSHOT = from_hex("5" * 64)

OPENSSL = Package(
    name="libssl3",
    version="3.1.4-r5",
    type="apk",
    manager="apk",
    path="lib/apk/db/installed",
    ecosystem="Alpine:v3.18",
    source="openssl",
    source_version="3.1.4-r5",
    layer=LAYERS[0],
    purl="pkg:apk/alpine/libssl3@3.1.4-r5?distro=alpine-3.18.9",
)
JINJA = Package(
    name="jinja2",
    version="2.10",
    type="pypi",
    manager="pip",
    path="app/site-packages/Jinja2-2.10.dist-info/METADATA",
    ecosystem="PyPI",
    layer=LAYERS[1],
    purl="pkg:pypi/jinja2@2.10",
)
FINDINGS = (
    Finding(
        id="CVE-2019-10906",
        aliases=("GHSA-462w-v97r-4m45", "PYSEC-2019-217"),
        severity=Severity.HIGH,
        package=JINJA,
        fixed_by="2.10.1",
        origin="lang",
        type="python-pkg",
        link="https://osv.dev/vulnerability/PYSEC-2019-217",
        evidence={
            "feed": "osv",
            "range": {"introduced": "0", "fixed": "2.10.1"},
            "severities": ("NVD HIGH",),
        },
    ),
    Finding(
        id="CVE-2024-0727",
        aliases=(),
        severity=Severity.UNDEFINED,
        package=OPENSSL,
        fixed_by="",
        origin="os",
        type="alpine",
        link="https://security.alpinelinux.org/vuln/CVE-2024-0727",
        status="will_not_fix",
    ),
)
VERDICT = Verdict(
    distro=Distro("alpine", "3.18.9", "", "Alpine Linux v3.18", "etc/os-release"),
    packages=(OPENSSL, JINJA),
    findings=FINDINGS,
    problems=(Problem(ProblemKind.END_OF_LIFE, "", "Alpine v3.18 has had no advisories since 2025-05-09"),),
    snapshot=SNAPSHOT,
)
IMAGE = ImageFacts(
    "shop/web:1", from_hex("c" * 64), "linux/amd64", 6275, LAYERS, ("ADD rootfs.tar /", "COPY app /app")
)
CLEAN = replace(VERDICT, findings=(), problems=())
REFUSED = Verdict(
    distro=None,
    packages=(),
    findings=(),
    problems=(Problem(ProblemKind.NO_PACKAGES, "", "nothing in the image is a package that careen knows"),),
    snapshot=SNAPSHOT,
)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.parametrize(("name", "verdict"), [("findings", VERDICT), ("clean", CLEAN), ("refused", REFUSED)])
@pytest.mark.parametrize("suffix", ["json", "txt"])
def test_reports_are_to_the_byte_what_is_promised(name: str, verdict: Verdict, suffix: str) -> None:
    render = json_report.render if suffix == "json" else table.render
    assert render(verdict, IMAGE) == (TESTDATA / f"{name}.{suffix}").read_text()


def test_a_narrow_terminal_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    package = replace(
        OPENSSL, name="a-package-with-a-long-name-indeed", version="1:2.36.1-8+deb11u2~really1.2.3.4-5"
    )
    finding = FINDINGS[1]._replace(package=package, fixed_by="1:2.36.1-8+deb11u3~really1.2.3.4-6", link="")
    lines = table.render(replace(VERDICT, findings=(finding,)), IMAGE).splitlines()
    assert max(len(line) for line in lines) <= 80
    start = next(number for number, line in enumerate(lines) if line.startswith("SEVERITY"))
    columns = [lines[start].index(heading) for heading in ("PACKAGE", "INSTALLED", "FIXED BY", "TYPE")]
    rows = lines[start + 1 : lines.index("", start)]
    for (left, right), text in zip(
        pairwise(columns),
        (package.name, package.version, finding.fixed_by),
        strict=True,
    ):
        assert "".join(row[left:right].strip() for row in rows) == text


@pytest.mark.parametrize("report", [table, json_report])
def test_names_from_the_image_cannot_steer_the_terminal(report: Any) -> None:
    hostile = replace(OPENSSL, name="\x1b[2J\x9b31m\u202ename\r\n", version="\udc80\x07" + "9" * 5000)
    finding = FINDINGS[0]._replace(package=hostile, link="https://x/\x1b]8;;\x07", evidence={})
    problem = Problem(ProblemKind.CORRUPT_DATABASE, "var/\x1b", "\x00\x08")
    image = replace(IMAGE, reference="\x1b[31m")
    text = report.render(replace(VERDICT, findings=(finding,), problems=(problem,)), image)
    assert all(char.isprintable() or char == "\n" for char in text)
    text.encode()


def test_the_status_follows_the_fatal_problems() -> None:
    assert json_report.document(VERDICT, IMAGE)["status"] == "READY"
    assert json_report.document(REFUSED, IMAGE)["status"] == "ERROR"


def test_json_is_the_same_bytes_in_another_process() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_reports as t;"
        "sys.stdout.write(t.json_report.render(t.VERDICT, t.IMAGE))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert outputs == {json_report.render(VERDICT, IMAGE).encode()}


def test_json_says_all_that_the_verdict_knows() -> None:
    document = json.loads(json_report.render(VERDICT, IMAGE))
    counts = document["counts"]
    assert sum(counts.values()) == len(document["findings"]) == len(FINDINGS)
    assert list(counts) == ["critical", "high", "medium", "low", "negligible", "undefined"]
    assert document["findings"][0]["evidence"]["range"] == {"introduced": "0", "fixed": "2.10.1"}


def test_formats_are_found_by_name() -> None:
    for one in FORMATS:
        assert format_named(one.NAME) is one
        assert one.render(VERDICT, IMAGE).endswith("\n")
    with pytest.raises(Invalid, match="there is no format 'sarif'; there are: table, json"):
        format_named("sarif")
