"""What `careen serve` says when it is ready: where it is, and what a client needs."""

import json
from dataclasses import dataclass

from careen.api import tls


@dataclass(frozen=True, slots=True)
class Welcome:
    http: str  # HOST:PORT, as the others
    grpc: str
    plaintext: str  # "" = none
    registry_id: str
    material: tls.Material
    asks_callers: bool

    def text(self, first_key: str = "") -> str:
        """`first_key` is the file of a key that was made just now; nobody will be shown it again."""
        ca = self.material.ca
        roots = f"export GRPC_DEFAULT_SSL_ROOTS_FILE_PATH={ca}" if ca else "(your own certificate)"
        without_tls = f"\n  gRPC, no TLS     {self.plaintext}" if self.plaintext else ""
        credentials = (
            'service_account_key=json.load(open("key.json"))' if self.asks_callers else 'iam_token="any"'
        )
        return f"""\
careen is ready
  REST, registry   http://{self.http}
  gRPC, TLS        {self.grpc}{without_tls}
  push to          {self.http}/{self.registry_id}/<repository>:<tag>
An SDK needs two lines:
  {roots}
  yandexcloud.SDK({credentials}, endpoint="localhost:{self.grpc.rpartition(":")[2]}"){_told(first_key)}"""


def _told(key: str) -> str:
    """In one line, so that it is copied whole."""
    if not key:
        return ""
    one_line = json.dumps(json.loads(key))
    return f"\nThe key of the account `admin`, shown this once; keep it as key.json:\n{one_line}"
