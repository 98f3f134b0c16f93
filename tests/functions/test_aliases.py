import pytest

from core.errors import InvalidParameterValue, PreconditionFailed
from functions import errors, selectors
from functions.services.aliases import create_alias, delete_alias, update_alias
from functions.services.functions import update_function_configuration
from functions.services.versions import publish_version


@pytest.fixture
def two_versions(ada, make_function):
    make_function(ada, publish=True)
    update_function_configuration(account=ada, name="hello", timeout=9)
    publish_version(account=ada, name="hello")


def test_an_alias_moves_from_version_to_version(ada, two_versions):
    alias = create_alias(account=ada, name="hello", alias="live", version="1", description="for everybody")

    moved = update_alias(account=ada, name="hello", alias="live", version="2")

    assert moved.arn.endswith(":function:hello:live")
    assert (moved.version_number, moved.description) == (2, "for everybody")
    assert moved.revision_id != alias.revision_id
    assert selectors.get_version(account=ada, name="hello", qualifier="live").label == "2"


def test_an_alias_shares_its_traffic_until_told_otherwise(ada, two_versions):
    create_alias(account=ada, name="hello", alias="live", version="1", weights={"2": 0.25})

    kept = update_alias(account=ada, name="hello", alias="live", description="x")
    ended = update_alias(account=ada, name="hello", alias="live", weights={})

    assert kept.weights == {"2": 0.25}
    assert ended.weights == {}


@pytest.mark.parametrize(
    ("version", "weights", "text"),
    [
        ("1", {"2": 0.1, "$LATEST": 0.1}, "cannot be greater than 1"),
        ("1", {"$LATEST": 0.1}, "$LATEST is not supported"),
        ("$LATEST", {"1": 0.1}, "$LATEST is not supported"),
        ("1", {"1": 0.1}, "already included"),
        ("1", {"2": 1.5}, "between 0.0 and 1.0"),
        ("1", {"2": float("nan")}, "between 0.0 and 1.0"),
    ],
)
def test_weights_that_make_no_sense_are_refused(ada, two_versions, version, weights, text):
    with pytest.raises(InvalidParameterValue) as caught:
        create_alias(account=ada, name="hello", alias="live", version=version, weights=weights)

    assert text in caught.value.text


@pytest.mark.parametrize(("version", "weights"), [("7", None), ("01", None), ("other", None), ("1", {"7": 0.1})])
def test_an_alias_needs_versions_that_exist(ada, two_versions, version, weights):
    with pytest.raises(errors.FunctionNotFound):
        create_alias(account=ada, name="hello", alias="live", version=version, weights=weights)


@pytest.mark.parametrize("name", ["12", "", "a b", "live\n", "x" * 129, "$LATEST"])
def test_a_number_is_no_name_for_an_alias(ada, two_versions, name):
    with pytest.raises(errors.MemberInvalid):
        create_alias(account=ada, name="hello", alias=name, version="1")


def test_an_alias_exists_once(ada, two_versions):
    create_alias(account=ada, name="hello", alias="live", version="1")

    with pytest.raises(errors.AliasAlreadyExists) as caught:
        create_alias(account=ada, name="hello", alias="live", version="2")

    assert caught.value.text == f"Alias already exists: arn:aws:lambda:us-east-1:{ada.id}:function:hello:live"


def test_an_old_revision_moves_nothing(ada, two_versions):
    old = create_alias(account=ada, name="hello", alias="live", version="1").revision_id
    update_alias(account=ada, name="hello", alias="live", version="2", revision_id=old)

    with pytest.raises(PreconditionFailed):
        update_alias(account=ada, name="hello", alias="live", version="1", revision_id=old)


def test_a_deleted_alias_is_gone_and_deleting_it_again_is_fine(ada, two_versions):
    create_alias(account=ada, name="hello", alias="live", version="1")

    delete_alias(account=ada, name="hello", alias="live")
    delete_alias(account=ada, name="hello", alias="live")

    with pytest.raises(errors.AliasNotFound, match="Cannot find alias arn"):
        selectors.get_alias(account=ada, name="hello", alias="live")


def test_aliases_are_listed_by_the_versions_they_use(ada, two_versions):
    create_alias(account=ada, name="hello", alias="a", version="1", weights={"2": 0.5})
    create_alias(account=ada, name="hello", alias="b", version="1")

    assert [row.name for row in selectors.list_aliases(account=ada, name="hello", version=2)] == ["a"]
