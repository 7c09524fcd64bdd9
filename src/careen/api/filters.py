"""The `filter` of lists: `<field> = "<value>"`, several joined by AND."""

import re
from collections.abc import Mapping, Sequence

from careen.api import fields
from careen.api.fields import Field
from careen.api.validation import invalid

_TERM = re.compile(r'\s*([\w.]+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:(AND)\b|$)', re.IGNORECASE)


def parse(text: str, filterable: Sequence[Field]) -> Mapping[str, object]:
    """The value that each named field must have; raises InvalidRequest."""
    wanted: dict[str, object] = {}
    position, more = 0, bool(text.strip())
    while more:
        term = _TERM.match(text, position)
        if term is None:
            raise invalid("filter", 'must be <field> = "<value>", several joined by AND')
        field, value = _read(term[1], term[2], filterable)
        if field in wanted:
            raise invalid("filter", f"names {field} twice")
        wanted[field] = value
        position, more = term.end(), term[3] is not None
    return wanted


def _read(name: str, quoted: str, filterable: Sequence[Field]) -> tuple[str, object]:
    try:
        field = fields.find(name, filterable)
        return field.name, field.parse(re.sub(r"\\(.)", r"\1", quoted))
    except ValueError as error:
        raise invalid("filter", str(error)) from error
