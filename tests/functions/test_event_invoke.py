import json

import pytest

from accounts import iam
from core import targets
from core.errors import InvalidParameterValue
from functions import errors, selectors
from functions.policies import Permission
from functions.services.event_invoke import (
    delete_function_event_invoke_config,
    put_function_event_invoke_config,
    update_function_event_invoke_config,
)
from functions.services.functions import update_function_configuration
from functions.services.permissions import add_permission


@pytest.fixture
def listener(monkeypatch):
    """Something that takes events for ARNs of ``sqs``."""
    monkeypatch.setitem(targets._targets, "sqs", lambda **event: None)
    return "arn:aws:sqs:us-east-1:123456789012:queue"


def test_put_replaces_and_update_adds(ada, make_function, listener):
    make_function(ada)
    put_function_event_invoke_config(account=ada, name="hello", maximum_retry_attempts=0, on_failure=listener)

    updated = update_function_event_invoke_config(account=ada, name="hello", maximum_event_age=60)
    assert (updated.maximum_retry_attempts, updated.maximum_event_age, updated.on_failure) == (0, 60, listener)

    replaced = put_function_event_invoke_config(account=ada, name="hello", maximum_retry_attempts=1)
    assert (replaced.maximum_retry_attempts, replaced.maximum_event_age, replaced.on_failure) == (1, None, "")


def test_an_empty_destination_takes_it_away(ada, make_function, listener):
    make_function(ada)
    put_function_event_invoke_config(account=ada, name="hello", on_failure=listener)

    assert update_function_event_invoke_config(account=ada, name="hello", on_failure="").on_failure == ""


@pytest.mark.parametrize(
    "given",
    [
        {"maximum_retry_attempts": 3},
        {"maximum_retry_attempts": -1},
        {"maximum_event_age": 59},
        {"maximum_event_age": 21_601},
    ],
)
def test_values_out_of_bounds_are_refused(ada, make_function, given):
    make_function(ada)

    with pytest.raises(errors.MemberInvalid):
        put_function_event_invoke_config(account=ada, name="hello", **given)


def test_a_destination_that_nobody_serves_is_refused(ada, make_function):
    make_function(ada)

    with pytest.raises(InvalidParameterValue, match="is invalid"):
        put_function_event_invoke_config(
            account=ada, name="hello", on_success="arn:aws:nothing:us-east-1:123456789012:x"
        )


def test_a_function_is_not_its_own_destination(ada, make_function, monkeypatch):
    monkeypatch.setitem(targets._targets, "lambda", lambda **event: None)
    function = make_function(ada).function

    with pytest.raises(InvalidParameterValue, match="as a destination for itself"):
        put_function_event_invoke_config(account=ada, name="hello", on_success=function.arn)


def test_a_function_that_is_not_there_is_no_destination(ada, make_function, monkeypatch):
    monkeypatch.setitem(targets._targets, "lambda", lambda **event: None)
    function = make_function(ada).function
    make_function(ada, "other")

    with pytest.raises(InvalidParameterValue, match="is invalid"):
        put_function_event_invoke_config(account=ada, name="hello", on_success=f"{function.arn}-missing")
    other = function.arn.replace(":hello", ":other")
    assert put_function_event_invoke_config(account=ada, name="hello", on_success=other).on_success == other


def test_nothing_at_all_is_refused(ada, make_function):
    make_function(ada)

    with pytest.raises(InvalidParameterValue, match="at least one"):
        put_function_event_invoke_config(account=ada, name="hello")


def test_what_was_never_set_is_not_found(ada, make_function):
    make_function(ada)

    for act in (
        lambda: selectors.get_event_invoke_config(account=ada, name="hello"),
        lambda: update_function_event_invoke_config(account=ada, name="hello", maximum_event_age=60),
        lambda: delete_function_event_invoke_config(account=ada, name="hello"),
    ):
        with pytest.raises(errors.EventInvokeConfigNotFound) as caught:
            act()
        assert caught.value.text.endswith("function:hello:$LATEST doesn't have an EventInvokeConfig")


def test_a_qualifier_must_exist(ada, make_function):
    make_function(ada)

    with pytest.raises(errors.FunctionNotFound):
        put_function_event_invoke_config(account=ada, name="hello", qualifier="live", maximum_event_age=60)


# -- the role's leave ------------------------------------------------------------------------------


@pytest.fixture
def worker_role(ada):
    """A role that Lambda may take and that may write logs, as a beginner makes it; ``allow(action)`` adds to it."""
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}
    trust["Statement"]["Principal"] = {"Service": "lambda.amazonaws.com"}
    role = iam.create_role(account=ada, name="worker", assume_role_policy=json.dumps(trust))

    def allow(action, resource):
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_role_policy(account=ada, role_name="worker", policy_name="sending", document=document)
        ada.refresh_from_db()

    role.allow = allow
    return role


@pytest.mark.parametrize(
    ("service", "operation"), [("sqs", "SendMessage"), ("sns", "Publish"), ("events", "PutEvents")]
)
def test_a_destination_needs_leave_of_the_functions_role(
    ada, make_function, monkeypatch, worker_role, service, operation
):
    monkeypatch.setitem(targets._targets, service, lambda **event: None)
    arn = f"arn:aws:{service}:us-east-1:{ada.id}:there"
    make_function(ada, role_arn=worker_role.arn)

    with pytest.raises(errors.TargetNotPermitted) as caught:
        put_function_event_invoke_config(account=ada, name="hello", on_failure=arn)
    assert caught.value.code == "InvalidParameterValueException"
    assert caught.value.text == f"The function's execution role does not have permissions to call {operation} on {arn}"
    assert f"{service}:{operation}" in str(caught.value.hint)

    worker_role.allow(f"{service}:{operation}", arn)
    assert put_function_event_invoke_config(account=ada, name="hello", on_failure=arn).on_failure == arn


def test_a_dead_letter_queue_needs_leave_of_the_functions_role(ada, make_function, listener, worker_role):
    said = "The provided execution role does not have permissions to call SendMessage on SQS"
    own = listener.replace("123456789012", ada.id)

    with pytest.raises(errors.TargetNotPermitted) as caught:
        make_function(ada, role_arn=worker_role.arn, dead_letter_arn=listener)
    assert caught.value.text == said
    make_function(ada)
    with pytest.raises(errors.TargetNotPermitted):
        update_function_configuration(account=ada, name="hello", role_arn=worker_role.arn, dead_letter_arn=listener)

    worker_role.allow("sqs:SendMessage", own)
    changed = update_function_configuration(
        account=ada, name="hello", role_arn=worker_role.arn, dead_letter_arn=listener
    )
    assert changed.dead_letter_arn == listener


def test_a_function_may_let_the_role_in_by_its_own_policy(ada, make_function, monkeypatch, worker_role):
    monkeypatch.setitem(targets._targets, "lambda", lambda **event: None)
    make_function(ada, role_arn=worker_role.arn)
    listening = make_function(ada, "listener").function

    with pytest.raises(errors.TargetNotPermitted, match="call InvokeFunction on"):
        put_function_event_invoke_config(account=ada, name="hello", on_success=listening.arn)
    leave = Permission(sid="s", action="lambda:InvokeFunction", principal=worker_role.arn)
    add_permission(account=ada, name="listener", permission=leave)
    assert put_function_event_invoke_config(account=ada, name="hello", on_success=listening.arn).on_success
