"""What is refused at this door, and how it is said (OCI distribution-spec, "Error Codes")."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

from careen.auth.limits import TooManyFailures
from careen.errors import (
    Cancelled,
    Denied,
    Error,
    Exhausted,
    Exists,
    Internal,
    Invalid,
    NotFound,
    Precondition,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from careen.images.manifest import InvalidManifest
from careen.model.digest import InvalidDigest
from careen.store.blob_files import DigestMismatch
from careen.store.images import InUse, MissingBlob
from careen.store.upload_files import DiskFull


class NameInvalid(Invalid): ...


class NameUnknown(NotFound): ...


class TagInvalid(Invalid): ...


class PageInvalid(Invalid): ...


class SizeInvalid(Invalid): ...


class TooLarge(Exhausted): ...


class Encoded(Invalid): ...


class TooManyTags(Invalid): ...


class UploadBusy(Unavailable): ...


class Stalled(Invalid): ...


class BlobUnknown(NotFound):
    def __init__(self, digest: str) -> None:
        super().__init__(f"blob {digest} is unknown to this repository", resource=("digest", digest))


class BlobUploadUnknown(NotFound):
    def __init__(self) -> None:
        super().__init__("there is no such upload: it was finished, cancelled or never started")


class ManifestUnknown(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"manifest {reference[:128]} is unknown to this repository")


class BlobInUse(Exists):
    def __init__(self, digest: str) -> None:
        message = "an image of this repository needs the blob; delete the image, and the blob goes by itself"
        super().__init__(message, resource=("digest", digest))


class RangeUnsatisfiable(Invalid):
    """`headers` say how far the bytes reach, as RFC 9110 and the upload protocol want it."""

    def __init__(self, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.headers = headers


class ChunkOutOfOrder(RangeUnsatisfiable): ...


class Challenge(Unauthenticated):
    """Says in `WWW-Authenticate` where a client gets a token."""

    def __init__(self, message: str, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge


# HTTP status and OCI code by class; what is not named here is answered as its kind is.
ANSWERS: Mapping[type[Error], tuple[int, str]] = {
    BlobInUse: (405, "DENIED"),
    BlobUnknown: (404, "BLOB_UNKNOWN"),
    BlobUploadUnknown: (404, "BLOB_UPLOAD_UNKNOWN"),
    ChunkOutOfOrder: (416, "BLOB_UPLOAD_INVALID"),
    DigestMismatch: (400, "DIGEST_INVALID"),
    DiskFull: (507, "UNAVAILABLE"),  # RFC 4918; clients take 429 for a reason to try again soon
    Encoded: (415, "UNSUPPORTED"),
    InUse: (405, "DENIED"),
    InvalidDigest: (400, "DIGEST_INVALID"),
    InvalidManifest: (400, "MANIFEST_INVALID"),
    ManifestUnknown: (404, "MANIFEST_UNKNOWN"),
    MissingBlob: (404, "MANIFEST_BLOB_UNKNOWN"),
    NameInvalid: (400, "NAME_INVALID"),
    NameUnknown: (404, "NAME_UNKNOWN"),
    RangeUnsatisfiable: (416, "SIZE_INVALID"),
    SizeInvalid: (400, "SIZE_INVALID"),
    Stalled: (408, "BLOB_UPLOAD_INVALID"),
    TagInvalid: (400, "MANIFEST_INVALID"),
    TooManyTags: (414, "UNSUPPORTED"),
    TooLarge: (413, "SIZE_INVALID"),
    UploadBusy: (409, "BLOB_UPLOAD_INVALID"),
    Invalid: (400, "UNSUPPORTED"),
    NotFound: (404, "NAME_UNKNOWN"),
    Exists: (409, "DENIED"),
    Precondition: (409, "DENIED"),
    Cancelled: (499, "UNSUPPORTED"),
    Denied: (403, "DENIED"),
    Unauthenticated: (401, "UNAUTHORIZED"),
    Exhausted: (429, "TOOMANYREQUESTS"),
    Unavailable: (503, "UNAVAILABLE"),
    Unimplemented: (405, "UNSUPPORTED"),
    Internal: (500, "UNKNOWN"),
    Error: (500, "UNKNOWN"),
}


def answer(error: Error) -> tuple[int, str]:
    """HTTP status and OCI code."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def response(error: Error) -> JSONResponse:
    status, code = answer(error)
    return plain(status, code, error.message, detail=_detail(error), headers=_headers(error, status))


def plain(
    status: int,
    code: str,
    message: str,
    *,
    detail: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = {"code": code, "message": message, "detail": dict(detail or {})}
    return JSONResponse({"errors": [body]}, status_code=status, headers=headers)


def _headers(error: Error, status: int) -> Mapping[str, str] | None:
    if isinstance(error, RangeUnsatisfiable):
        return error.headers
    if isinstance(error, Challenge):
        return {"WWW-Authenticate": error.challenge}
    if isinstance(error, TooManyFailures):
        return {"Retry-After": str(error.retry_after)}
    return {"Allow": "GET, HEAD"} if status == HTTPStatus.METHOD_NOT_ALLOWED else None  # RFC 9110, 15.5.6


def _detail(error: Error) -> Mapping[str, str]:
    if isinstance(error, MissingBlob):
        return {"digest": error.digest}
    return dict([error.resource]) if error.resource else {}
