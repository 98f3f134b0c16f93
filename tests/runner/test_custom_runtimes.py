"""Functions that bring their own runtime, and programs that come with layers: the Runtime and Extensions API."""

import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.outcomes import Kind
from runner.runtimes import interpreter_for
from runner.sandboxes.base import SandboxDriver
from tests.downloads import fetched_once
from tests.runner.sandboxed import Bench, Function, Reply, bubblewrap, newest, opened

pytestmark = pytest.mark.sandbox

SHELL = """\
    #!/bin/sh
    set -eu
    . "$LAMBDA_TASK_ROOT/${_HANDLER%.*}.sh"
    echo "starting" >&2
    while true; do
      headers=$(mktemp)
      event=$(curl -sS -LD "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
      id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
      answer=$(${_HANDLER#*.} "$event")
      curl -sS -o /dev/null "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "$answer"
    done
    """
TALK = """\
    #!/var/lang/bin/python3
    import http.client, json, os, socket, sys, time
    API = os.environ["AWS_LAMBDA_RUNTIME_API"]
    RUNTIME = "/2018-06-01/runtime/"
    def call(method, path, body=None, **headers):
        connection = http.client.HTTPConnection(API)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    def take():
        _status, headers, event = call("GET", RUNTIME + "invocation/next")
        return headers, headers["Lambda-Runtime-Aws-Request-Id"], event
    def give(request_id, value, verb="response", **headers):
        return call("POST", RUNTIME + "invocation/%s/%s" % (request_id, verb), json.dumps(value), **headers)
    def raw(data):
        host, _colon, port = API.partition(":")
        with socket.create_connection((host, int(port))) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
            except OSError as error:
                return type(error).__name__
    """


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDriver]:
    with bubblewrap(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture
def bench(driver: SandboxDriver, tmp_path: Path) -> Iterator[Bench]:
    with opened(driver, tmp_path) as made:
        yield made


def talking(body: str) -> dict[str, str | bytes]:
    """A bootstrap in Python with helpers to call the API."""
    return {"bootstrap": TALK + body}


# -- runtimes --------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("curl"), reason="a shell bootstrap needs curl on this host")
def test_a_bootstrap_in_shell_answers_events(bench: Bench):
    function = bench.function(
        {"bootstrap": SHELL, "function.sh": 'handler() { echo "got $1" >&2; echo "Echoing request: \'$1\'"; }\n'},
        family="provided",
        handler="function.handler",
    )
    first, second = function.invoke({"a": 1}), function.invoke("x" * 100_000)
    assert first.outcome.payload == b"Echoing request: '{\"a\": 1}'"
    assert first.outcome.reusable
    assert len(second.outcome.payload) == 100_021
    assert function.began.lines == ["starting"]
    assert first.lines == ['got {"a": 1}']


C = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char reply[65536];

static char *talk(const char *request) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons(atoi(strchr(getenv("AWS_LAMBDA_RUNTIME_API"), ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) || write(fd, request, strlen(request)) < 0) exit(3);
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, reply + size, sizeof reply - 1 - size);
        if (got <= 0) exit(4);
        reply[size += got] = 0;
        char *body = strstr(reply, "\r\n\r\n"), *length = strstr(reply, "Content-Length: ");
        if (body && size >= (size_t)(body + 4 - reply) + atoi(length + 16)) break;
    }
    close(fd);
    return strstr(reply, "\r\n\r\n") + 4;
}

int main(void) {
    static char request[131072], id[64];
    for (;;) {
        char *event = talk("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n");
        sscanf(strstr(reply, "Lambda-Runtime-Aws-Request-Id: ") + 31, "%63[^\r]", id);
        snprintf(request, sizeof request,
                 "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n"
                 "{\"compiled\":%s}", id, strlen(event) + 13, event);
        talk(request);
    }
}
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler on this host")
def test_a_compiled_bootstrap_answers_events(bench: Bench, tmp_path: Path):
    (tmp_path / "bootstrap.c").write_text(C)
    subprocess.run(("cc", "-O1", "-o", tmp_path / "bootstrap", tmp_path / "bootstrap.c"), check=True)
    function = bench.function({"bootstrap": (tmp_path / "bootstrap").read_bytes()}, family="provided")
    assert [function.invoke(n).value for n in range(3)] == [{"compiled": 0}, {"compiled": 1}, {"compiled": 2}]


def test_the_next_event_comes_with_aws_headers(bench: Bench):
    function = bench.function(
        talking("""
    while True:
        headers, request_id, event = take()
        give(request_id, {"headers": dict(headers), "event": json.loads(event), "cwd": os.getcwd(),
            "left": int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time(), "names": sorted(os.environ)})
    """),
        family="provided",
    )
    value = function.invoke({"é": 1}, timeout_s=7, client_context='{"custom":\n{"a": "é"}}').value
    assert value["event"] == {"é": 1}
    assert value["cwd"] == "/var/task"
    assert 0 < value["left"] <= 7
    assert value["headers"]["Lambda-Runtime-Aws-Request-Id"] == "request-1"
    assert value["headers"]["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:hello")
    assert json.loads(value["headers"]["Lambda-Runtime-Client-Context"].encode("latin-1"))["custom"] == {"a": "é"}
    assert value["headers"]["Content-Type"] == "application/json"
    assert {"AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDA_TASK_ROOT", "AWS_ACCESS_KEY_ID"} <= set(value["names"])


def test_what_is_printed_after_the_answer_belongs_to_the_same_invocation(bench: Bench):
    function = bench.function(
        talking("""
    while True:
        headers, request_id, event = take()
        give(request_id, 1)
        time.sleep(0.2)
        print("after", request_id, flush=True)
    """),
        family="provided",
    )
    assert function.invoke().lines == ["after request-1"]
    assert function.invoke().lines == ["after request-2"]


def test_an_error_is_answered_as_it_was_posted(bench: Bench):
    function = bench.function(
        talking("""
    while True:
        headers, request_id, event = take()
        give(request_id, json.loads(event), "error", Lambda_Runtime_Function_Error_Type="Own.Type")
    """),
        family="provided",
    )
    reply = function.invoke({"errorType": "Mine", "errorMessage": "no"})
    assert reply.outcome.kind is Kind.FUNCTION_ERROR
    assert reply.value == {"errorType": "Mine", "errorMessage": "no"}
    assert function.invoke("words only").value == {"errorType": "Own.Type", "errorMessage": ""}


def test_a_runtime_that_ends_after_its_answer_has_still_answered(bench: Bench):
    function = bench.function(
        talking("headers, request_id, event = take(); give(request_id, 'last')"), family="provided"
    )
    reply = function.invoke()
    assert reply.value == "last"
    assert not reply.outcome.reusable


# -- init errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"index.sh": "true"}, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": "echo not executable"}, "fork/exec /var/task/bootstrap: permission denied"),
        ({"bootstrap": "#!/no/such/shell\n"}, "fork/exec /var/task/bootstrap: no such file or directory"),
        ({"bootstrap": b"\x7fELF for another machine"}, "fork/exec /var/task/bootstrap: exec format error"),
    ],
)
def test_a_bootstrap_that_cannot_be_run_is_an_invalid_entrypoint(bench: Bench, files: dict[str, str], reason: str):
    began = bench.prepare(files, family="provided").init()
    assert began.outcome.kind is Kind.INIT_ERROR
    assert began.value["errorType"] == "Runtime.InvalidEntrypoint"
    assert began.value["errorMessage"] == f"RequestId: init-id Error: {reason}"


def test_a_bootstrap_that_exits_before_it_asks_for_an_event_is_an_exit_error(bench: Bench):
    began = bench.prepare({"bootstrap": "#!/bin/sh\necho bye; exit 3\n"}, family="provided").init()
    assert began.value["errorType"] == "Runtime.ExitError"
    assert began.value["errorMessage"] == "RequestId: init-id Error: Runtime exited with error: exit status 3"
    assert began.lines == ["bye"]


def test_a_runtime_says_itself_why_it_cannot_start(bench: Bench):
    body = "call('POST', RUNTIME + 'init/error', json.dumps({'errorType': 'Mine.NoConfig', 'errorMessage': 'none'}))"
    began = bench.prepare(talking(body), family="provided").init()
    assert began.outcome.kind is Kind.INIT_ERROR
    assert began.value == {"errorType": "Mine.NoConfig", "errorMessage": "none"}


def test_a_runtime_that_never_asks_for_an_event_has_its_init_timed_out(bench: Bench):
    began = bench.prepare({"bootstrap": "#!/bin/sh\nexec sleep 60\n"}, family="provided").init(timeout_s=0.5)
    assert began.outcome.kind is Kind.INIT_TIMEOUT


def test_a_bootstrap_may_come_with_a_layer(bench: Bench):
    layer = {"bootstrap": TALK + "while True: _h, i, event = take(); give(i, open('/var/task/data').read())"}
    function = bench.function({"data": "mine"}, layers=(layer,), family="provided")
    assert function.invoke().value == "mine"


# -- hostile clients -------------------------------------------------------------------------------


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


# -- streamed answers ------------------------------------------------------------------------------


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


# -- AWS's own Python client -----------------------------------------------------------------------

RIC = '#!/bin/sh\nexport PYTHONPATH=/opt/python\nexec /var/lang/bin/python3 -m awslambdaric "$_HANDLER"\n'


@pytest.fixture(scope="module")
def awslambdaric() -> dict[str, str | bytes]:
    """The files of AWS's runtime interface client, installed as a person would; fetched once, then kept."""
    version = interpreter_for("provided.al2023").version
    wanted = f"{version[0]}.{version[1]}"
    command = (sys.executable, "-m", "pip", "install", "-q", "--only-binary=:all:", "--python-version", wanted)

    def install(folder: Path) -> None:
        subprocess.run((*command, "--target", folder, "awslambdaric>=3"), check=True, capture_output=True, timeout=120)

    try:
        folder = fetched_once(f"awslambdaric-{wanted}", install)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"awslambdaric cannot be installed here: {error}")
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {f"python/{path.relative_to(folder)}": path.read_bytes() for path in files}


def test_awslambdaric_runs_unchanged(bench: Bench, awslambdaric: dict[str, str | bytes]):
    function = bench.function(
        {
            "bootstrap": RIC,
            "app.py": """\
                import logging
                logging.getLogger().setLevel("INFO")
                print("module")
                def handler(event, context):
                    logging.info("event %s", event)
                    if event == "raise":
                        raise ValueError("asked to")
                    return {"id": context.aws_request_id, "name": context.function_name, "left": context.get_remaining_time_in_millis() > 0}
                """,
        },
        handler="app.handler",
        family="provided",
        layers=(awslambdaric,),
    )
    assert function.began.lines == ["module"]
    first = function.invoke(1)
    assert first.value == {"id": "request-1", "name": "hello", "left": True}
    assert "request-1\tevent 1" in first.text
    failed = function.invoke("raise")
    assert failed.outcome.kind is Kind.FUNCTION_ERROR
    assert (failed.value["errorType"], failed.value["errorMessage"]) == ("ValueError", "asked to")
    assert function.invoke(3).value["id"] == "request-3"


def test_awslambdaric_says_why_a_handler_cannot_be_imported(bench: Bench, awslambdaric: dict[str, str | bytes]):
    began = bench.prepare(
        {"bootstrap": RIC, "app.py": "import nothing_like_it"},
        handler="app.handler",
        family="provided",
        layers=(awslambdaric,),
    ).init()
    assert began.outcome.error_type == "Runtime.ImportModuleError"
    assert "No module named 'nothing_like_it'" in began.value["errorMessage"]


# -- extensions ------------------------------------------------------------------------------------

EXTENSION = (
    TALK
    + """
    EXTENSION = "/2020-01-01/extension/"
    status, headers, body = call("POST", EXTENSION + "register", json.dumps({"events": ["INVOKE", "SHUTDOWN"]}),
        Lambda_Extension_Name=os.path.basename(sys.argv[0]))
    me = headers["Lambda-Extension-Identifier"]
    print("registered", status, body.decode(), flush=True)
    print("telemetry", *call("PUT", "/2022-07-01/telemetry", "{}", Lambda_Extension_Identifier=me)[::2], flush=True)
    while True:
        status, headers, body = call("GET", EXTENSION + "event/next", Lambda_Extension_Identifier=me)
        event = json.loads(body)
        time.sleep(0.1)
        print("extension", event["eventType"], event.get("requestId"), flush=True)
    """
)
ECHO = {
    "python": "def lambda_handler(event, context): return event",
    "node": "exports.handler = async (event) => event;",
    "provided": {"bootstrap": TALK + "while True: _h, i, event = take(); give(i, json.loads(event))"},
}


@pytest.mark.parametrize("family", ECHO)
def test_an_extension_registers_first_and_hears_of_every_invocation(bench: Bench, family: str):
    if family == "node" and newest("node") is None:
        pytest.skip("there is no Node.js on this host")
    function = bench.function(ECHO[family], family=family, layers=({"extensions/watcher": EXTENSION},))
    about = {"functionName": "hello", "functionVersion": "$LATEST", "handler": function.spec.handler}
    assert function.began.lines[0] == f"registered 200 {json.dumps(about)}"
    assert function.began.lines[1].startswith("telemetry 202")
    for number in (1, 2):
        reply = function.invoke(number)
        assert reply.value == number
        assert reply.lines == [f"extension INVOKE request-{number}"]


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[str]]]:
    """A server where the AWS endpoint would be: its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_an_extension_hears_of_the_end(bench: Bench, endpoint: tuple[str, list[str]], settings):
    asks_home = """
        import socket
        with socket.create_connection(("127.0.0.1", 4566)) as connection:
            connection.sendall(b"GET /%s HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n" % event["eventType"].encode())
            connection.recv(1000)
        if event["eventType"] == "SHUTDOWN":
            break
    """
    settings.API_INTERNAL, asked = endpoint
    function = bench.function(ECHO["python"], layers=({"extensions/last": EXTENSION + asks_home},))
    assert function.invoke(1).value == 1
    function.environment.stop()
    assert asked == ["/INVOKE", "/SHUTDOWN"]


@pytest.mark.parametrize(
    "extension",
    [
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\nexec sleep 60\n",
        "#!/no/such/program\n",
        EXTENSION.partition("    while True")[0] + "    time.sleep(60)\n",
    ],
    ids=["ends", "never registers", "cannot be run", "never asks for an event"],
)
def test_an_extension_that_does_not_play_its_part_holds_up_only_the_start(bench: Bench, extension: str):
    function = bench.function(ECHO["python"], layers=({"extensions/odd": extension},))
    assert function.invoke("through").value == "through"


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
