"""Programs that come with layers and run beside the function: the Extensions API."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from tests.runner.drivers import *  # noqa: F403
from tests.runner.sandboxed import Bench, newest
from tests.runner.talking import TALK

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
