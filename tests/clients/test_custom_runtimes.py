"""A custom runtime and a streamed answer through the whole product, by boto3."""

import io
import uuid
import zipfile
from typing import Any

import pytest

from runner.runtimes import interpreters
from tests.live import Live

BOOTSTRAP = """#!/bin/sh
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  echo "saw $event ${AWS_EXECUTION_ENV:-nothing}"
  curl -sS -o /dev/null "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "shell: $event"
done
"""
STREAMS = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  for (const word of event.words) stream.write(word);
  if (event.fails) throw new Error("midway");
  stream.end();
});
"""


def _zip(name: str, text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o100755 << 16
        archive.writestr(info, text)
    return data.getvalue()


def _create(live: Live, *, runtime: str, handler: str, package: bytes) -> tuple[Any, str]:
    client, name = live.client("lambda"), f"custom-{uuid.uuid4().hex[:8]}"
    role = live.client("iam").get_role(RoleName="LabRole")["Role"]["Arn"]
    client.create_function(
        FunctionName=name, Runtime=runtime, Handler=handler, Role=role, Code={"ZipFile": package}, Timeout=10
    )
    return client, name


def test_a_shell_bootstrap_answers_whole_and_streamed(live: Live):
    client, name = _create(live, runtime="provided.al2023", handler="any", package=_zip("bootstrap", BOOTSTRAP))

    whole = client.invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    streamed = client.invoke_with_response_stream(FunctionName=name, Payload=b"2", LogType="Tail")
    events = list(streamed["EventStream"])
    dry = client.invoke_with_response_stream(FunctionName=name, InvocationType="DryRun")

    assert whole["Payload"].read() == b'shell: {"a": 1}'
    assert events[0] == {"PayloadChunk": {"Payload": b"shell: 2"}}
    assert "LogResult" in events[1]["InvokeComplete"]
    assert dry["StatusCode"] == 204
    assert "ErrorCode" not in events[1]["InvokeComplete"]


@pytest.mark.skipif(not any(one.family == "node" for one in interpreters()), reason="there is no Node.js on this host")
def test_a_node_handler_streams_and_its_error_comes_last(live: Live):
    client, name = _create(live, runtime="nodejs22.x", handler="index.handler", package=_zip("index.js", STREAMS))

    fine = client.invoke_with_response_stream(FunctionName=name, Payload=b'{"words": ["one ", "two"]}')
    parts = list(fine["EventStream"])
    failing = client.invoke_with_response_stream(FunctionName=name, Payload=b'{"words": ["one "], "fails": true}')
    *begun, end = list(failing["EventStream"])

    assert b"".join(part["PayloadChunk"]["Payload"] for part in parts[:-1]) == b"one two"
    assert parts[-1] == {"InvokeComplete": {}}
    assert fine["ResponseMetadata"]["HTTPHeaders"]["x-amzn-remapped-content-type"] == "text/plain"
    assert [part["PayloadChunk"]["Payload"] for part in begun] == [b"one "]
    assert end["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert "midway" in end["InvokeComplete"]["ErrorDetails"]
