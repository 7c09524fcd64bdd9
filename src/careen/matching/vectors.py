"""CVSS vectors by first.org: CRITICAL from 9, HIGH from 7, MEDIUM from 4. Needed to build a snapshot only."""

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from careen.errors import Invalid
from careen.matching.severity import cvss_version
from careen.model.severity import Severity

_THRESHOLDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
_LONGEST = 500  # characters


class InvalidVector(Invalid): ...


def of_vector(vector: str) -> Severity:
    """The severity of a CVSS vector's base score; raises InvalidVector."""
    if len(vector) > _LONGEST:
        raise InvalidVector(f"a CVSS vector of {len(vector)} characters")
    parse = {4: CVSS4, 3: CVSS3}.get(cvss_version(vector), CVSS2)
    try:
        score = float(parse(vector).base_score)
    except CVSSError as error:
        raise InvalidVector(f"{vector!r} is not a CVSS vector: {error}") from None
    return next((severity for least, severity in _THRESHOLDS if score >= least), Severity.NEGLIGIBLE)
