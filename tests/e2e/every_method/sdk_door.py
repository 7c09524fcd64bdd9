"""A client in a process of its own: the official SDK, unmodified, which makes the calls that it reads.

Called with the endpoint, the path of the CA and the SDK's credentials as JSON. A call is a line, an object of
JSON: the service's `module`, `service`, `method`, `request`, `endsIn` (the types of an operation's metadata
and response, for which it waits as the SDK does) and `token` (for what the SDK sends none to).
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass

yandexcloud: Any = importlib.import_module("yandexcloud")  # its annotations are not meant to be checked

endpoint, ca, given = sys.argv[1:]
credentials: Any = json.loads(given)
pool: Any = descriptor_pool.Default()  # type: ignore[no-untyped-call]
sdk = yandexcloud.SDK(endpoint=endpoint, root_certificates=Path(ca).read_bytes(), **credentials)


def type_named(name: str) -> Any:
    return GetMessageClass(pool.FindMessageTypeByName(name))


def answer(call: Any) -> dict[str, Any]:
    module: Any = importlib.import_module(call["module"])
    services: Any = importlib.import_module(f"{call['module']}_grpc")
    stub = sdk.client(getattr(services, f"{call['service']}Stub"))
    method = module.DESCRIPTOR.services_by_name[call["service"]].methods_by_name[call["method"]]
    request = ParseDict(call["request"], GetMessageClass(method.input_type)())
    own = {"metadata": (("authorization", f"Bearer {call['token']}"),)} if call["token"] else {}
    message = getattr(stub, call["method"])(request, **own)
    told: dict[str, Any] = {"answer": MessageToDict(message)}
    if call["endsIn"]:
        metadata, response = map(type_named, call["endsIn"])
        types = {"meta_type": metadata, "response_type": response, "timeout": 60}
        result = sdk.wait_operation_and_get_result(message, **types)
        # The SDK gives None for an Empty.
        end = {} if result.response is None else MessageToDict(result.response)
        told |= {"metadata": MessageToDict(result.meta), "response": end}
    return told


for line in sys.stdin:
    try:
        told = answer(json.loads(line))
    except grpc.RpcError as error:
        refused: Any = error
        told = {"refused": refused.code().value[0], "message": refused.details()}
    except yandexcloud.operations.OperationError as error:
        told = {"refused": -1, "message": str(error)}
    print(json.dumps(told), flush=True)
