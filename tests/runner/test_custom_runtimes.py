"""Functions that bring their own runtime, in shell, in C, by AWS's own client: the Runtime API."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runner.outcomes import Kind
from runner.runtimes import interpreter_for
from runner.sandboxes.bubblewrap import Bubblewrap
from tests.downloads import fetched_once
from tests.runner.drivers import *  # noqa: F403
from tests.runner.sandboxed import Bench
from tests.runner.talking import TALK, talking

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

# -- runtimes --------------------------------------------------------------------------------------


def test_a_bootstrap_in_shell_answers_events(bench: Bench):
    if isinstance(bench.driver, Bubblewrap) and not shutil.which("curl"):
        pytest.skip("a shell bootstrap needs curl on this host")
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


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The program above with all that it needs inside, for whatever root the sandbox has."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler on this host")
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "bootstrap.c").write_text(C)
    command = (compiler, "-O1", "-static", "-o", folder / "bootstrap", folder / "bootstrap.c")
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("the C compiler of this host makes no static programs")
    return (folder / "bootstrap").read_bytes()


def test_a_compiled_bootstrap_answers_events(bench: Bench, compiled: bytes):
    function = bench.function({"bootstrap": compiled}, family="provided")
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
