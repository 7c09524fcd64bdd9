"""A client in a process of its own: the official SDK, unmodified. Writes what it was told as JSON.

Called with the endpoint, the path of the CA, the image's id, and the SDK's credentials as JSON.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from yandex.cloud.containerregistry.v1.scanner_pb2 import ScanResult
from yandex.cloud.containerregistry.v1.scanner_service_pb2 import ScanMetadata, ScanRequest
from yandex.cloud.containerregistry.v1.scanner_service_pb2_grpc import ScannerServiceStub

yandexcloud: Any = importlib.import_module("yandexcloud")  # its annotations are not meant to be checked

endpoint, ca, image_id, given = sys.argv[1:]
credentials: Any = json.loads(given)
sdk = yandexcloud.SDK(endpoint=endpoint, root_certificates=Path(ca).read_bytes(), **credentials)
types: Any = {"response_type": ScanResult, "meta_type": ScanMetadata, "timeout": 60}
request = ScanRequest(image_id=image_id)
try:
    ended = sdk.create_operation_and_get_result(request, ScannerServiceStub, "Scan", **types)
    operation = sdk.client(ScannerServiceStub).Scan(request)
    second = sdk.wait_operation_and_get_result(operation, **types)
except yandexcloud.operations.OperationError as error:
    answer: dict[str, object] = {"error": str(error)}
except grpc.RpcError as error:
    refused: Any = error
    answer = {"refused": refused.code().name, "message": refused.details()}
else:
    answer = {
        "result": MessageToDict(ended.response),
        "scan_result_id": ended.meta.scan_result_id,
        "second": MessageToDict(second.response),
    }
json.dump(answer, sys.stdout)
