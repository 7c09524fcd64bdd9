"""Fields of records that others wrote: of the type they should have, within bounds, or InvalidRecord."""

from collections.abc import Iterator, Mapping, Sequence

from careen.errors import Invalid
from careen.feeds._strict_json import Ambiguous, decode
from careen.model.problem import Problem, ProblemKind

Record = Mapping[str, object]

_LONGEST_TEXT = 1 << 20  # characters
_LONGEST_NAME = 300  # characters of an id, a name or a version
_LONGEST_SUMMARY = 300  # characters


class InvalidRecord(Invalid): ...


def record(value: object, what: str) -> Record:
    if not isinstance(value, dict):
        raise InvalidRecord(f"{what} is no object")
    return value


def decoded(data: bytes | None) -> object:
    """What a record in JSON says; None stands for one beyond all bounds. Raises InvalidRecord."""
    if data is None:
        raise InvalidRecord("larger than any record may be")
    try:
        return decode(data)
    except RecursionError:
        raise InvalidRecord("nested too deeply") from None
    except (ValueError, Ambiguous) as error:
        raise InvalidRecord(f"not to be read: {error}") from None


def text(fields: Record, name: str) -> str:
    """An absent field and null are the empty text."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise InvalidRecord(f"{name!r} is no text")
    return value


def identifier(value: object, what: str) -> str:
    """A short printable word without blanks, such as an id, a version or the name of a package."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise InvalidRecord(f"{what} is missing or no text of a sensible length")
    if not value.isprintable() or " " in value:
        raise InvalidRecord(f"{what} {value!r} has characters that do not belong there")
    return value


def sequence(fields: Record, name: str) -> Sequence[object]:
    """Empty for a field that is absent or null."""
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidRecord(f"{name!r} is no list")
    return value


def records(fields: Record, name: str) -> Iterator[Record]:
    return (record(each, f"an item of {name!r}") for each in sequence(fields, name))


def summary(value: object) -> str:
    """The first line, for people; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    line = value.strip().partition("\n")[0].strip()
    return line if len(line) <= _LONGEST_SUMMARY else line[: _LONGEST_SUMMARY - 1] + "…"


def problem(where: str, reason: str) -> Problem:
    """What became of a record that cannot be read; `where` names it."""
    return Problem(ProblemKind.INVALID_ADVISORY, "", f"{where[:_LONGEST_NAME]}: {reason[:1000]}")
