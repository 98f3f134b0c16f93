"""InvokeWithResponseStream: the answer's parts as events, and how it ended as the last."""

import base64
from collections.abc import AsyncIterator

from aws.operation import Caller, Params, operation
from aws.threads import pool
from runner import services as runner


@operation("lambda", "InvokeWithResponseStream")
async def invoke_with_response_stream(caller: Caller, request: Params) -> Params:
    if request.get("InvocationType") == "DryRun":
        return await pool.run(_dry_run, caller, request)
    streamed = await runner.invoke_streaming(
        account=caller.account,
        reference=request["FunctionName"],
        qualifier=request.get("Qualifier", ""),
        payload=request.get("Payload", b""),
        client_context=request.get("ClientContext", ""),
        request_id=caller.request_id,
        caller_arn=caller.principal_arn,
        trace=caller.trace,
    )
    return {
        "StatusCode": 200,
        "ExecutedVersion": streamed.executed_version,
        "ResponseStreamContentType": streamed.content_type or "application/octet-stream",
        "EventStream": _events(streamed, wants_log=request.get("LogType") == "Tail"),
    }


async def _events(streamed: runner.Streamed, *, wants_log: bool) -> AsyncIterator[tuple[str, Params]]:
    async for part in streamed.parts():
        yield "PayloadChunk", {"Payload": part}
    answer = streamed.answer
    members: Params = {}
    if answer.function_error:
        members = {"ErrorCode": answer.function_error, "ErrorDetails": answer.payload.decode(errors="replace")}
    if wants_log:
        members["LogResult"] = base64.b64encode(answer.log_tail.encode()).decode()
    yield "InvokeComplete", members


def _dry_run(caller: Caller, request: Params) -> Params:
    runner.dry_run(account=caller.account, reference=request["FunctionName"], qualifier=request.get("Qualifier", ""))
    return {"StatusCode": 204, "EventStream": _no_events()}


async def _no_events() -> AsyncIterator[tuple[str, Params]]:
    events: tuple[tuple[str, Params], ...] = ()
    for event in events:
        yield event
