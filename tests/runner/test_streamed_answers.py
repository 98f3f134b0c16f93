"""Answers that come in parts, from a runtime of one's own and from Node.js."""

import pytest

from runner.outcomes import Kind
from tests.runner.drivers import *  # noqa: F403
from tests.runner.sandboxed import Bench, Function, Reply, newest
from tests.runner.talking import talking


def streamed(function: Function, event: object = None) -> tuple[Reply, bytes, set[str]]:
    """Invoke as one who wants the parts: how it ended, all parts together, and what types they were said to have."""
    parts: list[tuple[bytes, str]] = []
    reply = function.invoke(event, on_part=lambda data, content_type: parts.append((data, content_type)))
    return reply, b"".join(data for data, _type in parts), {content_type for _data, content_type in parts}


POST_STREAM = """
    def post(request_id, *pieces, trailers=b"", end=b"0\\r\\n"):
        with socket.create_connection(tuple(API.split(":"))) as connection:
            connection.sendall(b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nContent-Type: text/plain\\r\\n"
                b"Lambda-Runtime-Function-Response-Mode: streaming\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" % request_id.encode())
            for piece in pieces:
                connection.sendall(b"%x\\r\\n%s\\r\\n" % (len(piece), piece))
            if end:
                connection.sendall(end + trailers + b"\\r\\n")
                connection.recv(1024)
    """


def test_a_runtime_streams_its_answer(bench: Bench):
    function = bench.function(
        talking(
            POST_STREAM
            + """
    while True:
        headers, request_id, event = take()
        post(request_id, b"one ", b"\\xff\\x00", b"x" * json.loads(event))
    """
        ),
        family="provided",
    )
    reply, data, types = streamed(function, 8_000_000)
    assert data == b"one \xff\x00" + b"x" * 8_000_000
    assert types == {"text/plain"}
    assert reply.outcome.ok
    assert function.invoke(3).outcome.payload == b"one \xff\x00xxx"
    assert function.invoke(7_000_000).outcome.kind is Kind.RESPONSE_TOO_LARGE


def test_a_streamed_answer_over_its_limit_ends_the_environment(bench: Bench):
    function = bench.function(
        talking(
            POST_STREAM
            + """
    headers, request_id, event = take()
    post(request_id, *[b"x" * 1000000] * 25)
    """
        ),
        family="provided",
    )
    reply, data, _types = streamed(function)
    assert reply.outcome.kind is Kind.RESPONSE_TOO_LARGE
    assert len(data) <= 20 * 1024 * 1024
    assert not reply.outcome.reusable


def test_an_error_in_the_middle_of_a_stream_comes_as_a_trailer(bench: Bench):
    function = bench.function(
        talking(
            POST_STREAM
            + """
    import base64
    while True:
        headers, request_id, event = take()
        body = base64.b64encode(b'{"errorType": "Mid", "errorMessage": "way"}')
        post(request_id, b"begun", trailers=b"Lambda-Runtime-Function-Error-Type: Mid\\r\\n"
            b"Lambda-Runtime-Function-Error-Body: " + body + b"\\r\\n", end=b"0\\r\\n" if json.loads(event) else b"")
    """
        ),
        family="provided",
    )
    reply, data, _types = streamed(function, event=True)
    assert data == b"begun"
    assert reply.outcome.kind is Kind.FUNCTION_ERROR
    assert reply.value == {"errorType": "Mid", "errorMessage": "way"}
    cut, _data, _types = streamed(function, event=False)
    assert cut.outcome.error_type == "Runtime.TruncatedResponse"


@pytest.mark.skipif(newest("node") is None, reason="there is no Node.js on this host")
class TestNodeStreams:
    def test_a_handler_writes_to_its_stream(self, bench: Bench):
        function = bench.function(
            """
            const { pipeline } = require("stream/promises");
            const { Readable } = require("stream");
            exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
              stream.setContentType("text/plain");
              stream.write(context.awsRequestId + " ");
              await pipeline(Readable.from([Buffer.alloc(event, "x"), "end"]), stream);
            });
            """,
            family="node",
        )
        for size, number in ((10, 1), (7_000_000, 2)):
            reply, data, types = streamed(function, size)
            assert data == b"request-%d " % number + b"x" * size + b"end"
            assert reply.outcome.ok
            assert types == {"text/plain"}
        assert function.invoke(2).outcome.payload == b"request-3 xxend"

    def test_metadata_goes_before_the_body(self, bench: Bench):
        function = bench.function(
            """
            exports.handler = awslambda.streamifyResponse(async (event, stream) => {
              stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
              stream.write("body");
              stream.end();
            });
            """,
            family="node",
        )
        _reply, data, types = streamed(function)
        assert data == b'{"statusCode":201}' + b"\x00" * 8 + b"body"
        assert types == {"application/vnd.awslambda.http-integration-response"}

    def test_a_handler_that_throws_in_the_middle_ends_the_stream_with_its_error(self, bench: Bench):
        function = bench.function(
            """
            exports.handler = awslambda.streamifyResponse(async (event, stream) => {
              if (event) stream.write("begun");
              await new Promise((resolve) => setTimeout(resolve, 20));
              throw new TypeError("midway");
            });
            """,
            family="node",
        )
        for begun, expected in ((True, b"begun"), (False, b"")):
            reply, data, _types = streamed(function, begun)
            assert data == expected
            assert (reply.outcome.kind, reply.outcome.error_type) == (Kind.FUNCTION_ERROR, "TypeError")
            assert reply.outcome.reusable

    def test_a_stream_that_nobody_ends_ends_with_the_last_thing_to_do(self, bench: Bench):
        body = "exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('all'); });"
        reply, data, _types = streamed(bench.function(body, family="node"))
        assert (data, reply.outcome.kind) == (b"all", Kind.OK)
