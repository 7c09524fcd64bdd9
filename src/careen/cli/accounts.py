"""`careen account`, `key` and `token`: whoever may use the data folder decides who may use careen."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

import click

from careen import settings as settings_module
from careen.app import accounts
from careen.cli.kindly import kindly

_ON = click.option(
    "--on",
    "place",
    default="",
    metavar="RESOURCE",
    help="A registry, a repository (id or name) or folder:ID; without it, everything.",
)


@click.group()
def account() -> None:
    """Who may come in, and what they may do."""


@account.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="May be given again.")
@_ON
@click.option("--user", is_flag=True, help="A person, who gets a token; otherwise a service account.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a new key, or a user's token, there.",
)
@click.option(
    "--take-over",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accept the key of this file, made by Yandex or another careen, and the account's id with it.",
)
@kindly
def create(
    name: str,
    roles: tuple[str, ...],
    place: str,
    key_file: Path | None,
    take_over: Path | None,
    *,
    user: bool,
) -> None:
    """Make an account NAME; a person's token is printed once, unless it goes to a file."""
    with accounts.opened(settings_module.read()) as book, _opened(key_file) as file:
        made = book.create(name, roles, place, is_user=user, take_over=take_over)
        if file is not None:
            file.write(book.give(made.id).secret)
        elif user:
            click.echo(book.give(made.id).secret)
    click.echo(f"{made.id}  {made.name}  {made.type}", err=user)


@account.command("list")
@kindly
def list_() -> None:
    """Every account with its roles."""
    with accounts.opened(settings_module.read()) as book:
        for line in book.lines():
            click.echo(line)


@account.command()
@click.argument("name")
@kindly
def delete(name: str) -> None:
    """Delete the account NAME (or its id), with its keys, tokens and roles."""
    with accounts.opened(settings_module.read()) as book:
        book.delete(name)


@account.command()
@click.argument("name")
@click.argument("role")
@_ON
@kindly
def grant(name: str, role: str, place: str) -> None:
    """Give the account NAME a ROLE; NAME may be allUsers or allAuthenticatedUsers."""
    with accounts.opened(settings_module.read()) as book:
        book.grant(name, role, place)


@account.command()
@click.argument("name")
@click.argument("role")
@_ON
@kindly
def revoke(name: str, role: str, place: str) -> None:
    """Take a ROLE from the account NAME."""
    with accounts.opened(settings_module.read()) as book:
        book.revoke(name, role, place)


@click.group()
def key() -> None:
    """What accounts prove themselves with: keys, API keys, users' tokens."""


@key.command("create")
@click.argument("name", metavar="ACCOUNT")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Write it there, not here.")
@click.option("--api", is_flag=True, help="An API key, not a key file.")
@kindly
def create_key(name: str, file: Path | None, *, api: bool) -> None:
    """A new key file (or API key) of a service account, or token of a user. It is shown once."""
    with accounts.opened(settings_module.read()) as book:
        if file is not None:
            with accounts.new_file(file) as opened:
                opened.write(book.give(name, is_api_key=api).secret)
        else:
            click.echo(book.give(name, is_api_key=api).secret.rstrip("\n"))


@key.command("list")
@click.argument("name", metavar="ACCOUNT")
@kindly
def list_keys(name: str) -> None:
    """Id, kind and age; never a secret."""
    with accounts.opened(settings_module.read()) as book:
        for each in book.credentials(name):
            click.echo(f"{each.id}  {each.kind}  {each.created_at:%Y-%m-%dT%H:%M:%SZ}")


@key.command("delete")
@click.argument("key_id")
@kindly
def delete_key(key_id: str) -> None:
    """Delete the key of that id; tokens that were made with it end."""
    with accounts.opened(settings_module.read()) as book:
        book.delete_credential(key_id)


@key.command()
@kindly
def rotate() -> None:
    """Sign the registry's tokens with a new key; those that are out are good to their end (an hour)."""
    with accounts.opened(settings_module.read()) as book:
        click.echo(book.rotate())


@click.group()
def token() -> None:
    """IAM tokens, as the API and `docker login -u iam` take them."""


@token.command("create")
@click.argument("name", metavar="[ACCOUNT]", default=accounts.FIRST)
@kindly
def create_token(name: str) -> None:
    """Print a token of ACCOUNT (the first administrator, if none is named) that is good for twelve hours."""
    with accounts.opened(settings_module.read()) as book:
        click.echo(book.token(name))


def _opened(path: Path | None) -> AbstractContextManager[TextIO | None]:
    """The file for a key, before there is an account whose key would have no place."""
    return nullcontext() if path is None else accounts.new_file(path)
