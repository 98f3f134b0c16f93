import json

import pytest

from accounts.models import RolePolicy
from console.case import Fix
from tests.console.conftest import HTMX, text
from tests.console.test_explain import failed

PERMIT = "/ada/functions/hello/permit/"
DENIED = (
    "An error occurred (AccessDeniedException) when calling the Invoke operation: User: arn:aws:sts::111122223333:"
    "assumed-role/{role}/hello is not authorized to perform: lambda:InvokeFunction on resource: "
    "arn:aws:lambda:us-east-1:111122223333:function:ListenerLambda because {why}"
)


def denied(role="LabRole", why="no identity-based policy allows the lambda:InvokeFunction action"):
    return failed("AccessDeniedException", DENIED.format(role=role, why=why), role="LabRole")


def test_a_permission_that_is_missing_is_offered():
    (fix,) = denied().fixes
    assert isinstance(fix, Fix)
    assert (fix.page, fix.value) == (
        "function_permit",
        "lambda:InvokeFunction arn:aws:lambda:us-east-1:111122223333:function:ListenerLambda",
    )
    assert "lambda:InvokeFunction" in fix.label


def test_a_policy_that_forbids_it_and_another_role_are_not_offered():
    assert denied(why="with an explicit deny in an identity-based policy").fixes == ()
    assert denied(role="SomebodyElse").fixes == ()


def test_the_permission_is_added_to_the_functions_role_and_stays_beside_the_next(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    for name in ("one", "two"):
        arn = f"arn:aws:lambda:us-east-1:999999999999:function:{name}"
        answer = client.post(PERMIT, {"permission": f"lambda:InvokeFunction {arn}"}, headers=HTMX)
        assert answer.headers["HX-Trigger"] == "test-again"
    document = json.loads(RolePolicy.objects.get(role__account=ada, name="Added-lambda").document)
    assert [statement["Resource"] for statement in document["Statement"]] == [
        f"arn:aws:lambda:us-east-1:{ada.id}:function:{name}" for name in ("one", "two")
    ]


@pytest.mark.parametrize("given", ["", "lambda:* *", "lambda:Invoke", "nothing arn:x y", "lambda:Invoke <b>"])
def test_what_is_no_permission_is_refused(given, ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(PERMIT, {"permission": given}, headers=HTMX)
    assert answer.status_code == 400
    assert "not a permission" in text(answer)


def test_mallory_permits_nothing(ada, mallory, at_browser, make_function):
    make_function(ada)
    assert at_browser(mallory).post(PERMIT, {"permission": "lambda:Invoke *"}).status_code == 404
