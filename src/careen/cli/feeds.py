"""`careen feeds`: the advisories, where they come from, and how they get to machines without a network."""

from dataclasses import replace
from datetime import timedelta

import click

from careen import settings as settings_module
from careen.app import refreshing, workshop
from careen.cli.access import access
from careen.cli.kindly import kindly
from careen.cli.output import say


@click.group()
def feeds() -> None:
    """The advisories: fetch them, and see how old they are."""


@feeds.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this feed; may be given again.")
@click.option("--mirror", help="A folder or URL that holds the upstreams as HOST/PATH.")
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Take what this feed publishes though it has lost many records; may be given again.",
)
@kindly
def update(only: tuple[str, ...], mirror: str | None, accept: tuple[str, ...]) -> None:
    """Fetch what is new upstream and build a snapshot of advisories from it."""
    settings = settings_module.read()
    if mirror is not None:
        settings = replace(settings, feeds_mirror=mirror)
    with workshop.opened(settings) as parts:
        said = refreshing.refresh(parts, only=only, accept=accept, progress=say)
    click.echo(said.told(timedelta(seconds=settings.feeds_stale)))


@feeds.command()
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@kindly
def status(format_: str) -> None:
    """Age, count and last error of each feed."""
    click.echo(refreshing.status(settings_module.read(), as_json=format_ == "json"))


@feeds.command("export")
@click.argument("target", metavar="FILE|oci:DIR[:TAG]|REGISTRY_REF")
@kindly
def export(target: str) -> None:
    """Write the snapshot of advisories to a file, an OCI layout or a registry."""
    settings = settings_module.read()
    digest = refreshing.exchange(settings, access(), say).bring_out(target)
    click.echo(digest)


@feeds.command("import")
@click.argument("target", metavar="FILE|oci:DIR[:TAG]|REGISTRY_REF")
@click.option("--digest", default="", help="What the snapshot must be, as `careen feeds export` printed it.")
@kindly
def import_(target: str, digest: str) -> None:
    """Take the snapshot of advisories that `careen feeds export` wrote elsewhere."""
    settings = settings_module.read()
    click.echo(refreshing.take_snapshot(settings, access(), say, target, expected=digest))
