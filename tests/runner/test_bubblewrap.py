"""Bubblewrap keeps the contract, and holds what is inside."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from runner.outcomes import Kind
from runner.sandboxes import cgroups, rootfs
from runner.sandboxes.base import SandboxDriver, SandboxUnavailable
from runner.sandboxes.bubblewrap import Bubblewrap
from tests.runner.sandbox_contract import *  # noqa: F403
from tests.runner.sandboxed import Bench, newest, opened

pytestmark = pytest.mark.sandbox
CANARY = "canary-c0ffee-5ecret"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDriver]:
    os.environ["PUPITRE_TEST_CANARY"] = CANARY
    with override_settings(DATA_DIR=tmp_path_factory.mktemp("data")):
        made = Bubblewrap()
        try:
            made.prepare()
        except SandboxUnavailable as error:
            pytest.skip(error.text)
        yield made
        made.close()


@pytest.fixture
def bench(driver: SandboxDriver, tmp_path: Path) -> Iterator[Bench]:
    with opened(driver, tmp_path) as made:
        yield made


class _Api(http.server.BaseHTTPRequestHandler):
    """Answers everything with what it was asked, and large when asked for much."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = int(self.path.rpartition("=")[2]) if "=" in self.path else 0
        self.answer(b"x" * size or self.path.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"GetCallerIdentity" in body:
            result = b"<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
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


# -- the relay -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("preload", [True, False])
def test_boto3_reaches_the_endpoint_with_nothing_set_in_the_code(bench: Bench, api: None, preload: bool):
    if not rootfs.libraries(bench.driver.own_interpreter).is_dir():
        pytest.skip("the function libraries were not built")
    reply = bench.function(
        """
        import boto3
        def lambda_handler(event, context):
            return [boto3.client("sts", region_name=region).get_caller_identity()["Account"] for region in event]
        """,
        preload=preload,
        memory_mb=512,
    ).invoke(["us-east-1", "eu-west-1"])
    assert reply.value == ["123456789012"] * 2


def test_the_javascript_sdk_reaches_the_endpoint(bench: Bench, api: None, node: None):
    if not (rootfs.libraries(newest("node")) / "node_modules").is_dir():
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
            return [os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name, os.getcwd()]
        """).invoke()
    assert reply.value == [993, 990, "sbx_user1051", "/var/task"]


def test_no_two_sandboxes_share_a_user(bench: Bench):
    if not bench.driver.private or not bench.driver.cgroups:
        pytest.skip("users of their own need root, and the test finds their processes by control group")
    for _ in range(2):
        bench.function("def lambda_handler(event, context): return 1")
    assert len({_owner(function.environment.sandbox) for function in bench.made}) == 2


def _owner(sandbox) -> str:
    """The user, outside, of a process in the sandbox."""
    pid = (sandbox.driver.cgroups.directories(sandbox.group)[0] / "cgroup.procs").read_text().split()[-1]
    return next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))


def test_nothing_of_a_stopped_sandbox_is_left(bench: Bench):
    function = bench.function("""
        import subprocess
        def lambda_handler(event, context):
            subprocess.Popen(["sleep", "1000"], start_new_session=True)
        """)
    function.invoke()
    sandbox = function.environment.sandbox
    function.environment.stop()
    assert not sandbox.directory.exists()
    if groups := bench.driver.cgroups:
        assert not any(directory.exists() for directory in groups.directories(sandbox.group))


def test_what_a_dead_worker_left_is_swept(driver: SandboxDriver):
    left = driver.workplace.root / "31" / "7" / "task"
    left.mkdir(parents=True)
    if driver.cgroups:
        driver.cgroups.create(f"{driver.workplace.group_prefix(31)}7")
    assert driver.sweep() == 1
    assert not left.exists()
    if driver.cgroups:
        assert driver.cgroups.names(driver.workplace.group_prefix(31)) == set()


WORKER = """
import os, signal, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
import django
django.setup()
from pathlib import Path
from runner.environment import Environment
from runner.sandboxes.base import SandboxSpec
from runner.sandboxes.bubblewrap import Bubblewrap
driver = Bubblewrap()
driver.prepare()
own = driver.own_interpreter
environment = Environment(driver.start(own))
assert environment.wait_ready(20)
print(driver.launcher._process.pid, environment.sandbox.directory, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_that_is_killed_takes_its_sandboxes_with_it(driver: SandboxDriver, tmp_path: Path):
    environment = {**os.environ, "PUPITRE_DATA_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", WORKER], env=environment, capture_output=True, text=True, timeout=60)
    launcher, directory = run.stdout.split()
    for _ in range(500):
        alive = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _mentions(path, launcher, directory)]
        if not alive:
            break
        threading.Event().wait(0.01)
    assert not alive
    with override_settings(DATA_DIR=tmp_path):
        after = Bubblewrap()
        after.prepare()
        assert not Path(directory).exists()
        after.close()


def _mentions(cmdline: Path, launcher: str, directory: str) -> bool:
    try:
        return cmdline.parent.name == launcher or directory.encode() in cmdline.read_bytes()
    except OSError:
        return False


def test_the_control_groups_hold_the_share_of_the_processor(bench: Bench):
    groups = bench.driver.cgroups
    if groups is None or groups.version != 1:
        pytest.skip("looks at version 1's files")
    function = bench.function("def lambda_handler(event, context): return 1")
    group = function.environment.sandbox.group
    quota = cgroups.ROOT / "cpu" / cgroups.NAME / group / "cpu.cfs_quota_us"
    assert int(quota.read_text()) == cgroups.CPU_PERIOD_US // 4
