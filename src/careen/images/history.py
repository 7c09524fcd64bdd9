"""The commands that made an image's layers (image-spec, config.md: `history`)."""

from collections.abc import Mapping

_MAX_COMMAND = 2_000  # characters


def created_by(config: Mapping[str, object], layers: int) -> tuple[str, ...]:
    """The command of each of so many layers, the lowest first; "" where the config does not say.

    The history is the builder's word, and nothing holds it to the layers: one that counts other layers than
    there are is not used at all.
    """
    history = config.get("history")
    steps = [step for step in history if isinstance(step, dict)] if isinstance(history, list) else []
    commands = [_command(step) for step in steps if step.get("empty_layer") is not True]
    return tuple(commands) if len(commands) == layers else ("",) * layers


def _command(step: Mapping[str, object]) -> str:
    command = step.get("created_by")
    return command[:_MAX_COMMAND] if isinstance(command, str) else ""
