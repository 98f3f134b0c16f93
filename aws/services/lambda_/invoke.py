"""Invoking: the answer of the function is the answer, whatever it says."""

import base64

from aws.operation import Caller, Params, operation
from aws.threads import pool
from runner import services as runner

LOOKED_FOR_S = 2.0  # a caller who has waited so long, in line perhaps, may go away


@operation("lambda", "Invoke", waits=LOOKED_FOR_S)
async def invoke(caller: Caller, request: Params) -> Params:
    match request.get("InvocationType", "RequestResponse"):
        case "DryRun":
            return await pool.run(_dry_run, caller, request)
        case "Event":
            return await _accept(caller, request)
        case _:
            return await _run(caller, request)


@operation("lambda", "InvokeAsync")
def invoke_async(caller: Caller, request: Params) -> Params:
    runner.invoke_async(
        account=caller.account,
        reference=request["FunctionName"],
        payload=request["InvokeArgs"],
        request_id=caller.request_id,
        trace=caller.trace,
    )
    return {"Status": 202}


async def _run(caller: Caller, request: Params) -> Params:
    answer = await runner.invoke(
        account=caller.account,
        reference=request["FunctionName"],
        qualifier=request.get("Qualifier", ""),
        payload=request.get("Payload", b""),
        client_context=request.get("ClientContext", ""),
        request_id=caller.request_id,
        caller_arn=caller.principal_arn,
        trace=caller.trace,
    )
    members: Params = {
        "StatusCode": 200,
        "ExecutedVersion": answer.executed_version,
        "FunctionError": answer.function_error or None,
        "Payload": answer.payload,
    }
    if request.get("LogType") == "Tail":
        members["LogResult"] = base64.b64encode(answer.log_tail.encode()).decode()
    return members


async def _accept(caller: Caller, request: Params) -> Params:
    await runner.accept(
        account=caller.account,
        reference=request["FunctionName"],
        qualifier=request.get("Qualifier", ""),
        payload=request.get("Payload", b""),
        client_context=request.get("ClientContext", ""),
        request_id=caller.request_id,
        trace=caller.trace,
    )
    return {"StatusCode": 202, "Payload": b""}


def _dry_run(caller: Caller, request: Params) -> Params:
    runner.dry_run(account=caller.account, reference=request["FunctionName"], qualifier=request.get("Qualifier", ""))
    return {"StatusCode": 204, "Payload": b""}
