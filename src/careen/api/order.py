"""The `order_by` of lists: `<field> [asc|desc]`, several separated by commas; ascending is the default.

Severities ascend from CRITICAL, so that `severity` is "critical first", as the protos promise.
"""

import re
from collections.abc import Sequence

from careen.api import fields
from careen.api.fields import Field
from careen.api.validation import invalid

_TERM = re.compile(r"\s*([\w.]+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


def parse(text: str, orderable: Sequence[Field]) -> tuple[tuple[str, bool], ...]:
    """(field, descending) pairs; none for an empty text. Raises InvalidRequest."""
    if not text.strip():
        return ()
    terms = tuple(_term(part, orderable) for part in text.split(","))
    if len({field for field, _ in terms}) < len(terms):
        raise invalid("order_by", "names a field twice")
    return terms


def _term(text: str, orderable: Sequence[Field]) -> tuple[str, bool]:
    term = _TERM.fullmatch(text)
    if term is None:
        raise invalid("order_by", "must be <field> [asc|desc], several separated by commas")
    try:
        field = fields.find(term[1], orderable)
    except ValueError as error:
        raise invalid("order_by", str(error)) from error
    return field.name, (term[2] or "").lower() == "desc"
