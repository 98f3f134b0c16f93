"""botocore's protocol compliance cases, turned round: what its clients send we read, what we send its clients read."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.model
import botocore.parsers
import botocore.utils
import pytest
from botocore.awsrequest import HeadersDict

from aws import errors, routing
from aws.http import Request, Response
from aws.model import ServiceModel, Shape
from aws.protocols import PROTOCOLS
from core.errors import ServiceError

CASES_DIR = Path(__file__).parent / "protocol_cases"

_GZIP = "the case does not say what body the client sends"
_CLIENT_FILLS = "the client makes the token; the server sees it as any other member"
_NOT_SENT = "the client sends nothing for an empty list or map, so the server cannot tell it from an absent one"
_ALL_PARAMS = "on the server the map holds the named parameters too (Smithy, httpQueryParams)"
_EMPTY_PAYLOAD = "the client sends {} for a payload it was not given; the server reads an empty structure"
_MEDIA_TYPE = "JSON in a header, base64-encoded: in no operation but those of Amazon Lex"
_BOTOCORE_LISTS = "botocore does not read quoted items or dates of a list in a header"

EXCLUDED = {
    "input": {
        "MediaTypeHeaderInputBase64": _MEDIA_TYPE,
        "QueryEmptyQueryMaps": _NOT_SENT,
        "QueryProtocolIdempotencyTokenAutoFill": _CLIENT_FILLS,
        "RestJsonHostWithPath": "the client is configured with a path that is no part of the service",
        "RestJsonHttpWithEmptyStructurePayload": _EMPTY_PAYLOAD,
        "RestJsonHttpWithHeadersButNoPayload": _EMPTY_PAYLOAD,
        "RestJsonOmitsEmptyListQueryValues": _NOT_SENT,
        "RestJsonQueryIdempotencyTokenAutoFill": _CLIENT_FILLS,
        "RestJsonQueryParamsStringListMap": _ALL_PARAMS,
        "RestJsonQueryPrecedence": _ALL_PARAMS,
        "SDKAppendedGzipAfterProvidedEncoding_restJson1": _GZIP,
        "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": _GZIP,
        "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": _GZIP,
        "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": _GZIP,
        "SDKAppliedContentEncoding_awsJson1_0": _GZIP,
        "SDKAppliedContentEncoding_awsJson1_1": _GZIP,
        "SDKAppliedContentEncoding_awsQuery": _GZIP,
        "SDKAppliedContentEncoding_restJson1": _GZIP,
    },
    "output": {
        "HttpPrefixHeadersResponse": "with an empty prefix the client reads Content-Type too, which every answer has",
        "MediaTypeHeaderOutputBase64": _MEDIA_TYPE,
        "QueryXmlLists": "two flattened lists whose items have one name, which is the name that botocore reads",
        "RestJsonHttpPayloadTraitsWithNoBlobBody": "the client reads an absent payload as an empty one",
        "RestJsonHttpPayloadWithUnsetUnion": "botocore refuses a union without a member",
        "RestJsonInputAndOutputWithQuotedStringHeaders": _BOTOCORE_LISTS,
        "RestJsonInputAndOutputWithTimestampHeaders": _BOTOCORE_LISTS,
    },
}
"""Cases that are not run, each with its reason."""


def _cases(side: str) -> Iterator[Any]:
    return (param for param in _all_cases(side) if param.values[1].get("id") not in EXCLUDED[side])


def _all_cases(side: str) -> Iterator[Any]:
    for path in sorted((CASES_DIR / side).glob("*.json")):
        for suite in json.loads(path.read_text()):
            for number, case in enumerate(suite["cases"]):
                name = case.get("id", f"{path.stem}-{number}")
                yield pytest.param(suite, case, id=f"{path.stem}:{name}")


def _service(suite: Any, case: Any) -> ServiceModel:
    """The suite's model with the case's one operation."""
    definition = {"metadata": suite["metadata"], "shapes": suite["shapes"]}
    return ServiceModel("cases", definition | {"operations": {case["given"]["name"]: case["given"]}})


# -- requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suite", "case"), _cases("input"))
def test_what_a_client_sends_is_read_as_the_members_it_was_given(suite: Any, case: Any) -> None:
    service, sent = _service(suite, case), case["serialized"]
    path, _, query = sent["uri"].partition("?")
    headers = {name.lower(): value for name, value in sent.get("headers", {}).items()}
    if service.protocol == "json":
        headers.setdefault("x-amz-target", f"{service.target_prefix}.{case['given']['name']}")
    method = sent.get("method", "POST")
    request = Request(method=method, path=path, query=query, headers=headers, body=sent.get("body", "").encode())

    route = routing.find_operation(service, request)
    members = PROTOCOLS[service.protocol].parse(route.operation, request, route.labels)

    assert route.operation.name == case["given"]["name"]
    assert _plain(members) == {name: value for name, value in case["params"].items() if value is not None}


def _plain(value: Any) -> Any:
    """Members as the cases write them: times as seconds, bytes as text, special floats by name."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case datetime():
            return value.timestamp()
        case bytes():
            return value.decode()
        case float() if value != value or value in (float("inf"), float("-inf")):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        case _:
            return value


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suite", "case"), _cases("output"))
def test_what_we_answer_is_what_a_client_reads(suite: Any, case: Any) -> None:
    service = _service(suite, case)
    status = case["response"]["status_code"]
    if "error" in case:
        answer = _answer_error(service, case)
        status = service.errors[case["errorCode"]].traits.get("error", {}).get("httpStatusCode", status)
        expected = {"Error": {"Code": case["errorCode"], "Message": case.get("errorMessage", "")}} | case["error"]
    else:
        answer = _answer(service, case)
        expected = case["result"]

    assert answer.status == status
    assert _read_by_botocore(suite, case, answer) == expected


def _answer(service: ServiceModel, case: Any) -> Response:
    operation = service.operation(case["given"]["name"])
    assert operation is not None
    params = _typed(operation.output, case["result"]) if operation.output else {}
    return PROTOCOLS[service.protocol].serialize(operation, params, "request-id")


def _answer_error(service: ServiceModel, case: Any) -> Response:
    shape = service.shape(case["given"]["errors"][0]["shape"])
    members = {name: item for name, item in _typed(shape, case["error"]).items() if name.lower() != "message"}
    error = ServiceError(case.get("errorMessage", ""), members=members)
    error.__class__ = type("Error", (ServiceError,), {"code": shape.name, "status": case["response"]["status_code"]})
    return PROTOCOLS[service.protocol].error(service, errors.describe(service, error), None, "request-id")


def _typed(shape: Shape, value: Any) -> Any:
    """The case's result as an operation would return it: bytes for blobs, datetimes for times."""
    if value is None or shape.traits.get("document"):
        return value
    match shape.type:
        case "structure":
            return {
                name: _typed(shape.members[name].shape, item) for name, item in value.items() if name in shape.members
            }
        case "list":
            return [_typed(shape.member.shape, item) for item in value]
        case "map":
            return {key: _typed(shape.value.shape, item) for key, item in value.items()}
        case "blob":
            return value.encode()
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
        case "float" | "double":
            return float(value)
        case _:
            return value


PARSERS = {
    "json": botocore.parsers.JSONParser,
    "query": botocore.parsers.QueryParser,
    "rest-json": botocore.parsers.RestJSONParser,
}


def _read_by_botocore(suite: Any, case: Any, answer: Response) -> Any:
    definition = copy.deepcopy({name: suite[name] for name in ("metadata", "shapes")})
    model = botocore.model.ServiceModel(definition | {"operations": {case["given"]["name"]: case["given"]}})
    operation = botocore.model.OperationModel(case["given"], model)
    protocol = suite["metadata"]["protocol"]
    shape = operation.output_shape
    if protocol == "query" and shape and shape.members:
        shape.serialization["resultWrapper"] = f"{case['given']['name']}Result"
    response = {
        "status_code": answer.status,
        "headers": HeadersDict(dict(answer.headers)),
        "body": answer.body,
        "context": {"operation_name": case["given"]["name"]},
    }
    parser = PARSERS[protocol](timestamp_parser=_to_seconds)
    parsed = parser.parse(response, shape)
    if "error" in case:
        parsed |= parser.parse(response, model.shape_for(case["given"]["errors"][0]["shape"]))
        parsed["Error"] = {name: parsed["Error"].get(name, "") for name in ("Code", "Message")}
    parsed.pop("ResponseMetadata", None)
    return _plain(parsed)


def _to_seconds(value: Any) -> float:
    return botocore.utils.parse_timestamp(value).timestamp()


# -- the table of exclusions -----------------------------------------------------------------------


@pytest.mark.parametrize("side", ["input", "output"])
def test_every_excluded_case_exists_and_has_a_reason(side: str) -> None:
    known = {param.values[1].get("id") for param in _all_cases(side)}

    assert EXCLUDED[side].keys() <= known
    assert all(EXCLUDED[side].values())
