"""What a command tells: on standard error what it does, on standard output or in a file what it found."""

from pathlib import Path

import click

from careen.errors import Invalid


def say(text: str) -> None:
    click.echo(f"careen: {text}", err=True)


def write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise Invalid(f"{output} cannot be written: {error.strerror}") from error
