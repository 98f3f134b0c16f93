import pytest

from core.errors import InvalidParameterValue, PreconditionFailed
from functions import errors, selectors
from functions.services.functions import update_function_code, update_function_configuration
from tests.functions.conftest import package, role_of


def test_only_what_is_given_changes(ada, make_function):
    before = make_function(ada, description="old", environment={"A_B": "1"}, timeout=30)

    after = update_function_configuration(account=ada, name="hello", memory_size=256)

    assert (after.memory_size, after.timeout, after.description) == (256, 30, "old")
    assert after.environment == {"A_B": "1"}
    assert after.revision_id != before.revision_id
    assert after.last_update_status == "Successful"


@pytest.mark.parametrize("nothing", [None, {}])
def test_variables_can_be_taken_away(ada, make_function, nothing):
    make_function(ada, environment={"FOO": "bar"})

    assert update_function_configuration(account=ada, name="hello", environment=nothing).environment is None


def test_code_is_replaced_and_can_be_published(ada, make_function):
    make_function(ada)
    new = package(lambda_function="x = 1\n")

    version = update_function_code(account=ada, name="hello", package=new, publish=True)

    assert version.label == "1"
    assert selectors.get_version(account=ada, name="hello").package == new


def test_a_dry_run_changes_nothing(ada, make_function):
    before = make_function(ada)
    new = package(lambda_function="x = 1\n")

    shown = update_function_code(account=ada, name="hello", package=new, dry_run=True)

    kept = selectors.get_version(account=ada, name="hello")
    assert shown.package == new
    assert (kept.package, kept.revision_id) == (before.package, before.revision_id)


def test_an_update_with_an_old_revision_is_refused(ada, make_function):
    first = make_function(ada).revision_id
    update_function_configuration(account=ada, name="hello", timeout=5, revision_id=first)

    with pytest.raises(PreconditionFailed) as caught:
        update_function_configuration(account=ada, name="hello", timeout=9, revision_id=first)
    with pytest.raises(PreconditionFailed):
        update_function_code(account=ada, name="hello", package=package(), revision_id=first)

    assert caught.value.status == 412
    assert selectors.get_version(account=ada, name="hello").timeout == 5


def test_naming_ones_own_role_again_forgets_the_one_from_the_slide(ada, make_function):
    make_function(ada, role_arn="arn:aws:iam::147552475298:role/LabRole")

    version = update_function_configuration(account=ada, name="hello", role_arn=role_of(ada))

    assert selectors.notes(version, "Role") == []


def test_a_function_of_another_account_is_not_there(ada, mallory, make_function):
    make_function(ada)

    with pytest.raises(errors.FunctionNotFound) as caught:
        update_function_configuration(account=mallory, name="hello", timeout=9)

    assert caught.value.text == f"Function not found: arn:aws:lambda:us-east-1:{mallory.id}:function:hello"


def test_a_refused_update_leaves_everything_as_it_was(ada, make_function):
    make_function(ada, timeout=7)

    with pytest.raises(InvalidParameterValue):
        update_function_configuration(account=ada, name="hello", timeout=9, environment={"AWS_REGION": "x"})

    assert selectors.get_version(account=ada, name="hello").timeout == 7
