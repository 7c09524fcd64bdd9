"""Pages of a list: `n` entries after `last`, and a Link to the next (distribution-spec, "Listing Tags")."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from careen.registry.errors import PageInvalid

_MAX_PAGE = 1000  # also where none is asked for: the Link header says that there is more
_MAX_LAST = 255


@dataclass(frozen=True, slots=True)
class Page:
    size: int
    last: str  # the page begins after it

    @classmethod
    def of(cls, request: Request) -> "Page":
        """Raises PageInvalid."""
        size = request.query_params.get("n", str(_MAX_PAGE))
        last = request.query_params.get("last", "")
        if not (size.isascii() and size.isdigit()):
            raise PageInvalid(f"n is a number, not {size[:20]!r}", field="n")
        if len(last) > _MAX_LAST or not last.isprintable():
            raise PageInvalid("last is no entry of a list", field="last")
        return cls(min(_MAX_PAGE, int(size[:18])), last)

    def link(self, path: str, last: str, **more: str) -> dict[str, str]:
        """The header that leads to what follows after `last`."""
        query = urlencode({"n": self.size, "last": last, **more})
        return {"Link": f'<{path}?{query}>; rel="next"'}
