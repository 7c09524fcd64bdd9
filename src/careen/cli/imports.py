"""`careen import`."""

import click

from careen import settings as settings_module
from careen.app import workshop
from careen.app.imports import Import
from careen.cli.access import access
from careen.cli.kindly import kindly
from careen.cli.output import say
from careen.images.manifest import parse_platform


@click.command("import")
@click.argument("target")
@click.argument("repository", metavar="REPOSITORY[:TAG]")
@click.option("--platform", help="OS/ARCH[/VARIANT] of an image for several platforms.")
@kindly
def import_(target: str, repository: str, platform: str | None) -> None:
    """Bring the image TARGET into the registry's data folder, whether the server runs or not."""
    wanted = parse_platform(platform) if platform is not None else None
    with workshop.opened(settings_module.read()) as parts:
        image = Import(parts, access(), say).bring(target, repository, platform=wanted)
    click.echo(f"{image.id}  {image.name}@{image.digest}")
