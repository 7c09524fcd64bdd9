"""ApiEndpointService (yandex/cloud/endpoint/api_endpoint_service.proto): how the SDKs find the services."""

from typing import ClassVar

from yandex.cloud.endpoint import api_endpoint_pb2, api_endpoint_service_pb2

from careen.api import paging
from careen.api.call import Call
from careen.errors import NotFound
from careen.store.paging import Listed

# Careen's own: where images are pulled from, for another careen that takes this one over.
_REGISTRY = "careen-registry"
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

    def __init__(self, registry_address: str) -> None:
        """`registry_address` is HOST:PORT, or "" where nothing is pulled."""
        self._registry_address = registry_address
        self._ids = ((_REGISTRY,) if registry_address else ()) + _IDS  # in lexical order

    def get(
        self, request: api_endpoint_service_pb2.GetApiEndpointRequest, call: Call
    ) -> api_endpoint_pb2.ApiEndpoint:
        if request.api_endpoint_id not in self._ids:
            raise NotFound.of("ApiEndpoint", request.api_endpoint_id)
        return self._endpoint(request.api_endpoint_id, call)

    def list(
        self, request: api_endpoint_service_pb2.ListApiEndpointsRequest, call: Call
    ) -> api_endpoint_service_pb2.ListApiEndpointsResponse:
        asked = paging.read(request)
        response = api_endpoint_service_pb2.ListApiEndpointsResponse()
        rest = [name for name in self._ids if (name,) > asked.page.after]
        found = Listed(rest, [(name,) for name in rest])
        response.next_page_token = asked.fill(
            response.endpoints, found, lambda name: self._endpoint(name, call)
        )
        return response

    def _endpoint(self, name: str, call: Call) -> api_endpoint_pb2.ApiEndpoint:
        address = self._registry_address if name == _REGISTRY else call.grpc_address
        return api_endpoint_pb2.ApiEndpoint(id=name, address=address)
