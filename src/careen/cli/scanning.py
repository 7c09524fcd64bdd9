"""`careen scan` and `careen explain`: without a server."""

from pathlib import Path

import click

from careen import report
from careen import settings as settings_module
from careen.app import workshop
from careen.app.oneshot import OneShot
from careen.cli.access import access
from careen.cli.kindly import FAILED, kindly
from careen.cli.output import check, say, write
from careen.images.manifest import parse_platform
from careen.model.severity import Severity
from careen.report import explanation

MET = 3


@click.command()
@click.argument("target")
@click.option("--format", "format_", type=click.Choice([one.NAME for one in report.FORMATS]), default="table")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.name.lower() for severity in Severity], case_sensitive=False),
    help="Exit with status 3 if a finding is this severe or worse.",
)
@click.option("--platform", help="OS/ARCH[/VARIANT] of an image for several platforms.")
@click.option("--offline", is_flag=True, help="Fetch no advisories; refuse if there are none here.")
@kindly
def scan(
    target: str,
    format_: str,
    output: Path | None,
    fail_on: str | None,
    platform: str | None,
    *,
    offline: bool,
) -> int:
    """Scan TARGET: an OCI layout folder, a `docker save` tar, or a reference such as debian:12-slim."""
    check(output)
    wanted = parse_platform(platform) if platform is not None else None
    with workshop.opened(settings_module.read()) as parts:
        verdict, facts = OneShot(parts, access(), say).scan(target, platform=wanted, offline=offline)
    write(report.format_named(format_).render(verdict, facts), output)
    if verdict.fatal:
        kinds = ", ".join(sorted({problem.kind for problem in verdict.fatal}))
        say(f"this image cannot be judged ({kinds}); its counts are no answer")
        return FAILED
    worst = min((finding.severity for finding in verdict.findings), default=None)
    return MET if fail_on and worst is not None and worst <= Severity[fail_on.upper()] else 0


@click.command()
@click.argument("target")
@click.argument("vulnerability")
@click.argument("package", default="")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@click.option("--platform", help="OS/ARCH[/VARIANT] of an image for several platforms.")
@click.option("--offline", is_flag=True, help="Fetch no advisories; refuse if there are none here.")
@kindly
def explain(
    target: str, vulnerability: str, package: str, format_: str, platform: str | None, *, offline: bool
) -> None:
    """Prove why TARGET has the VULNERABILITY (in one PACKAGE), or say what clears it."""
    wanted = parse_platform(platform) if platform is not None else None
    with workshop.opened(settings_module.read()) as parts:
        found, facts = OneShot(parts, access(), say).explain(
            target, vulnerability, package, platform=wanted, offline=offline
        )
    render = explanation.render_json if format_ == "json" else explanation.render
    click.echo(render(found, facts), nl=False)
