"""ApiEndpointService (yandex/cloud/endpoint/api_endpoint_service.proto): how the SDKs find the services."""

from typing import ClassVar

from yandex.cloud.endpoint import api_endpoint_pb2, api_endpoint_service_pb2

from careen.api import paging
from careen.api.call import Call
from careen.errors import NotFound
from careen.store.paging import Listed

# The ids that Yandex' SDKs, Terraform provider and CLI look for; all are behind one port here.
_IDS = (
    "container-registry",
    "endpoint",
    "iam",
    "operation",
    "resource-manager",
    "resourcemanager",
)


class Endpoints:
    SERVICE: ClassVar = "yandex.cloud.endpoint.ApiEndpointService"

    def get(
        self, request: api_endpoint_service_pb2.GetApiEndpointRequest, call: Call
    ) -> api_endpoint_pb2.ApiEndpoint:
        if request.api_endpoint_id not in _IDS:
            raise NotFound.of("ApiEndpoint", request.api_endpoint_id)
        return _endpoint(request.api_endpoint_id, call)

    def list(
        self, request: api_endpoint_service_pb2.ListApiEndpointsRequest, call: Call
    ) -> api_endpoint_service_pb2.ListApiEndpointsResponse:
        asked = paging.read(request)
        response = api_endpoint_service_pb2.ListApiEndpointsResponse()
        rest = [name for name in _IDS if (name,) > asked.page.after]
        found = Listed(rest, [(name,) for name in rest])
        response.next_page_token = asked.fill(response.endpoints, found, lambda name: _endpoint(name, call))
        return response


def _endpoint(name: str, call: Call) -> api_endpoint_pb2.ApiEndpoint:
    return api_endpoint_pb2.ApiEndpoint(id=name, address=call.grpc_address)
