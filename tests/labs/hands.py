"""The two hands a lab is done with: boto3, and the ``aws`` command. Both say the same things, so tests read alike."""

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tests.live import Reachable

SLIDE_ROLE = "arn:aws:iam::147552475298:role/LabRole"  # as on the slide: somebody else's account


@dataclass(frozen=True)
class Answer:
    """What came back from an invocation. ``payload`` is parsed JSON, or None when there was none."""

    status: int
    payload: Any
    function_error: str
    log: str


class Refused(Exception):
    """AWS's error code and message, whichever hand heard it."""


class Hand(Protocol):
    """What a lab needs to be able to do."""

    def create_function(
        self,
        name: str,
        code: str,
        *,
        runtime: str = "python3.12",
        variables: Mapping[str, str] | None = None,
        layers: Sequence[str] = (),
        timeout: int = 30,
    ) -> None: ...

    def invoke(self, name: str, event: object = None, *, kind: str = "RequestResponse") -> Answer: ...

    def publish_layer(self, name: str, files: Mapping[str, bytes]) -> str: ...

    def delete_function(self, name: str) -> None: ...


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    """A package, as a student's zip program makes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, data in files.items():
            package.writestr(name, data)
    return buffer.getvalue()


class Boto3:
    """By boto3."""

    def __init__(self, live: Reachable) -> None:
        self.client = live.client("lambda")

    def create_function(
        self,
        name: str,
        code: str,
        *,
        runtime: str = "python3.12",
        variables: Mapping[str, str] | None = None,
        layers: Sequence[str] = (),
        timeout: int = 30,
    ) -> None:
        _translated(
            self.client.create_function,
            FunctionName=name,
            Runtime=runtime,
            Role=SLIDE_ROLE,
            Handler="lambda_function.lambda_handler",
            Code={"ZipFile": zipped({"lambda_function.py": code})},
            Environment={"Variables": dict(variables or {})},
            Layers=list(layers),
            Timeout=timeout,
        )
        self.client.get_waiter("function_active_v2").wait(FunctionName=name)

    def invoke(self, name: str, event: object = None, *, kind: str = "RequestResponse") -> Answer:
        tail = {"LogType": "Tail"} if kind == "RequestResponse" else {}
        answer = _translated(
            self.client.invoke, FunctionName=name, InvocationType=kind, Payload=json.dumps(event).encode(), **tail
        )
        payload = answer["Payload"].read()
        return Answer(
            answer["StatusCode"],
            json.loads(payload) if payload else None,
            answer.get("FunctionError", ""),
            base64.b64decode(answer.get("LogResult", "")).decode(),
        )

    def publish_layer(self, name: str, files: Mapping[str, bytes]) -> str:
        content = {"ZipFile": zipped(files)}
        return str(_translated(self.client.publish_layer_version, LayerName=name, Content=content)["LayerVersionArn"])

    def delete_function(self, name: str) -> None:
        self.client.delete_function(FunctionName=name)


def _translated(operation: Callable[..., Any], **members: Any) -> Any:
    try:
        return operation(**members)
    except ClientError as error:
        raise Refused(f"{error.response['Error']['Code']}: {error.response['Error']['Message']}") from error


class AwsCli:
    """By the ``aws`` command."""

    def __init__(self, live: Reachable, folder: Path) -> None:
        self.environment = live.client_environment()
        self.folder = folder

    def aws(self, *words: str) -> Any:
        """``aws lambda …``; its JSON answer."""
        command = (str(Path(sys.executable).with_name("aws")), "lambda", *words)
        done = subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise Refused(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def create_function(
        self,
        name: str,
        code: str,
        *,
        runtime: str = "python3.12",
        variables: Mapping[str, str] | None = None,
        layers: Sequence[str] = (),
        timeout: int = 30,
    ) -> None:
        (self.folder / "function.zip").write_bytes(zipped({"lambda_function.py": code}))
        options = ["--environment", json.dumps({"Variables": dict(variables or {})}), "--timeout", str(timeout)]
        if layers:
            options += ["--layers", *layers]
        self.aws(
            *("create-function", "--function-name", name, "--runtime", runtime, "--role", SLIDE_ROLE),
            *("--handler", "lambda_function.lambda_handler", "--zip-file", "fileb://function.zip", *options),
        )
        self.aws("wait", "function-active-v2", "--function-name", name)

    def invoke(self, name: str, event: object = None, *, kind: str = "RequestResponse") -> Answer:
        tail = ("--log-type", "Tail") if kind == "RequestResponse" else ()
        answer = self.aws(
            *("invoke", "--function-name", name, "--invocation-type", kind, *tail),
            *("--payload", json.dumps(event), "answer.json"),
        )
        payload = (self.folder / "answer.json").read_text()
        return Answer(
            answer["StatusCode"],
            json.loads(payload) if payload else None,
            answer.get("FunctionError", ""),
            base64.b64decode(answer.get("LogResult", "")).decode(),
        )

    def publish_layer(self, name: str, files: Mapping[str, bytes]) -> str:
        (self.folder / "layer.zip").write_bytes(zipped(files))
        answer = self.aws("publish-layer-version", "--layer-name", name, "--zip-file", "fileb://layer.zip")
        return str(answer["LayerVersionArn"])

    def delete_function(self, name: str) -> None:
        self.aws("delete-function", "--function-name", name)
