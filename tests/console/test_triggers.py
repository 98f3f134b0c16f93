"""Triggers that other packages bring, on the overview and in the list of functions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console import triggers
from console.triggers import Trigger
from functions.policies import Permission
from functions.services.permissions import add_permission
from tests.console.conftest import text

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


@pytest.fixture
def queues():
    """A kind of trigger that every function has."""

    def list_for(account, functions):
        return {function.pk: [Trigger("orders", f"/{account.slug}/", source=QUEUE)] for function in functions}

    triggers.register("queue", label="Queue", icon="square-function", hue="", list_for=list_for)
    yield
    triggers.forget("queue")


def test_a_registered_trigger_is_on_the_overview_and_in_the_list(ada, at_browser, make_function, queues):
    make_function(ada)
    client = at_browser(ada)
    assert "orders" in text(client.get("/ada/functions/hello/"))
    assert "orders" in text(client.get("/ada/"))


def test_a_permission_for_the_same_source_is_not_shown_twice(ada, at_browser, make_function, queues):
    version = make_function(ada)
    permission = Permission("queue", "lambda:InvokeFunction", "sqs.amazonaws.com", source_arn=QUEUE)
    add_permission(account=ada, name="hello", permission=permission)
    found = triggers.of_functions(account=ada, functions=[version.function])
    assert [shown.trigger.name for shown in found[version.function_id]] == ["orders"]


def test_a_list_of_many_functions_takes_as_many_queries_as_one_of_two(ada, at_browser, make_function, make_invocation):
    client = at_browser(ada)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/ada/").status_code == 200
        return len(captured)

    for number in range(2):
        make_invocation(make_function(ada, f"function-{number}"))
    few = queries()
    for number in range(2, 14):
        make_invocation(make_function(ada, f"function-{number}"))
        permission = Permission("s3", "lambda:InvokeFunction", "s3.amazonaws.com")
        add_permission(account=ada, name=f"function-{number}", permission=permission)
    assert queries() == few
