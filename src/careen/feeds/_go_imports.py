"""What Go's records say beside the versions (go.dev/security/vuln/database, `ecosystem_specific`).

An import names a package of the module, its vulnerable symbols, and the systems that have them. A binary does
not tell which symbols it calls, so they narrow nothing; a person who reads them may know.
"""

from dataclasses import replace

from careen.feeds._fields import Record, record, records, sequence, text
from careen.model.advisory import Affected

_SYSTEM = "linux"  # of the images that are scanned
_PACKAGES, _SYMBOLS = 3, 5  # that are named


def narrowed(said: Record, affected: Affected) -> Affected:
    """With the symbols as a remark; what is on other systems only does not affect."""
    imports = list(records(record(said.get("ecosystem_specific") or {}, "'ecosystem_specific'"), "imports"))
    systems = [sequence(each, "goos") for each in imports]
    if systems and all(systems) and not any(_SYSTEM in named for named in systems):
        names = ", ".join(sorted({str(name) for named in systems for name in named}))
        return replace(affected, status="not_affected", remark=f"on {names} only")
    places = [_place(each) for each in imports if text(each, "path")]
    if not places:
        return affected
    more = f" and {len(places) - _PACKAGES} more" if len(places) > _PACKAGES else ""
    where = "; ".join(places[:_PACKAGES])
    return replace(affected, remark=f"in {where}{more}; whether this program calls it is not known")


def _place(imported: Record) -> str:
    """Such as `net/http (Server.Serve, ServeTLS, …)`."""
    symbols = [str(each)[:100] for each in sequence(imported, "symbols")]
    if not symbols:
        return text(imported, "path")[:200]
    more = ", …" if len(symbols) > _SYMBOLS else ""
    return f"{text(imported, 'path')[:200]} ({', '.join(symbols[:_SYMBOLS])}{more})"
