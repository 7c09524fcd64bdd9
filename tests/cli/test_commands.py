"""Every command can be called, and none is loaded for another's sake."""

import subprocess
import sys

import click.testing
import pytest

from careen.cli import main

ASKED = """
import sys
from careen.cli import main
main(["--version"], prog_name="careen", standalone_mode=False)
print(*sys.modules)
"""
COMMANDS = ("account", "explain", "feeds", "import", "key", "migrate", "scan", "serve", "token", "upgrade")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_how_it_is_called(command: str) -> None:
    said = click.testing.CliRunner().invoke(main, [command, "--help"])
    assert said.exit_code == 0
    assert said.output.startswith(f"Usage: main {command} ")


def test_the_help_names_them_all() -> None:
    said = click.testing.CliRunner().invoke(main, ["--help"])
    listed = said.output.partition("Commands:\n")[2].splitlines()
    assert tuple(line.split()[0] for line in listed) == COMMANDS


def test_what_is_no_command_is_a_wrong_call() -> None:
    said = click.testing.CliRunner().invoke(main, ["destroy"])
    assert said.exit_code == 2
    assert "No such command 'destroy'" in said.output


def test_the_version_needs_nothing_of_careen() -> None:
    said = subprocess.run([sys.executable, "-c", ASKED], check=True, capture_output=True, text=True).stdout
    version, modules = said.splitlines()
    assert version.startswith("careen, version ")
    assert {name for name in modules.split() if name.startswith("careen")} == {"careen", "careen.cli"}


def test_the_help_needs_no_server() -> None:
    asked = ASKED.replace("--version", "--help")
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout
    assert not {"grpc", "uvicorn", "starlette", "careen.api"} & set(said.splitlines()[-1].split())


def test_a_scan_loads_no_feed_no_migration_and_no_server() -> None:
    program = "import sys, careen.cli.scanning; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert not {"careen.feeds", "alembic", "grpc", "starlette", "careen.api"} & set(said.split())
