"""What every driver that holds strangers' code must do besides the contract: the relay, the limits, what is to be seen.

Run by ``test_<driver>.py``, which gives the ``bench`` fixture; ``node`` comes from ``sandbox_node``.
"""

import http.server
import threading
from collections.abc import Iterator
from urllib.parse import unquote

import pytest

from runner.outcomes import Kind
from runner.sandboxes.base import Sdk
from tests.runner.sandboxed import CANARY, Bench

# -- the relay: AWS calls from inside --------------------------------------------------------------


class _Api(http.server.BaseHTTPRequestHandler):
    """Answers everything with what it was asked, and large when asked for much."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = int(self.path.rpartition("=")[2]) if "=" in self.path else 0
        self.answer(b"x" * size or self.path.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"GetCallerIdentity" in body:
            trace = self.headers.get("X-Amzn-Trace-Id", "").encode()
            result = b"<Account>123456789012</Account><Arn>%s</Arn>" % trace
            result = b"<GetCallerIdentityResult>%s</GetCallerIdentityResult>" % result
            self.answer(b"<GetCallerIdentityResponse>%s</GetCallerIdentityResponse>" % result)
        else:
            self.answer(str(len(body)).encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def api(settings) -> Iterator[None]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    settings.API_INTERNAL = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def test_a_function_reaches_the_aws_endpoint_and_nothing_else(bench: Bench, api: None):
    reply = bench.function("""
        import socket, urllib.request
        def lambda_handler(event, context):
            found = {"api": urllib.request.urlopen("http://127.0.0.1:4566/path").read().decode()}
            for host, port in event:
                try:
                    socket.create_connection((host, port), 1).close()
                    found[host] = "connected"
                except OSError as error:
                    found[host] = type(error).__name__
            return found
        """).invoke([["127.0.0.1", 22], ["10.0.0.1", 80], ["169.254.169.254", 80], ["1.1.1.1", 53]])
    assert reply.value.pop("api") == "/path"
    assert "connected" not in reply.value.values()


def test_the_relay_carries_much_both_ways_and_many_at_once(bench: Bench, api: None):
    reply = bench.function(
        """
        import concurrent.futures, urllib.request
        def one(n):
            sent = urllib.request.urlopen("http://127.0.0.1:4566/", data=b"y" * 1_500_000).read()
            return int(sent), len(urllib.request.urlopen("http://127.0.0.1:4566/?size=2000000").read())
        def lambda_handler(event, context):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                return list(pool.map(one, range(8)))
        """,
        memory_mb=512,
    ).invoke()
    assert reply.value == [[1_500_000, 2_000_000]] * 8


def test_an_endpoint_that_is_down_is_a_connection_error_inside(bench: Bench, settings):
    settings.API_INTERNAL = "127.0.0.1:1"
    reply = bench.function("""
        import urllib.request
        def lambda_handler(event, context):
            try:
                urllib.request.urlopen("http://127.0.0.1:4566/", timeout=5)
            except OSError as error:
                return "unreachable"
        """).invoke()
    assert reply.value == "unreachable"


@pytest.mark.parametrize("sdk", Sdk)
def test_boto3_reaches_the_endpoint_with_nothing_set_in_the_code(bench: Bench, api: None, sdk: Sdk):
    if not bench.has_sdk("python"):
        pytest.skip("the function libraries were not built")
    reply = bench.function(
        """
        import boto3
        def lambda_handler(event, context):
            return [boto3.client("sts", region_name=region).get_caller_identity()["Account"] for region in event]
        """,
        sdk=sdk,
        memory_mb=512,
    ).invoke(["us-east-1", "eu-west-1"])
    assert reply.value == ["123456789012"] * 2


def test_boto3_tells_the_endpoint_which_chain_of_invocations_it_belongs_to(bench: Bench, api: None):
    if not bench.has_sdk("python"):
        pytest.skip("the function libraries were not built")
    function = bench.function(
        """
        import boto3
        client = boto3.client("sts")
        def lambda_handler(event, context):
            return client.get_caller_identity()["Arn"]
        """,
        memory_mb=512,
    )
    for trace in ("Root=1-a;Parent=b;Sampled=0;Lineage=12345678:3", "Root=1-a;Parent=b;Sampled=0;Lineage=12345678:4"):
        assert unquote(function.invoke(trace_id=trace).value) == trace


def test_the_javascript_sdk_reaches_the_endpoint(bench: Bench, api: None, node: None):
    if not bench.has_sdk("node"):
        pytest.skip("the function libraries were not built")
    source = """
        import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
        export const handler = async () => (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account;
        """
    assert bench.function({"index.mjs": source}, family="node", memory_mb=512).invoke().value == "123456789012"


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size_mb", [100_000, 300])
def test_more_memory_than_memory_size_is_out_of_memory(bench: Bench, size_mb: int):
    reply = bench.function("""
        def lambda_handler(event, context):
            held = []
            for _ in range(event):
                held.append(bytearray(1 << 20))
            return len(held)
        """).invoke(size_mb)
    assert reply.outcome.kind is Kind.OUT_OF_MEMORY
    assert reply.value["errorType"] == "Runtime.OutOfMemory"
    assert reply.value["errorMessage"] == "RequestId: request-1 Error: Runtime exited with error: signal: killed"
    assert reply.outcome.max_memory_mb >= 100


def test_the_memory_of_children_counts_as_well(bench: Bench):
    reply = bench.function("""
        import os, time
        def lambda_handler(event, context):
            for _ in range(4):
                if os.fork() == 0:
                    held = bytearray(60 << 20)
                    time.sleep(60)
            time.sleep(60)
        """).invoke()
    assert reply.outcome.kind is Kind.OUT_OF_MEMORY


def test_tmp_does_not_count_against_memory_size_and_is_as_large_as_asked(bench: Bench):
    reply = bench.function("""
        def lambda_handler(event, context):
            written = 0
            try:
                for number in range(10):
                    with open(f"/tmp/{number}", "wb") as file:
                        for _ in range(60):
                            written += file.write(b"x" * (1 << 20))
            except OSError as error:
                return [written >> 20, error.strerror]
        """).invoke()
    assert reply.value == [512, "No space left on device"]


def test_the_peak_of_memory_is_reported(bench: Bench):
    function = bench.function("""
        def lambda_handler(event, context):
            bytearray(event << 20)
        """)
    small = function.invoke(1).outcome.max_memory_mb
    assert 5 < small < 40
    assert function.invoke(60).outcome.max_memory_mb >= small + 50


@pytest.mark.parametrize("sdk", Sdk)
def test_the_sdk_is_the_functions_memory_once_it_is_imported(bench: Bench, sdk: Sdk):
    if not bench.has_sdk("python"):
        pytest.skip("the function libraries were not built")
    function = bench.function(
        """
        import sys
        def lambda_handler(event, context):
            before = "boto3" in sys.modules
            if event:
                from botocore.config import Config
                import boto3
                boto3.client("sqs", region_name="us-east-1", config=Config(retries={"max_attempts": 1}))
                from importlib.util import find_spec
                assert find_spec("boto3").origin == boto3.__file__ and Config is boto3.session.botocore.config.Config
            return before
        """,
        sdk=sdk,
        memory_mb=512,
    )
    without = function.invoke(False)
    assert (without.value, without.outcome.max_memory_mb < 40) == (False, True)
    assert function.invoke(True).outcome.max_memory_mb > without.outcome.max_memory_mb + 10
    assert function.invoke(False).value is True


# -- what is inside --------------------------------------------------------------------------------


def test_a_secret_of_the_worker_is_nowhere_inside(bench: Bench):
    reply = bench.function(
        """
        import os
        def lambda_handler(event, context):
            needle = "".join(event).encode()
            found = []
            for top in ("/proc", "/etc", "/var", "/tmp", "/opt", "/dev/shm", "/run", "/home", "/root", "/srv"):
                for folder, _folders, files in os.walk(top):
                    if folder.startswith(("/var/lang", "/var/runtime", "/proc/sys", "/var/rapid/lang")):
                        continue
                    for name in files:
                        path = os.path.join(folder, name)
                        if name in ("kmsg", "kcore", "mem", "pagemap", "clear_refs") or "/task/" in folder:
                            continue
                        try:
                            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                        except OSError:
                            continue
                        try:
                            if needle in os.read(fd, 1 << 16):
                                found.append(path)
                        except OSError:
                            pass
                        finally:
                            os.close(fd)
            return found
        """,
        environment={},
    ).invoke([CANARY[:5], CANARY[5:]], timeout_s=30)
    assert reply.value == []


def test_the_host_name_resolves_and_the_user_is_awss(bench: Bench):
    reply = bench.function("""
        import getpass, os, pwd, socket
        def lambda_handler(event, context):
            socket.gethostbyname_ex(socket.gethostname())
            return [pwd.getpwuid(os.getuid()).pw_name, os.getcwd()]
        """).invoke()
    assert reply.value == ["sbx_user1051", "/var/task"]
