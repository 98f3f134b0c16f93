import pytest

from core.errors import InvalidParameterValue, PreconditionFailed
from functions import selectors, signals
from functions.services.functions import update_function_code, update_function_configuration
from functions.services.versions import publish_version
from functions.wording import code_sha256
from tests.functions.conftest import package


def test_publishing_twice_without_a_change_returns_the_same_version(ada, make_function):
    make_function(ada)
    first = publish_version(account=ada, name="hello", description="first")

    assert publish_version(account=ada, name="hello", description="again") == first


def test_a_change_makes_the_next_version_and_leaves_the_last_one_as_it_was(ada, make_function):
    make_function(ada, timeout=3)
    publish_version(account=ada, name="hello")
    update_function_configuration(account=ada, name="hello", timeout=9)

    second = publish_version(account=ada, name="hello", description="slower")

    assert (second.label, second.timeout, second.description) == ("2", 9, "slower")
    assert selectors.get_version(account=ada, name="hello", qualifier="1").timeout == 3


def test_code_alone_is_a_change_too(ada, make_function):
    make_function(ada, publish=True)
    update_function_code(account=ada, name="hello", package=package(lambda_function="x = 1\n"))

    assert publish_version(account=ada, name="hello").label == "2"


def test_others_hear_of_a_new_version_and_not_of_an_old_one(ada, make_function, django_capture_on_commit_callbacks):
    make_function(ada)
    heard = []

    def listen(sender, version, **_):
        heard.append(version.label)

    signals.version_published.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            publish_version(account=ada, name="hello")
            publish_version(account=ada, name="hello")
    finally:
        signals.version_published.disconnect(listen)

    assert heard == ["1"]


def test_publishing_other_code_than_was_meant_is_refused(ada, make_function):
    version = make_function(ada)
    meant = code_sha256(version.package.sha256)
    update_function_code(account=ada, name="hello", package=package(lambda_function="x = 1\n"))

    with pytest.raises(InvalidParameterValue, match="is different from current CodeSHA256"):
        publish_version(account=ada, name="hello", expected_sha256=meant)
    with pytest.raises(PreconditionFailed):
        publish_version(account=ada, name="hello", revision_id=version.revision_id)

    assert selectors.last_published(version.function) is None
