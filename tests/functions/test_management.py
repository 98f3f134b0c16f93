import pytest

from core.errors import InvalidParameterValue
from functions import errors, selectors
from functions.services.management import (
    put_function_recursion_config,
    put_runtime_management_config,
    runtime_management,
)
from functions.services.versions import publish_version


def test_loops_are_ended_unless_they_are_wanted(ada, make_function):
    assert make_function(ada).function.recursive_loop == "Terminate"

    assert put_function_recursion_config(account=ada, name="hello", recursive_loop="Allow").recursive_loop == "Allow"
    with pytest.raises(errors.MemberInvalid):
        put_function_recursion_config(account=ada, name="hello", recursive_loop="Maybe")


def test_a_runtime_stays_as_it_is_only_with_its_arn(ada, make_function):
    make_function(ada)
    arn = "arn:aws:lambda:us-east-1::runtime:abc"

    version = put_runtime_management_config(
        account=ada, name="hello", update_runtime_on="Manual", runtime_version_arn=arn
    )

    assert runtime_management(version) == {"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": arn}
    with pytest.raises(InvalidParameterValue):
        put_runtime_management_config(account=ada, name="hello", update_runtime_on="Manual")


def test_runtime_management_of_a_version_is_not_that_of_latest(ada, make_function):
    make_function(ada, publish=True)

    put_runtime_management_config(account=ada, name="hello", qualifier="1", update_runtime_on="FunctionUpdate")

    latest = selectors.get_version(account=ada, name="hello")
    assert runtime_management(latest)["UpdateRuntimeOn"] == "Auto"
    assert publish_version(account=ada, name="hello").label == "1"
