"""CVSS vectors in OSV's records (ossf.github.io/osv-schema, "severity[] field")."""

from collections.abc import Iterator

from careen.feeds._fields import Record, identifier, records, text
from careen.model.vulnerability import Score


def scores(osv: Record, source: str) -> Iterator[Score]:
    """Those of the record and of its packages, each once; `source` is who gave them."""
    rated = [osv, *records(osv, "affected")]
    severities = [severity for fields in rated for severity in records(fields, "severity")]
    vectors = [text(each, "score") for each in severities if text(each, "type").startswith("CVSS_V")]
    yield from (Score(source, identifier(vector, "a CVSS vector")) for vector in dict.fromkeys(vectors))
