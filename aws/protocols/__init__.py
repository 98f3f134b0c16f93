"""The wire protocols, driven by the service models: how an operation's input is read and its output written."""

from collections.abc import Mapping
from typing import Any
from typing import Protocol as Interface

from aws.errors import WireError
from aws.http import Request, Response
from aws.model import OperationModel, ServiceModel
from aws.operation import Params
from aws.protocols import json, query, rest_json


class Protocol(Interface):
    """What each module here offers. REST-XML will be one more."""

    def parse(self, operation: OperationModel, request: Request, labels: Mapping[str, str]) -> Params:
        """The input's members; raises SerializationError. Constraints are checked elsewhere, for all alike."""

    def serialize(self, operation: OperationModel, params: Mapping[str, Any], request_id: str) -> Response:
        """The answer of an operation."""

    def error(self, service: ServiceModel, error: WireError, request: Request | None, request_id: str) -> Response:
        """The answer of an operation that failed."""


PROTOCOLS: Mapping[str, Protocol] = {"json": json, "query": query, "rest-json": rest_json}
