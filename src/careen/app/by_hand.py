"""What commands do to the data folder is in the audit log, too, by the user's uid."""

import os

from careen.audit import trail as audit_trail
from careen.audit.event import Origin
from careen.audit.trail import Trail
from careen.model.access import Identity, SubjectType
from careen.settings import Settings


def opened_trail(settings: Settings) -> Trail:
    """That of the server; a command's standard output is for its answer. Raises Unavailable."""
    return audit_trail.opened("" if settings.audit == audit_trail.STDOUT else settings.audit)


def origin() -> Origin:
    return Origin(Identity(f"uid:{os.getuid()}", SubjectType.SYSTEM, "command line"))
