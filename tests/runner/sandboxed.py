"""Functions in real sandboxes, for tests: give their files, invoke them, see what a caller and the log would see."""

import json
import os
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from runner.context import LD_LIBRARY_PATH
from runner.environment import Environment, InvokeRequest
from runner.outcomes import Outcome
from runner.runtimes import Interpreter, interpreter_for, interpreters
from runner.sandboxes import images, rootfs
from runner.sandboxes.base import SandboxDriver, SandboxSpec, SandboxUnavailable, Sdk
from runner.sandboxes.bubblewrap import Bubblewrap
from runner.sandboxes.docker import Docker, DockerSandbox
from runner.sandboxes.launched import LaunchedSandbox
from tests import engine

CANARY = "canary-c0ffee-5ecret"  # in the worker's environment; it must be nowhere inside

VARIABLES = {
    "_HANDLER": "lambda_function.lambda_handler",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "hello",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/hello",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_EC2_METADATA_DISABLED": "true",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": LD_LIBRARY_PATH,
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "TZ": ":UTC",
}


type Meanwhile = Callable[[], AbstractContextManager[None]]
"""What goes on while a function is in its init phase or invoked."""


@dataclass
class Reply:
    """What came of one init or invocation."""

    outcome: Outcome
    lines: list[str]

    @property
    def value(self) -> Any:
        """The answer, or the error document, parsed."""
        return json.loads(self.outcome.payload)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Function:
    """One execution environment that has been started for a function."""

    environment: Environment
    spec: SandboxSpec
    meanwhile: Meanwhile = nullcontext
    began: Reply = field(init=False)
    count: int = 0

    def init(self, timeout_s: float = 10.0) -> Reply:
        lines: list[str] = []
        with self.meanwhile():
            outcome = self.environment.init(self.spec, request_id="init-id", on_log=lines.append, timeout_s=timeout_s)
        self.began = Reply(outcome, lines)
        return self.began

    def invoke(self, event: object = None, *, timeout_s: float = 10.0, **members: Any) -> Reply:
        """Invoke once; the request ids are ``request-1``, ``request-2`` …"""
        self.count += 1
        lines: list[str] = []
        request = InvokeRequest(
            request_id=f"request-{self.count}",
            payload=json.dumps(event).encode(),
            timeout_s=timeout_s,
            invoked_arn="arn:aws:lambda:us-east-1:123456789012:function:hello",
            **members,
        )
        with self.meanwhile():
            return Reply(self.environment.invoke(request, lines.append), lines)


def newest(family: str) -> Interpreter | None:
    return next((found for found in interpreters() if found.family == family), None)


def write_tree(directory: Path, files: Mapping[str, str | bytes]) -> Path:
    """Text is dedented; what begins as programs do may be run."""
    directory.mkdir(parents=True)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        path.write_bytes(data)
        path.chmod(0o755 if data.startswith((b"#!", b"\x7fELF")) else 0o644)
    return directory


class Bench:
    """Starts functions on one driver and stops them at the end of the test."""

    def __init__(self, driver: SandboxDriver, directory: Path) -> None:
        self.driver, self.directory = driver, directory
        self.made: list[Function] = []
        self.meanwhile: Meanwhile = nullcontext

    def prepare(
        self,
        files: Mapping[str, str | bytes] | str,
        *,
        handler: str = "lambda_function.lambda_handler",
        family: str = "python",
        interpreter: Interpreter | None = None,
        layers: tuple[Mapping[str, str | bytes], ...] = (),
        environment: dict[str, str] | None = None,
        memory_mb: int = 128,
        ephemeral_mb: int = 512,
        sdk: Sdk = Sdk.AT_HAND,
    ) -> Function:
        """A sandbox started for a function, its init phase not run. ``files`` as text is the handler's module."""
        if isinstance(files, str):
            files = {("index.js" if family == "node" else "lambda_function.py"): files}
        interpreter = interpreter or (interpreter_for("provided.al2023") if family == "provided" else newest(family))
        assert interpreter is not None
        place = self.directory / f"function-{len(self.made)}"
        spec = SandboxSpec(
            interpreter=interpreter,
            handler="index.handler" if family == "node" and handler.startswith("lambda_function") else handler,
            code_dir=write_tree(place / "code", files),
            layer_dirs=tuple(write_tree(place / f"layer-{n}", layer) for n, layer in enumerate(layers)),
            environment={**VARIABLES, "_HANDLER": handler, **(environment or {})},
            memory_mb=memory_mb,
            ephemeral_mb=ephemeral_mb,
        )
        sandbox = self.driver.start(interpreter, ephemeral_mb=ephemeral_mb, sdk=sdk)
        function = Function(Environment(sandbox), spec, self.meanwhile)
        self.made.append(function)
        return function

    def function(self, files: Mapping[str, str | bytes] | str, **options: Any) -> Function:
        """A function whose init phase went well."""
        function = self.prepare(files, **options)
        began = function.init()
        assert began.outcome.ok, (began.outcome, began.lines)
        return function

    @property
    def own_users(self) -> bool:
        """Whether each sandbox has a user of its own on the host."""
        return not isinstance(self.driver, Bubblewrap) or self.driver.private

    def has_sdk(self, family: str) -> bool:
        """Whether functions of this family find the AWS SDK."""
        interpreter = newest(family)
        if isinstance(self.driver, Docker) or interpreter is None:
            return interpreter is not None
        libraries = rootfs.libraries(interpreter)
        return libraries.is_dir() and (family == "python" or (libraries / "node_modules").is_dir())

    def traces(self, function: Function) -> list[str]:
        """What there still is of a function's sandbox on this host."""
        sandbox = function.environment.sandbox
        if isinstance(sandbox, DockerSandbox):
            left = [str(sandbox.folder)] if sandbox.folder.exists() else []
            return left + engine.containers_with(str(sandbox.folder))
        assert isinstance(sandbox, LaunchedSandbox) and isinstance(self.driver, Bubblewrap)
        groups = self.driver.cgroups
        places = [sandbox.directory, *(groups.directories(sandbox.group) if groups else ())]
        return [str(place) for place in places if Path(place).exists()]

    def close(self) -> None:
        for function in self.made:
            function.environment.stop()


type MakeFunction = Callable[..., Function]


@contextmanager
def opened(driver: SandboxDriver, directory: Path) -> Iterator[Bench]:
    bench = Bench(driver, directory)
    try:
        yield bench
    finally:
        bench.close()


@contextmanager
def bubblewrap(data_dir: Path, *, zygotes: bool = True) -> Iterator[SandboxDriver]:
    """The bubblewrap driver, or a skip that says what this host lacks; the newest Python's sandboxes are forks."""
    os.environ["PUPITRE_TEST_CANARY"] = CANARY
    with override_settings(DATA_DIR=data_dir, SANDBOX_ZYGOTES=zygotes):
        made = Bubblewrap()
        try:
            made.prepare()
        except SandboxUnavailable as error:
            pytest.skip(error.text)
        if zygotes and (python := newest("python")):
            made.start(python, sdk=Sdk.AHEAD).kill()  # its zygote is there now
        yield made
        made.close()


@contextmanager
def containers(broker: engine.LiveBroker) -> Iterator[SandboxDriver]:
    """The Docker driver beside a broker."""
    os.environ["PUPITRE_TEST_CANARY"] = CANARY
    with override_settings(SANDBOX_DRIVER="docker", SANDBOX_BROKER=broker.socket):
        images.forget()
        made = Docker()
        made.prepare()
        yield made
        made.close()
    images.forget()
