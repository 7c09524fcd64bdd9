"""What cannot be read as HTTP is answered in the form of all other refusals."""

from careen.api import rest
from careen.api.call import Call
from careen.errors import Invalid
from careen.registry import large_bodies

_STATUS_LINE = b"HTTP/1.1 400 Bad Request\r\n"
_TOLD = "This cannot be read as HTTP/1.1. Is it meant for another port (TLS, gRPC), or is a line too long?"


class Protocol(large_bodies.Protocol):
    def send_400_response(self, _: str) -> None:
        """In the place of uvicorn's, which is plain text."""
        answer = rest.refusal(Invalid(_TOLD), Call(grpc_address=""))
        headers = [*answer.raw_headers, (b"connection", b"close")]
        lines = [b"%b: %b\r\n" % (name, value) for name, value in headers]
        self.transport.write(b"".join([_STATUS_LINE, *lines, b"\r\n", answer.body]))
        self.transport.close()
