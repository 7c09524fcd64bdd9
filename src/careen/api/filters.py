"""The `filter` of lists: `<field> = "<value>"`, also `!=`, `IN ("<value>", ...)` and `NOT IN`, joined by AND.

The documentation promises `=`; the rest is of Yandex' design guide (api-design-guide/concepts/filtering.md).
"""

import re
from collections.abc import Iterator, Sequence

from careen.api import fields
from careen.api.fields import Field
from careen.api.validation import invalid
from careen.store.paging import Condition

_VALUE = r'"(?:[^"\\]|\\.)*"'
_TERM = re.compile(
    rf"\s*(?P<field>[\w.]+)\s*(?:(?P<sign>!?=)\s*(?P<value>{_VALUE})"
    rf"|\s(?P<not>NOT\s+)?IN\s*\((?P<values>\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*)\))\s*(?:(?P<and>AND)\b|$)",
    re.IGNORECASE,
)
_GRAMMAR = (
    'must be <field> = "<value>", <field> IN ("<value>", ...) or with != or NOT IN; several joined by AND'
)


def parse(text: str, filterable: Sequence[Field]) -> tuple[Condition, ...]:
    """The conditions, all of which a row must meet; raises InvalidRequest."""
    return tuple(_conditions(text, filterable)) if text.strip() else ()


def _conditions(text: str, filterable: Sequence[Field]) -> Iterator[Condition]:
    position, more = 0, True
    while more:
        term = _TERM.match(text, position)
        if term is None:
            raise invalid("filter", _GRAMMAR)
        yield _condition(term, filterable)
        position, more = term.end(), term["and"] is not None


def _condition(term: re.Match[str], filterable: Sequence[Field]) -> Condition:
    quoted = re.findall(_VALUE, term["value"] or term["values"], re.DOTALL)
    try:
        field = fields.find(term["field"], filterable)
        values = tuple(field.parse(re.sub(r"\\(.)", r"\1", text[1:-1])) for text in quoted)
    except ValueError as error:
        raise invalid("filter", str(error)) from error
    return Condition(field.name, values, is_negated=term["sign"] == "!=" or term["not"] is not None)
