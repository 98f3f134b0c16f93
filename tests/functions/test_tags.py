import pytest

from core.errors import InvalidParameterValue
from functions import errors
from functions.services.tags import tag_resource, untag_resource


def test_tags_are_added_changed_and_removed(ada, make_function):
    make_function(ada, tags={"team": "red", "année": "2026"})

    assert tag_resource(account=ada, name="hello", tags={"team": "blue", "x": ""}).tags == {
        "team": "blue",
        "année": "2026",
        "x": "",
    }
    assert untag_resource(account=ada, name="hello", keys=["x", "team", "never"]).tags == {"année": "2026"}


@pytest.mark.parametrize("tags", [{"": "v"}, {"k" * 129: "v"}, {"k": "v" * 257}, {"k\x00": "v"}, {"<b>": "v"}])
def test_odd_tags_are_refused(ada, make_function, tags):
    make_function(ada)

    with pytest.raises(errors.MemberInvalid):
        tag_resource(account=ada, name="hello", tags=tags)


def test_fifty_are_enough_counting_those_that_are_there(ada, make_function):
    make_function(ada, tags={f"k{number}": "" for number in range(50)})

    tag_resource(account=ada, name="hello", tags={"k1": "new"})
    with pytest.raises(InvalidParameterValue):
        tag_resource(account=ada, name="hello", tags={"one more": ""})


def test_awss_own_tags_are_reserved(ada, make_function):
    with pytest.raises(InvalidParameterValue, match="reserved"):
        make_function(ada, tags={"aws:x": "y"})
