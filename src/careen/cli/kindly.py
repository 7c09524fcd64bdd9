"""How the commands tell people of errors."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from careen.errors import Error

FAILED = 1

_Arguments = ParamSpec("_Arguments")


def kindly(command: Callable[_Arguments, int | None]) -> Callable[_Arguments, None]:
    """An error of careen's is a sentence and exit status 1; the trace of a fault of ours stays whole."""

    @wraps(command)
    def run(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> None:
        try:
            status = command(*arguments, **options)
        except Error as error:
            click.echo(f"careen: {error.message}", err=True)
            sys.exit(FAILED)
        sys.exit(status or 0)

    return run
