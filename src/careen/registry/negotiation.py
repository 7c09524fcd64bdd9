"""Which manifest a client can take (RFC 9110, 12.5.1: Accept)."""

from starlette.datastructures import Headers

from careen.images.manifest import IMAGES, INDEXES


def wants_image(headers: Headers, media_type: str) -> bool:
    """Whether `media_type` is an index, and the client takes images but no index.

    Without Accept, or with a wildcard, it takes everything. Weights are not compared: there is only one
    representation of each manifest.
    """
    accepted = {_media_type(part) for value in headers.getlist("accept") for part in value.split(",")}
    if media_type not in INDEXES or accepted & INDEXES or {"*/*", "application/*"} & accepted:
        return False
    return bool(accepted & IMAGES)


def _media_type(part: str) -> str:
    """`application/json` of ` application/json;q=0.5`; "" of what is refused (`q=0`)."""
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    return "" if weight.strip("0.") == "" else name
