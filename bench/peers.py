"""Other programs that run or imitate Lambda on one's own machine, measured in the same run; what cannot be says why.

They are installed into ``var/bench`` by their pinned versions, once, by the bench alone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load import at_once, one_after_another, percentile, plain, run, signed
from bench.product import ECHO, FIGURES
from bench.table import Row
from tests.live import ROOT, Live, free_port

FOLDER = ROOT / "var" / "bench"
INSTALLS_WITHIN_S, STARTS_WITHIN_S = 400, 60
SERVERLESS, OFFLINE = "3.40.0", "13.9.0"  # the last that needs no account with its makers
MOTO, SAM = "5.2.5", "1.170.0"
SAM_IMAGES = "*/lambda/python"  # as its maker names them, wherever they come from
SAM_TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  echo:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Handler: handler.lambda_handler, Runtime: python3.12, Timeout: 10}
"""
SERVERLESS_YML = """
service: bench
frameworkVersion: "3"
provider: {name: aws, runtime: RUNTIME, region: us-east-1, timeout: 60}
plugins: [serverless-offline]
functions:
  echo: {handler: handler.lambda_handler}
"""
EVENT = b'{"key": "value"}'


class Missing(Exception):
    """Why a peer cannot be measured here."""


def peers(live: Live) -> Iterator[Row]:
    for name, measure in PEERS.items():
        try:
            yield from measure(live)
        except (Missing, RuntimeError, OSError, EOFError) as trouble:
            yield Row(name, f"not measured: {' '.join(str(trouble).split())[:200]}")


# -- serverless-offline ----------------------------------------------------------------------------


def serverless_offline(_live: Live) -> Iterator[Row]:
    runtime = next((f"python3.{minor}" for minor in (11, 10, 9, 8) if _runs(f"python3.{minor}")), None)
    if runtime is None:
        raise Missing("it has no runtime for the Python versions that are installed here")
    folder = _folder("serverless-offline")
    (folder / "package.json").write_text('{"private": true}')
    (folder / "serverless.yml").write_text(SERVERLESS_YML.replace("RUNTIME", runtime))
    (folder / "handler.py").write_text(ECHO)
    packages = (f"serverless@{SERVERLESS}", f"serverless-offline@{OFFLINE}")
    _install(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *packages)
    port = free_port()
    command = (
        *(str(folder / "node_modules" / ".bin" / "serverless"), "offline", "--host", "127.0.0.1"),
        *("--lambdaPort", str(port), "--httpPort", str(free_port())),
    )
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "SLS_INTERACTIVE_SETUP_ENABLE": "0"}
    with _running(command, folder, port, quiet):
        yield from _invoked(f"serverless-offline {OFFLINE}", port, "bench-dev-echo", accepts=True)


def _invoked(peer: str, port: int, function: str, *, accepts: bool) -> Iterator[Row]:
    """The figures of a peer that runs functions, beside ours."""
    path = f"/2015-03-31/functions/{function}/invocations"
    request = plain(f"127.0.0.1:{port}", path, EVENT, {"Content-Type": "application/json"})
    cold = run(one_after_another(port, request, count=1))[0]
    yield _ratio(
        f"{peer}, first answer", cold, "cold plain", "ms", "its code is in place; ours comes from the database"
    )
    run(at_once(port, request, clients=8, seconds=1))
    warm = percentile(run(one_after_another(port, request, count=500)), 50)
    yield _ratio(f"{peer}, warm, one client", warm, "warm", "ms", "no signature, sandbox or record")
    rate, _took = run(at_once(port, request, clients=8, seconds=4))
    yield _ratio(f"{peer}, warm, eight clients", rate, "rate", "/s", "no signature, sandbox or record")
    if accepts:
        headers = {"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"}
        event = plain(f"127.0.0.1:{port}", path, EVENT, headers)
        accept = percentile(run(one_after_another(port, event, count=100)), 50)
        yield _ratio(f"{peer}, asynchronous accept", accept, "accept", "ms", "in memory: lost when it ends")


# -- SAM -------------------------------------------------------------------------------------------


def sam(_live: Live) -> Iterator[Row]:
    if not _output("docker", "images", "-q", "--filter", f"reference={SAM_IMAGES}"):
        raise Missing(
            "its containers are made from its maker's images of Lambda's runtimes, and none is in an engine here"
        )
    folder = _folder("sam")
    (folder / "template.yaml").write_text(SAM_TEMPLATE)
    (folder / "handler.py").write_text(ECHO)
    python = _environment(folder, f"aws-sam-cli=={SAM}")
    port = free_port()
    command = (str(python.parent / "sam"), "local", "start-lambda", "--port", str(port), "--warm-containers", "EAGER")
    with _running((*command, "--skip-pull-image"), folder, port, {"SAM_CLI_TELEMETRY": "0"}):
        yield from _invoked(f"SAM {SAM}", port, "echo", accepts=False)


# -- moto ------------------------------------------------------------------------------------------


def moto(live: Live) -> Iterator[Row]:
    """It runs functions in containers of images that are not here; what it answers by itself is measured."""
    with moto_server() as port:
        for what, service, path, body, headers in (
            ("GetCallerIdentity", "sts", "/", b"Action=GetCallerIdentity&Version=2011-06-15", FORM),
            ("SendMessage", "sqs", "/", _send_message(live, port), TARGET),
        ):
            ours, _took = run(at_once(live.api_port, signed(live, service, path, body, headers), clients=8, seconds=4))
            scope = f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=x"
            request = plain(f"127.0.0.1:{port}", path, body, {**headers, "Authorization": scope})
            theirs, _took = run(at_once(port, request, clients=8, seconds=4))
            FIGURES[what] = ours
            yield _ratio(f"moto {MOTO}, {what}, eight clients", theirs, what, "/s", "in memory, signatures unread")
    raise Missing("to invoke a function it needs an image of one maker's registry, which is not in an engine here")


@contextmanager
def moto_server() -> Iterator[int]:
    """The port of a running one. Raises ``Missing``."""
    folder = _folder("moto")
    python = _environment(folder, f"moto[server]=={MOTO}")
    port = free_port()
    with _running((str(python.parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)), folder, port, {}):
        yield port


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TARGET = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}


def _send_message(live: Live, port: int) -> bytes:
    """A message to the queue ``bench``, which both have; a queue's URL is read for its name."""
    url = live.client("sqs").create_queue(QueueName="bench")["QueueUrl"]
    live.client("sqs", endpoint_url=f"http://127.0.0.1:{port}").create_queue(QueueName="bench")
    account = url.rstrip("/").split("/")[-2]
    return json.dumps({"QueueUrl": f"http://127.0.0.1:{port}/{account}/bench", "MessageBody": "x" * 100}).encode()


PEERS: Mapping[str, Callable[[Live], Iterator[Row]]] = {
    "serverless-offline": serverless_offline,
    "SAM local start-lambda": sam,
    "moto server, Lambda": moto,
}


# -- what they share -------------------------------------------------------------------------------


def _ratio(what: str, theirs: float, name: str, unit: str, note: str) -> Row:
    shown = f"{theirs:,.0f}{unit}" if unit == "/s" else f"{theirs:.2f} {unit}"
    ours = FIGURES.get(name)
    if ours is None:
        return Row(what, f"{shown} ({note})")
    ours_shown = f"{ours:,.0f}{unit}" if unit == "/s" else f"{ours:.2f} {unit}"
    return Row(what, f"{shown} ({note}); Pupitre {ours_shown}, pupitre / peer = {ours / theirs:.2f}")


def _folder(name: str) -> Path:
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _environment(folder: Path, requirement: str) -> Path:
    """A Python environment with what is required in it."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    _install(folder, str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", requirement)
    return python


def _install(folder: Path, *command: str) -> None:
    """Run ``command`` once; raises ``Missing`` when it fails."""
    done = folder / "installed"
    if done.exists() and done.read_text() == repr(command):
        return
    if shutil.which(command[0]) is None:
        raise Missing(f"there is no {command[0]} here to install it with")
    print(f"Installing: {' '.join(command)}", file=sys.stderr)
    try:
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALLS_WITHIN_S)
    except subprocess.TimeoutExpired:
        raise Missing(f"it was not installed within {INSTALLS_WITHIN_S} s") from None
    if ran.returncode:
        raise Missing(f"it could not be installed: {' '.join((ran.stderr or ran.stdout).split())[-200:]}")
    done.write_text(repr(command))


@contextmanager
def _running(command: Sequence[str], folder: Path, port: int, variables: Mapping[str, str]) -> Iterator[None]:
    """The program, from when it answers; it ends with all it has started. Raises ``Missing`` when it never does."""
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(process, port)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise Missing("it did not start")


def _runs(name: str) -> bool:
    return _output(name, "--version") != ""


def _output(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
