"""What cannot be read as HTTP is answered in the form of the API's refusals; heads do not go on for ever."""

from careen.api import rest
from careen.api.call import Call
from careen.errors import Invalid
from careen.registry import large_bodies

_STATUS_LINE = b"HTTP/1.1 400 Bad Request\r\n"
_LONGEST = 64 << 10  # bytes of a head that came in several pieces, or of what ends a body in chunks
_TOLD = "This cannot be read as HTTP/1.1. Is it meant for another port (TLS, gRPC), or is a line too long?"


class Protocol(large_bodies.Protocol):
    """uvicorn's parser puts a header together for as long as it comes, and copies it with each piece."""

    _untold = 0  # bytes that came since the parser had something to tell

    def data_received(self, data: bytes) -> None:
        self._untold += len(data)
        super().data_received(data)
        if self._untold > _LONGEST and not self.transport.is_closing():
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._untold = 0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._untold = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._untold = 0

    def send_400_response(self, _: str) -> None:
        """In the place of uvicorn's, which is plain text."""
        answer = rest.refusal(Invalid(_TOLD), Call(grpc_address=""))
        headers = [*answer.raw_headers, (b"connection", b"close")]
        lines = [b"%b: %b\r\n" % (name, value) for name, value in headers]
        self.transport.write(b"".join([_STATUS_LINE, *lines, b"\r\n", answer.body]))
        self.transport.close()
