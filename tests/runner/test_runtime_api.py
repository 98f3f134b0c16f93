"""The Runtime and Extensions API before clients that break its rules: it is the same program under every driver."""

import pytest

from runner.outcomes import Kind
from tests.runner.sandboxed import Bench
from tests.runner.talking import talking

pytestmark = pytest.mark.sandbox


def test_the_runtime_api_refuses_what_is_not_its_turn(bench: Bench):
    function = bench.function(
        talking("""
    early = give("request-1", 1)[0]
    while True:
        headers, request_id, event = take()
        seen = [early, give("another-id", 1), call("GET", RUNTIME + "invocation/next")[0], call("GET", "/nothing")[0],
                give(request_id, 1, Lambda_Runtime_Function_Response_Mode="odd")[0],
                call("POST", RUNTIME + "init/error", "{}")[0], call("GET", "/2018-06-01/runtime/restore/next")[0]]
        seen = [one[0:3:2] if isinstance(one, tuple) else one for one in seen]
        seen = [[one[0], json.loads(one[1])["errorType"]] if isinstance(one, tuple) else one for one in seen]
        give(request_id, seen)
        print(give(request_id, "again")[0], give(request_id, {}, "error")[0], flush=True)
    """),
        family="provided",
    )
    reply = function.invoke()
    assert reply.value == [400, [400, "InvalidRequestID"], 403, 404, 400, 403, 404]
    assert reply.lines == ["403 403"]
    assert function.invoke().outcome.ok


def test_what_is_not_http_is_refused_and_the_runtime_goes_on(bench: Bench):
    function = bench.function(
        talking("""
    POST = b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\n"
    while True:
        headers, request_id, event = take()
        post = POST % request_id.encode()
        rubbish = [b"\\x00\\xff" * 9000, b"GET / HTTP/9.9\\r\\n\\r\\n", b"GET /" + b"x" * 70000, post + b"A b: c\\r\\n\\r\\n",
            post + b"Content-Length: -1\\r\\n\\r\\n", post + b"Content-Length: 1\\r\\nContent-Length: 2\\r\\n\\r\\n12",
            post + b"Content-Length: 1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n",
            post + b"Transfer-Encoding: gzip\\r\\n\\r\\n", post + b"Transfer-Encoding: chunked\\r\\n\\r\\nffffffffff\\r\\n",
            post + b"Transfer-Encoding: chunked\\r\\n\\r\\n1\\r\\nabc\\r\\n", post + b"Content-Length: 99\\r\\n\\r\\nshort"]
        seen = [raw(data).partition(" Bad")[0] for data in rubbish]
        give(request_id, seen)
    """),
        family="provided",
    )
    for _time in range(2):
        seen = function.invoke().value
        assert not set(seen) - {"HTTP/1.1 400", "", "ConnectionResetError", "BrokenPipeError", "OSError"}
        assert seen.count("HTTP/1.1 400") >= 7


def test_an_answer_over_six_megabytes_is_refused_with_413(bench: Bench):
    function = bench.function(
        talking("""
    while True:
        headers, request_id, event = take()
        print(give(request_id, "x" * json.loads(event))[0], flush=True)
    """),
        family="provided",
        memory_mb=256,
    )
    reply = function.invoke(7_000_000)
    assert reply.outcome.kind is Kind.RESPONSE_TOO_LARGE
    assert reply.value["errorType"] == "Function.ResponseSizeTooLarge"
    assert reply.lines == ["413"]
    assert len(function.invoke(6_000_000).value) == 6_000_000


def test_a_body_without_end_ends_with_the_functions_timeout(bench: Bench):
    function = bench.function(
        talking("""
    while True:
        headers, request_id, event = take()
        with socket.create_connection(tuple(API.split(":"))) as connection:
            connection.sendall(b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\n"
                b"Transfer-Encoding: chunked\\r\\n\\r\\n" % request_id.encode())
            while True:
                connection.sendall(b"10000\\r\\n" + b"x" * 65536 + b"\\r\\n")
    """),
        family="provided",
    )
    assert function.invoke(timeout_s=1).outcome.kind is Kind.TIMEOUT


def test_a_thousand_connections_hold_nobody_up(bench: Bench):
    function = bench.function(
        talking("""
    kept = []
    while True:
        headers, request_id, event = take()
        for _ in range(500):
            connection = socket.create_connection(tuple(API.split(":")))
            connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n")
            kept.append(connection)
        for connection in kept: connection.close()
        kept.clear()
        give(request_id, "through")
    """),
        family="provided",
    )
    assert [function.invoke().value for _ in range(2)] == ["through", "through"]


def test_another_familys_function_finds_no_runtime_api(bench: Bench):
    function = bench.function("""
        import os, socket
        def lambda_handler(event, context):
            try:
                socket.create_connection(("127.0.0.1", 9001), 1)
            except ConnectionRefusedError:
                return os.environ.get("AWS_LAMBDA_RUNTIME_API", "none")
        """)
    assert function.invoke().value == "none"


def test_the_extensions_api_refuses_strangers(bench: Bench):
    function = bench.function(
        talking("""
    EXTENSION = "/2020-01-01/extension/"
    seen = [call("POST", EXTENSION + "register", "{}")[0],
        call("POST", EXTENSION + "register", "rubbish", Lambda_Extension_Name="a")[0],
        call("POST", EXTENSION + "register", '{"events": ["EXIT"]}', Lambda_Extension_Name="a")[0],
        call("POST", EXTENSION + "register", '{"events": []}', Lambda_Extension_Name="a" * 200)[0],
        call("GET", EXTENSION + "event/next", Lambda_Extension_Identifier="not-known")[0],
        call("POST", EXTENSION + "register", b"x" * 100000, Lambda_Extension_Name="a")[0]]
    while True:
        headers, request_id, event = take()
        give(request_id, seen)
    """),
        family="provided",
    )
    assert function.invoke().value == [403, 400, 400, 403, 403, 413]
