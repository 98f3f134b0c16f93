"""AWS's policy language: who may do what, and which statement says so."""

import json
from typing import Any

import pytest

from accounts.policies import Decision, Grants, Layer, Policies, Request, Subject, context_of, evaluate, parse
from accounts.policies.conditions import OPERATORS

ACCOUNT, OTHER = "123456789012", "999999999999"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/worker"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/hello"
WORKER = Subject(arn=SESSION_ARN, account_id=ACCOUNT, role_arn=ROLE_ARN)
S3 = Subject(service="s3.amazonaws.com")
LISTENER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:listener"
INVOKE = "lambda:InvokeFunction"


def policies(*statements: dict[str, Any], name: str = "mine") -> Policies:
    return Policies.of(parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), name=name))


def allow(action: Any = INVOKE, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = INVOKE, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def decide(
    *identity: dict[str, Any],
    action: str = INVOKE,
    on: str = LISTENER,
    subject: Subject = WORKER,
    boundary: Policies | None = None,
    session: Policies | None = None,
    resource: Policies | None = None,
    context: dict[str, Any] | None = None,
    **more: Any,
) -> Decision:
    grants = Grants(policies(*identity), boundary, session)
    request = Request(action, on, context_of(context or {}))
    return evaluate(request, subject=subject, grants=grants, resource=resource, **more)


# -- allow and deny --------------------------------------------------------------------------------


def test_what_nobody_allows_is_denied():
    decision = decide(allow("s3:GetObject"))

    assert not decision.allowed
    assert not decision.explicit
    assert decision.why(INVOKE) == "because no identity-based policy allows the lambda:InvokeFunction action"


def test_a_statement_that_allows_is_named():
    decision = decide(allow("logs:*"), allow(Sid="Call"))

    assert decision.allowed
    assert decision.by == "mine, statement 2 (Call)"


def test_an_explicit_deny_wins_over_every_allow_and_is_named():
    decision = decide(allow("*"), allow(), deny("lambda:Invoke*", Sid="NotToday"))

    assert (decision.allowed, decision.explicit) == (False, True)
    assert decision.by == "mine, statement 3 (NotToday)"
    assert decision.why(INVOKE) == "with an explicit deny in an identity-based policy"


@pytest.mark.parametrize(
    ("action", "matches"),
    [
        (INVOKE, True),
        ("lambda:invokefunction", True),
        ("LAMBDA:*", True),
        ("lambda:Invoke?unction", True),
        ("*", True),
        (["s3:*", "lambda:I*n"], True),
        ("lambda:Invoke", False),
        ("lambda:", False),
        ("s3:*", False),
    ],
)
def test_actions_match_in_any_case_and_with_wildcards(action, matches):
    assert decide(allow(action)).allowed is matches


def test_not_action_covers_everything_else():
    everything_but_iam = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}

    assert decide(everything_but_iam).allowed
    assert not decide(everything_but_iam, action="iam:CreateRole", on="*").allowed


@pytest.mark.parametrize(
    ("resource", "matches"),
    [
        (LISTENER, True),
        (f"{LISTENER}*", True),
        ("arn:aws:lambda:*:*:function:listener", True),
        ("arn:aws:lambda:us-east-1:${aws:PrincipalAccount}:function:*", True),
        ("arn:aws:lambda:us-east-1:${aws:Nothing}:function:*", False),
        ("arn:aws:lambda:us-east-1:${aws:Nothing, '123456789012'}:function:*", True),
        (LISTENER.upper(), False),
        (f"{LISTENER}:1", False),
        (f"{LISTENER}?", False),
    ],
)
def test_resources_match_by_case_with_wildcards_and_variables(resource, matches):
    assert decide(allow(resource=resource), context={"aws:PrincipalAccount": ACCOUNT}).allowed is matches


def test_a_variable_s_value_is_no_pattern():
    own = allow("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*")

    assert not decide(own, action="s3:GetObject", on="arn:aws:s3:::home/bob/x", context={"aws:username": "*"}).allowed
    assert decide(own, action="s3:GetObject", on="arn:aws:s3:::home/*/x", context={"aws:username": "*"}).allowed


def test_a_policy_of_the_old_version_has_no_variables():
    document = {"Version": "2008-10-17", "Statement": allow(resource="arn:${aws:username}")}
    grants = Grants(Policies.of(parse(document)))
    context = context_of({"aws:username": "ada"})

    assert evaluate(Request(INVOKE, "arn:${aws:username}", context), subject=WORKER, grants=grants).allowed
    assert not evaluate(Request(INVOKE, "arn:ada", context), subject=WORKER, grants=grants).allowed


def test_not_resource_covers_everything_else():
    statement = {"Effect": "Allow", "Action": "lambda:*", "NotResource": f"{LISTENER}*"}

    assert not decide(statement).allowed
    assert decide(statement, on=LISTENER.replace("listener", "other")).allowed


@pytest.mark.parametrize("document", ["", "[]", "null", '{"Statement": 1}', '{"Statement": ["x"]}', "[" * 9999])
def test_what_is_no_policy_denies_everything(document):
    grants = Grants(Policies.of(parse(document), parse(json.dumps({"Statement": allow("*")}))))
    assert not evaluate(Request(INVOKE, LISTENER), subject=WORKER, grants=grants).allowed


def test_a_statement_with_an_unknown_condition_allows_nothing_and_still_denies():
    odd = {"Condition": {"StringResembles": {"aws:username": "ada"}}}

    assert not decide(allow(**odd)).allowed
    assert decide(allow(), deny(**odd)).explicit


# -- boundary and session --------------------------------------------------------------------------


def test_a_boundary_only_takes_away():
    boundary = policies(allow("s3:*"))

    denied = decide(allow("*"), boundary=boundary)
    assert denied.why(INVOKE) == "because no permissions boundary allows the lambda:InvokeFunction action"
    assert decide(allow("*"), action="s3:GetObject", boundary=boundary).allowed
    assert not decide(action="s3:GetObject", boundary=boundary).allowed


def test_a_session_policy_only_takes_away():
    denied = decide(allow("*"), session=policies(allow("s3:*")))

    assert denied.why(INVOKE) == "because no session policy allows the lambda:InvokeFunction action"
    assert decide(allow("*"), session=policies(allow("*"), deny())).explicit


# -- resource policies -----------------------------------------------------------------------------


def granting(principal: Any, **more: Any) -> Policies:
    return policies(allow(resource=LISTENER, Principal=principal, Sid="grant", **more), name="default")


@pytest.mark.parametrize("principal", [{"AWS": ROLE_ARN}, {"AWS": SESSION_ARN}, {"AWS": ["x", ROLE_ARN]}, "*"])
def test_within_an_account_a_resource_policy_that_names_the_role_is_enough(principal):
    decision = decide(resource=granting(principal))

    assert decision.allowed
    assert decision.layer is Layer.RESOURCE
    assert decision.by == "default, statement 1 (grant)"


@pytest.mark.parametrize("principal", [{"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}])
def test_naming_the_account_leaves_the_decision_to_its_own_policies(principal):
    assert not decide(resource=granting(principal)).allowed
    assert decide(allow(), resource=granting(principal)).allowed


def test_between_accounts_both_sides_must_allow():
    there = {"resource": granting({"AWS": ACCOUNT}), "owner": OTHER}

    assert decide(allow(), **there).allowed
    assert not decide(**there).allowed
    assert not decide(allow(), owner=OTHER).allowed
    assert decide(allow(), owner=OTHER).why(INVOKE).startswith("because no resource-based policy allows")
    assert not decide(allow(), resource=granting({"AWS": OTHER}), owner=OTHER).allowed


def test_a_boundary_bounds_what_a_resource_policy_gives_to_a_role_but_not_to_its_session():
    boundary = policies(allow("s3:*"))

    assert not decide(resource=granting({"AWS": ROLE_ARN}), boundary=boundary).allowed
    assert decide(resource=granting({"AWS": SESSION_ARN}), boundary=boundary).allowed


def test_a_service_needs_the_resource_s_leave_and_its_conditions():
    source = {
        "StringEquals": {"AWS:SourceAccount": ACCOUNT},
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"},
    }
    leave = granting({"Service": "s3.amazonaws.com"}, Condition=source)
    bucket = {"aws:SourceArn": "arn:aws:s3:::photos", "aws:SourceAccount": ACCOUNT}

    def asks(context: dict[str, str], *, subject: Subject = S3, resource: Policies | None = leave) -> bool:
        return decide(subject=subject, resource=resource, context=context, owner=ACCOUNT).allowed

    assert asks(bucket)
    assert not asks(bucket | {"aws:SourceArn": "arn:aws:s3:::other"})
    assert not asks(bucket | {"aws:SourceAccount": OTHER})
    assert not asks({})
    assert not asks(bucket, subject=Subject(service="sns.amazonaws.com"))
    assert not asks(bucket, resource=None)


def test_a_resource_policy_may_deny_all_but_some():
    statement = deny(Principal="*") | {"NotPrincipal": {"AWS": ROLE_ARN}}
    del statement["Principal"]

    assert decide(allow(), resource=policies(statement)).allowed
    other = Subject(arn=SESSION_ARN.replace("worker", "other"), account_id=ACCOUNT, role_arn=f"{ROLE_ARN}2")
    denied = decide(allow(), resource=policies(statement), subject=other)
    assert denied.why(INVOKE) == "with an explicit deny in a resource-based policy"


def test_a_trust_policy_must_name_whoever_takes_the_role():
    ask = {"action": "sts:AssumeRole", "on": ROLE_ARN, "needs_resource": True}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    may = allow("sts:AssumeRole")

    assert not decide(may, resource=policies(trust | {"Principal": {"Service": "lambda.amazonaws.com"}}), **ask).allowed
    assert decide(may, resource=policies(trust | {"Principal": {"AWS": ACCOUNT}}), **ask).allowed
    assert not decide(resource=policies(trust | {"Principal": {"AWS": ACCOUNT}}), **ask).allowed
    assert decide(resource=policies(trust | {"Principal": {"AWS": ROLE_ARN}}), **ask).allowed


# -- conditions ------------------------------------------------------------------------------------

MOMENT = {"aws:CurrentTime": "2026-11-23T12:00:00Z"}


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"aws:username": "ada"}}, {"aws:username": "ada"}, True),
        ({"StringEquals": {"AWS:UserName": ["bob", "ada"]}}, {"aws:username": "ada"}, True),
        ({"StringEquals": {"aws:username": "Ada"}}, {"aws:username": "ada"}, False),
        ({"StringEquals": {"aws:username": "a*"}}, {"aws:username": "ada"}, False),
        ({"StringEquals": {"aws:username": "ada"}}, {}, False),
        ({"StringEqualsIgnoreCase": {"aws:username": "ADA"}}, {"aws:username": "ada"}, True),
        ({"StringNotEquals": {"aws:username": ["bob", "ada"]}}, {"aws:username": "ada"}, False),
        ({"StringNotEquals": {"aws:username": "bob"}}, {}, True),
        ({"StringLike": {"aws:username": "a?a*"}}, {"aws:username": "adalove"}, True),
        ({"StringLike": {"aws:username": "${aws:userid}*"}}, {"aws:username": "ada", "aws:userid": "a"}, True),
        ({"StringNotLike": {"aws:username": "a*"}}, {"aws:username": "ada"}, False),
        ({"StringEqualsIfExists": {"aws:username": "ada"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:username": "ada"}}, {"aws:username": "bob"}, False),
        ({"Null": {"aws:username": "true"}}, {}, True),
        ({"Null": {"aws:username": True}}, {"aws:username": "ada"}, False),
        ({"Null": {"aws:username": "false"}}, {"aws:username": "ada"}, True),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
        ({"NumericLessThan": {"s3:max-keys": 10}}, {"s3:max-keys": "10"}, False),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, {"s3:max-keys": "10"}, True),
        ({"NumericEquals": {"s3:max-keys": "10.0"}}, {"s3:max-keys": "10"}, True),
        ({"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, True),
        ({"NumericGreaterThan": {"s3:max-keys": "x"}}, {"s3:max-keys": "11"}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-11-23T11:59:59Z"}}, MOMENT, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-11-23T13:00:00+02:00"}}, MOMENT, False),
        ({"DateLessThan": {"aws:CurrentTime": "1795435201"}}, {"aws:CurrentTime": "1795435200"}, True),
        ({"DateLessThan": {"aws:CurrentTime": "9" * 400}}, MOMENT, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {}, False),
        ({"BoolIfExists": {"aws:SecureTransport": "true"}}, {}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, True),
        ({"IpAddress": {"aws:SourceIp": ["::1", "10.0.0.1"]}}, {"aws:SourceIp": "10.0.0.1"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "::1"}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "11.0.0.1"}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::ph*"}}, {"aws:SourceArn": "arn:aws:s3:::photos"}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:*:t"}}, {"aws:SourceArn": "arn:aws:sns:r:1:t"}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:t"}}, {"aws:SourceArn": "arn:aws:sns:r:1:t"}, False),
        ({"ArnLike": {"aws:SourceArn": "*"}}, {"aws:SourceArn": "arn:aws:sns:r:1:t"}, True),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::ph*"}}, {"aws:SourceArn": "arn:aws:s3:::photos"}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {}, True),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "b*"}}, {"aws:TagKeys": ["a", "bc"]}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "b"}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "b"}}, {"aws:TagKeys": ["b", "c"]}, True),
        ({"StringEquals": {"a:x": "1", "a:y": "2"}}, {"a:x": "1"}, False),
        ({"StringEquals": {"a:x": "1"}, "Bool": {"a:y": "true"}}, {"a:x": "1", "a:y": "true"}, True),
    ],
)
def test_conditions(condition, context, holds):
    assert decide(allow(Condition=condition), context=context).allowed is holds


def test_a_role_is_only_passed_to_the_service_that_is_named():
    passing = allow(
        "iam:PassRole", ROLE_ARN, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    )

    def passes(service: str) -> bool:
        return decide(passing, action="iam:PassRole", on=ROLE_ARN, context={"iam:PassedToService": service}).allowed

    assert passes("lambda.amazonaws.com")
    assert not passes("ec2.amazonaws.com")


def test_every_operator_refuses_or_takes_nonsense_without_failing():
    for name in OPERATORS:
        for value in ("", "x", "9" * 5000, "1e999", "0x", "2026-13-99", "10.0.0.0/99", "a:b:c:d:e:f:g", "nan"):
            decide(allow(Condition={name: {"aws:x": value}}), context={"aws:x": "9" * 3000})
