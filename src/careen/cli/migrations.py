"""`careen migrate`."""

from pathlib import Path
from typing import Any

import click

from careen import settings
from careen.app import workshop
from careen.cli.kindly import FAILED, kindly
from careen.cli.output import check, say, write


@click.command()
@click.option(
    "--from", "address", metavar="HOST:PORT", help="The source's gRPC API: api.cloud.yandex.net:443"
)
@click.option("--from-backup", metavar="FILE", help="A backup of the source's metadata (not possible yet).")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this one; may be repeated.")
@click.option("--folder", "folders", multiple=True, metavar="ID", help="Only what is in it; may be repeated.")
@click.option(
    "--credentials", type=click.Path(path_type=Path), metavar="KEY.json", help="A service account's key."
)
@click.option("--iam-token-env", metavar="NAME", help="The environment variable that holds an IAM token.")
@click.option(
    "--ca", type=click.Path(path_type=Path), help="PEM of the CA that signed the source's certificate."
)
@click.option("--plaintext", is_flag=True, help="The source's API is without TLS.")
@click.option(
    "--registry-address", default="", metavar="HOST[:PORT]", help="Where the source's images are pulled."
)
@click.option("--plain-http", is_flag=True, help="Images are pulled without TLS.")
@click.option("--connections", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option("--dry-run", is_flag=True, help="Say what would come, and write nothing.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file.")
@kindly
def migrate(**options: Any) -> int:  # noqa: ANN401 - click's; each is told apart in `asked`
    """Bring whole registries from Yandex or another careen: ids, names, digests, tags and scans are kept."""
    from careen.app import migrations  # noqa: PLC0415 - other commands need no gRPC

    check(options["output"])
    with workshop.opened(settings.read()) as parts:
        said = migrations.run(parts, migrations.asked(**options), say)
    write(migrations.rendered(said, options["format_"]), options["output"])
    return 0 if said.agrees else FAILED
