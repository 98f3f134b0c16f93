"""Trying policies out."""

from accounts.iam import pages, simulation
from accounts.iam.simulation import CUSTOM, Evaluation, Question
from accounts.policies import Layer, Statement
from aws.operation import Caller, Params, operation
from aws.services.iam import shapes

_DECISIONS = {(True, False): "allowed", (False, True): "explicitDeny", (False, False): "implicitDeny"}


@operation("iam", "SimulateCustomPolicy")
def simulate_custom_policy(caller: Caller, request: Params) -> Params:
    found = simulation.simulate_custom_policy(
        account=caller.account,
        policies=request["PolicyInputList"],
        boundary=request.get("PermissionsBoundaryPolicyInputList", []),
        question=_question(request),
    )
    return _page(request, found)


@operation("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(caller: Caller, request: Params) -> Params:
    found = simulation.simulate_principal_policy(
        account=caller.account,
        arn=request["PolicySourceArn"],
        policies=request.get("PolicyInputList", []),
        boundary=request.get("PermissionsBoundaryPolicyInputList", []),
        question=_question(request),
    )
    return _page(request, found)


def _question(request: Params) -> Question:
    entries = request.get("ContextEntries", [])
    return Question(
        actions=request["ActionNames"],
        resources=request.get("ResourceArns") or ["*"],
        context={entry["ContextKeyName"]: entry.get("ContextKeyValues", []) for entry in entries},
        resource_policy=request.get("ResourcePolicy", ""),
        caller_arn=request.get("CallerArn", ""),
    )


def _page(request: Params, found: list[Evaluation]) -> Params:
    rows, marker = pages.slice_page(found, **shapes.paging(request))
    return {"EvaluationResults": [_result(row) for row in rows], "IsTruncated": marker is not None, "Marker": marker}


def _result(evaluation: Evaluation) -> Params:
    decision = evaluation.decision
    members: Params = {
        "EvalActionName": evaluation.action,
        "EvalResourceName": evaluation.resource,
        "EvalDecision": _DECISIONS[decision.allowed, decision.explicit],
        "MatchedStatements": [_statement(decision.statement, decision.layer)] if decision.statement else [],
        "MissingContextValues": list(evaluation.missing),
    }
    if evaluation.bounded is not None:
        members["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": evaluation.bounded}
    return members


def _statement(statement: Statement, layer: Layer) -> Params:
    return {"SourcePolicyId": statement.policy.rpartition("/")[2], "SourcePolicyType": _kind(statement.policy, layer)}


def _kind(policy: str, layer: Layer) -> str:
    if layer is Layer.RESOURCE:
        return "resource"
    if policy.startswith("arn:aws:iam::aws:"):
        return "aws-managed"
    if policy.startswith("arn:"):
        return "user-managed"
    return "none" if policy.startswith(f"{CUSTOM}.") or not policy else "role"
