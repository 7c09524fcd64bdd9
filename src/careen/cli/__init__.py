"""The command line. Exit status: 0 done, 1 an error, 2 a wrong call, 3 `--fail-on` was met."""

import logging
import sys
from pathlib import Path

import click
import structlog

from careen import report
from careen import settings as settings_module
from careen.app import workshop
from careen.cli.access import access
from careen.cli.accounts import account, key, token
from careen.cli.feeds import feeds
from careen.cli.kindly import FAILED, kindly
from careen.cli.migrations import migrate
from careen.cli.output import check, say, write
from careen.images.manifest import parse_platform
from careen.model.severity import Severity

MET = 3


def _log_from(level: int) -> None:
    """A server tells its log what it does; a command tells its user only what is wrong."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Not the prettier formatters: they print local variables, and with them whatever is secret.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="careen")
def main() -> None:
    """A container registry that inspects what is pushed to it."""
    _log_from(logging.WARNING)


for command in (account, feeds, key, migrate, token):
    main.add_command(command)


@main.command()
@kindly
def serve() -> None:
    """Start registry, API and scanner in one process."""
    _log_from(logging.INFO)
    from careen.app import serving  # noqa: PLC0415 - gRPC and the web server start only where they serve

    serving.serve(settings_module.read(), announce=click.echo)


@main.command()
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
    from careen.app.oneshot import OneShot  # noqa: PLC0415 - other commands need no images

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


@main.command()
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
    from careen.app.oneshot import OneShot  # noqa: PLC0415 - other commands need no images
    from careen.report import explanation  # noqa: PLC0415 - only this one proves

    wanted = parse_platform(platform) if platform is not None else None
    with workshop.opened(settings_module.read()) as parts:
        found, facts = OneShot(parts, access(), say).explain(
            target, vulnerability, package, platform=wanted, offline=offline
        )
    render = explanation.render_json if format_ == "json" else explanation.render
    click.echo(render(found, facts), nl=False)


@main.command("import")
@click.argument("target")
@click.argument("repository", metavar="REPOSITORY[:TAG]")
@click.option("--platform", help="OS/ARCH[/VARIANT] of an image for several platforms.")
@kindly
def import_(target: str, repository: str, platform: str | None) -> None:
    """Bring the image TARGET into the registry's data folder, whether the server runs or not."""
    from careen.app.imports import Import  # noqa: PLC0415 - other commands need no images

    wanted = parse_platform(platform) if platform is not None else None
    with workshop.opened(settings_module.read()) as parts:
        image = Import(parts, access(), say).bring(target, repository, platform=wanted)
    click.echo(f"{image.id}  {image.name}@{image.digest}")


@main.command()
@kindly
def upgrade() -> None:
    """Bring the database's tables up to date (SQLite does so by itself)."""
    workshop.upgrade(settings_module.read())
    say("the database is up to date")
