"""Where commands write: what cannot be written is said before the work."""

from pathlib import Path

import click.testing
import pytest

from careen.cli import main


@pytest.mark.parametrize(
    "command", [["scan", "no-such-image"], ["migrate", "--from", "127.0.0.1:1", "--plaintext"]]
)
def test_a_report_without_a_place_is_refused_at_once(command: list[str], tmp_path: Path) -> None:
    output = tmp_path / "nowhere" / "report.json"
    environment = {"CAREEN_DATA": str(tmp_path / "data")}
    ended = click.testing.CliRunner().invoke(main, [*command, "--output", str(output)], env=environment)
    assert ended.exit_code == 1
    assert ended.output == f"careen: {output} cannot be written\n"
