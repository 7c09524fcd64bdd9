"""A client in a process of its own: the official SDK, unmodified. Prints result and rows as JSON."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from yandex.cloud.containerregistry.v1.scanner_pb2 import ScanResult
from yandex.cloud.containerregistry.v1.scanner_service_pb2 import (
    ListVulnerabilitiesRequest,
    ScanMetadata,
    ScanRequest,
)
from yandex.cloud.containerregistry.v1.scanner_service_pb2_grpc import ScannerServiceStub

yandexcloud: Any = importlib.import_module("yandexcloud")  # its annotations are not meant to be checked

endpoint, ca, image_id = sys.argv[1:]
sdk = yandexcloud.SDK(iam_token="any", endpoint=endpoint, root_certificates=Path(ca).read_bytes())
operation = sdk.create_operation_and_get_result(
    ScanRequest(image_id=image_id),
    ScannerServiceStub,
    "Scan",
    response_type=ScanResult,
    meta_type=ScanMetadata,
    timeout=120,
)
result = operation.response
rows = []
request = ListVulnerabilitiesRequest(scan_result_id=result.id, page_size=7)
while True:
    page = sdk.client(ScannerServiceStub).ListVulnerabilities(request)
    rows += [MessageToDict(row) for row in page.vulnerabilities]
    request.page_token = page.next_page_token
    if not page.next_page_token:
        break
print(
    json.dumps(
        {
            "operation": operation.operation.id,
            "metadata": operation.meta.scan_result_id,
            "result": MessageToDict(result),
            "vulnerabilities": rows,
        }
    )
)
