"""What botocore's client sends is what an operation is asked; what an operation answers is what the client reads."""

import functools
import io
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import botocore.awsrequest
import botocore.parsers
import botocore.serialize
import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws import model, operation, routing
from aws.http import Request
from aws.protocols import PROTOCOLS
from tests.aws import shapes

SESSION = botocore.session.get_session()
service_model_of = functools.cache(SESSION.get_service_model)


@functools.cache
def _operation_model(service: str, name: str) -> Any:
    return service_model_of(service).operation_model(name)


@functools.cache
def _values(service: str, name: str, side: str) -> Any:
    """A strategy for the whole input or output; kept, since making one takes longer than using it."""
    shape = getattr(_operation_model(service, name), f"{side}_shape")
    return shapes.structures(shape, xml=model.service(service).protocol == "query")


EACH = settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def _operations(service: str) -> list[str]:
    """The operations of a service, but those that stream events."""
    models = service_model_of(service)
    names = models.operation_names
    streams = {
        name
        for name in names
        if models.operation_model(name).has_event_stream_input or models.operation_model(name).has_event_stream_output
    }
    return [name for name in names if name not in streams]


def _built() -> list[Any]:
    operation.discover()
    return [key for key in sorted(operation.REGISTRY) if key[1] in _operations(key[0])]


@pytest.mark.parametrize("service", model.SERVICE_NAMES)
@MANY
@given(data=st.data())
def test_any_operation_of_a_service_is_read_and_answered_as_its_client_means_it(service: str, data: Any) -> None:
    name = data.draw(st.sampled_from(_operations(service)))

    _check_request(service, name, data)
    _check_answer(service, name, data)


@pytest.mark.parametrize(("service", "name"), _built())
@EACH
@given(data=st.data())
def test_an_operation_built_here_is_read_and_answered_as_its_client_means_it(
    service: str, name: str, data: Any
) -> None:
    _check_request(service, name, data)
    _check_answer(service, name, data)


def _check_request(service: str, name: str, data: Any) -> None:
    service_model, operation_model = service_model_of(service), _operation_model(service, name)
    if operation_model.input_shape is None:
        return
    params = data.draw(_values(service, name, "input"))
    ours = model.service(service)

    request = _sent_by_botocore(service_model, operation_model, params)
    route = routing.find_operation(ours, request)
    read = PROTOCOLS[ours.protocol].parse(route.operation, request, route.labels)

    assert route.operation.name == name
    payload = operation_model.input_shape.serialization.get("payload")
    if not read.get(payload) and not params.get(payload):
        read.pop(payload, None)  # an empty payload and none at all look the same on the wire
        params.pop(payload, None)
    assert _plain(read) == _plain(params)


def _sent_by_botocore(service_model: Any, operation_model: Any, params: dict[str, Any]) -> Request:
    serializer = botocore.serialize.create_serializer(
        model.service(service_model.service_name).protocol, include_validation=False
    )
    wire = serializer.serialize_to_request(dict(params), operation_model)
    botocore.awsrequest.prepare_request_dict(wire, "http://127.0.0.1")
    prepared = botocore.awsrequest.create_request_object(wire).prepare()
    url = urlsplit(prepared.url)
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    return Request(method=prepared.method, path=url.path, query=url.query, headers=headers, body=body)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _check_answer(service: str, name: str, data: Any) -> None:
    operation_model = _operation_model(service, name)
    shape = operation_model.output_shape
    if shape is None:
        return
    result = data.draw(_values(service, name, "output"))
    ours = model.service(service)
    our_operation = ours.operation(name)
    assert our_operation is not None

    answer = PROTOCOLS[ours.protocol].serialize(our_operation, result, "request-id")
    response = {
        "status_code": answer.status,
        "headers": botocore.awsrequest.HeadersDict(dict(answer.headers)),
        "body": io.BytesIO(answer.body) if operation_model.has_streaming_output else answer.body,
    }
    read = botocore.parsers.create_parser(ours.protocol).parse(response, shape)

    del read["ResponseMetadata"]
    for member, member_shape in shape.members.items():
        if member_shape.serialization.get("location") == "statusCode":
            assert read.pop(member) == answer.status
    payload = shape.serialization.get("payload")
    if operation_model.has_streaming_output:
        read[payload] = read[payload].read()
    if payload and payload not in result and not read.get(payload):
        read.pop(payload, None)  # the client reads an absent payload as an empty one
    assert _plain(read) == _plain(result)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case datetime():
            return round(value.timestamp(), 3)
        case _:
            return value
