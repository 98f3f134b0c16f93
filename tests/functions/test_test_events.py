import pytest

from core.errors import InvalidParameterValue
from functions import errors, selectors
from functions.services.test_events import delete_test_event, save_test_event


def test_an_event_is_kept_as_it_was_typed(ada, make_function):
    make_function(ada)
    body = '{\n  "file": "path"\n}'

    save_test_event(account=ada, name="hello", event="first", body='{"a": 1}')
    save_test_event(account=ada, name="hello", event="first", body=body)

    assert selectors.get_test_event(account=ada, name="hello", event="first").body == body


def test_an_eleventh_event_is_refused(ada, make_function):
    make_function(ada)
    for number in range(10):
        save_test_event(account=ada, name="hello", event=f"e{number}", body="{}")

    save_test_event(account=ada, name="hello", event="e9", body="[]")
    with pytest.raises(InvalidParameterValue, match="at most 10"):
        save_test_event(account=ada, name="hello", event="e10", body="{}")


def test_what_is_not_json_is_refused_with_its_place(ada, make_function):
    make_function(ada)

    with pytest.raises(InvalidParameterValue, match=r"line 2, column 3"):
        save_test_event(account=ada, name="hello", event="e", body='{\n  // a comment\n"a": 1}')


@pytest.mark.parametrize("name", ["", "a b", "x" * 101, "e\n"])
def test_odd_names_are_refused(ada, make_function, name):
    make_function(ada)

    with pytest.raises(InvalidParameterValue):
        save_test_event(account=ada, name="hello", event=name, body="{}")


def test_a_deleted_event_is_gone(ada, make_function):
    make_function(ada)
    save_test_event(account=ada, name="hello", event="e", body="{}")

    delete_test_event(account=ada, name="hello", event="e")

    with pytest.raises(errors.TestEventNotFound):
        delete_test_event(account=ada, name="hello", event="e")
