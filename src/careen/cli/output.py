"""What a command tells: on standard error what it does, on standard output or in a file what it found."""

import os
from pathlib import Path

import click

from careen.errors import Invalid


def say(text: str) -> None:
    click.echo(f"careen: {text}", err=True)


def check(output: Path | None) -> None:
    """Before the work, whose result would be lost; raises Invalid."""
    if output is not None and not os.access(output if output.exists() else output.parent, os.W_OK):
        raise Invalid(f"{output} cannot be written")


def write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise Invalid(f"{output} cannot be written: {error.strerror}") from error
