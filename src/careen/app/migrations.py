"""`careen migrate`: whole registries from another server into the data folder."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from careen.app.workshop import Workshop
from careen.errors import Invalid, Unimplemented
from careen.migration import report
from careen.migration.identity import Given, Key, read_key
from careen.migration.migrate import Migration, Plan
from careen.migration.wire import Door

_LAST_PORT = 65535


def run(parts: Workshop, plan: Plan, say: Callable[[str], None]) -> report.Report:
    """Raises what the migration raises; it goes on where it ended when it is run again."""
    return Migration(plan, parts.database, parts.blobs, parts.settings.blobs, say).run()


def rendered(said: report.Report, format_: str) -> str:
    return report.render_json(said) if format_ == "json" else report.render(said)


def asked(  # noqa: PLR0913 - one argument for each option of the command
    *,
    address: str | None,
    from_backup: str | None = None,
    registries: Sequence[str] = (),
    folders: Sequence[str] = (),
    credentials: Path | None = None,
    iam_token_env: str | None = None,
    ca: Path | None = None,
    plaintext: bool = False,
    registry_address: str = "",
    plain_http: bool = False,
    connections: int = 4,
    dry_run: bool = False,
    **_: object,
) -> Plan:
    """What the command's options ask for; raises Invalid for what does not go together."""
    if from_backup is not None:
        raise Unimplemented(
            f"{from_backup}: the form of the metadata backups is not published, so careen does not guess;"
            " while the service can be read, use --from"
        )
    return Plan(
        door=Door(_address(address), ca, plaintext=plaintext),
        identity=_identity(credentials, iam_token_env),
        registries=registries,
        folders=folders,
        registry_host=registry_address,
        plain_http=plain_http,
        connections=connections,
        is_dry_run=dry_run,
    )


def _address(text: str | None) -> str:
    host, _, port = (text or "").rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > _LAST_PORT:
        raise Invalid(f"--from is HOST:PORT of the source's gRPC API, not {text or 'missing'!r}")
    return f"{host}:{port}"


def _identity(credentials: Path | None, iam_token_env: str | None) -> Key | Given:
    """The token comes by the environment: an argument could be read in the list of processes."""
    if credentials is not None and iam_token_env is not None:
        raise Invalid("--credentials and --iam-token-env are two ways to say the same: use one")
    if credentials is not None:
        return read_key(credentials)
    if iam_token_env is None:
        return Given("")
    token = os.environ.get(iam_token_env, "")
    if not token or not (token.isascii() and token.isprintable()):
        raise Invalid(f"--iam-token-env: the environment has no token in {iam_token_env}")
    return Given(token)
