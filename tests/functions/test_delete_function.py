import pytest

from core.errors import InvalidParameterValue
from functions import errors, selectors, signals
from functions.models import Function, PolicyStatement
from functions.policies import Permission
from functions.services.aliases import create_alias
from functions.services.functions import delete_function
from functions.services.permissions import add_permission
from functions.services.versions import publish_version


def test_everything_of_a_function_goes_with_it(ada, make_function):
    make_function(ada, publish=True)
    create_alias(account=ada, name="hello", alias="live", version="1")
    add_permission(account=ada, name="hello", permission=Permission("s", "lambda:InvokeFunction", "s3.amazonaws.com"))

    delete_function(account=ada, name="hello")

    assert not Function.objects.exists() and not PolicyStatement.objects.exists()
    with pytest.raises(errors.FunctionNotFound):
        delete_function(account=ada, name="hello")


def test_others_hear_of_it_when_it_is_done(ada, make_function, django_capture_on_commit_callbacks):
    make_function(ada)
    heard = []

    def listen(sender, **about):
        heard.append((about["account_id"], about["name"]))

    signals.function_deleted.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            delete_function(account=ada, name="hello")
    finally:
        signals.function_deleted.disconnect(listen)

    assert heard == [(ada.id, "hello")]


def test_a_version_goes_alone_and_its_number_never_comes_back(ada, make_function):
    make_function(ada, publish=True)

    delete_function(account=ada, name="hello", qualifier="1")

    assert publish_version(account=ada, name="hello").label == "2"


def test_a_version_that_an_alias_uses_stays(ada, make_function):
    make_function(ada, publish=True)
    create_alias(account=ada, name="hello", alias="live", version="1")

    with pytest.raises(errors.VersionInUse, match="live"):
        delete_function(account=ada, name="hello", qualifier="1")

    assert selectors.get_version(account=ada, name="hello", qualifier="live").label == "1"


@pytest.mark.parametrize("qualifier", ["$LATEST", "live"])
def test_latest_and_aliases_are_not_deleted_as_versions(ada, make_function, qualifier):
    make_function(ada)

    with pytest.raises(InvalidParameterValue):
        delete_function(account=ada, name="hello", qualifier=qualifier)


def test_a_missing_version_is_not_found(ada, make_function):
    make_function(ada)

    with pytest.raises(errors.FunctionNotFound, match=r"function:hello:7$"):
        delete_function(account=ada, name="hello", qualifier="7")
