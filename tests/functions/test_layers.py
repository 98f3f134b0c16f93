import pytest

from core import limits
from core.errors import InvalidParameterValue
from functions import errors, selectors
from functions.services.functions import update_function_configuration
from functions.services.layers import delete_layer_version, publish_layer_version
from tests.functions.conftest import package


@pytest.fixture
def publish(ada):
    def publish_one(name="numbers", **given):
        values = {"package": package(tool=f"# {name}\n")} | given
        return publish_layer_version(account=ada, name=name, **values)

    return publish_one


def test_versions_count_up_and_a_number_is_never_used_again(ada, publish):
    assert [publish().number, publish().number] == [1, 2]
    delete_layer_version(account=ada, name="numbers", number=2)

    assert publish().number == 3
    assert [row.number for row in selectors.list_layer_versions(account=ada, name="numbers")] == [3, 1]


def test_one_layer_serves_two_functions(ada, make_function, publish):
    layer = publish()

    for name in ("a", "b"):
        version = make_function(ada, name, layers=[layer.arn])
        assert selectors.attached_layers(version) == [layer]


def test_a_sixth_layer_is_refused(ada, make_function, publish):
    arns = [publish(f"l{number}").arn for number in range(6)]
    make_function(ada, layers=arns[:5])

    with pytest.raises(InvalidParameterValue) as caught:
        update_function_configuration(account=ada, name="hello", layers=arns)

    assert caught.value.text == "Cannot reference more than 5 layers."


def test_code_and_layers_together_have_at_most_250_mb(ada, make_function, publish):
    layer = publish()
    layer.package.unzipped_size = limits.PACKAGE_UNZIPPED_SIZE
    layer.package.save()

    with pytest.raises(errors.CodeAndLayersTooLarge) as caught:
        make_function(ada, layers=[layer.arn])

    assert caught.value.text.startswith(
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is 2621"
    )


def test_two_versions_of_one_layer_are_refused(ada, make_function, publish):
    with pytest.raises(InvalidParameterValue, match="Two different versions of the same layer"):
        make_function(ada, layers=[publish().arn, publish().arn])


def test_a_deleted_layer_stays_where_it_is_and_goes_nowhere_else(ada, make_function, publish):
    layer = publish()
    version = make_function(ada, layers=[layer.arn])

    delete_layer_version(account=ada, name="numbers", number=1)

    assert selectors.attached_layers(version) == [layer]
    with pytest.raises(errors.LayerVersionNotFound):
        selectors.get_layer_version(account=ada, name="numbers", number=1)
    with pytest.raises(InvalidParameterValue, match="does not exist"):
        make_function(ada, "other", layers=[layer.arn])


def test_a_layer_of_a_slide_means_ones_own_of_that_name(ada, grace, make_function, publish):
    slide = "arn:aws:lambda:us-east-1:770693421928:layer:numbers:1"
    with pytest.raises(errors.LayerNotAllowed):
        make_function(ada, layers=[slide])
    own = publish()

    version = make_function(ada, layers=[slide])

    assert version.layers == [own.arn]
    assert "770693421928" in selectors.notes(version, "Layers")[0]


def test_nobody_reads_anothers_layer(ada, mallory, make_function, publish):
    layer = publish()

    with pytest.raises(errors.LayerNotAllowed):
        make_function(mallory, layers=[layer.arn])
    assert not selectors.list_layers(account=mallory).exists()


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a b"},
        {"name": "x" * 141},
        {"description": "x" * 257},
        {"license_info": "x" * 513},
        {"compatible_runtimes": ["cobol85"]},
        {"compatible_runtimes": ["python3.13"] * 16},
        {"compatible_architectures": ["mips"]},
    ],
)
def test_values_out_of_bounds_are_refused(publish, given):
    with pytest.raises(errors.MemberInvalid):
        publish(**given)


def test_layers_are_listed_by_what_they_fit(ada, publish):
    publish("py", compatible_runtimes=["python3.13"])
    publish("js", compatible_runtimes=["nodejs22.x"])
    publish("js")

    assert [row.name for row in selectors.list_layers(account=ada)] == ["js", "py"]
    assert [(row.name, row.number) for row in selectors.list_layers(account=ada, runtime="nodejs22.x")] == [("js", 1)]


def test_a_layer_that_is_not_an_arn_is_refused(ada, make_function):
    with pytest.raises(errors.MemberInvalid):
        make_function(ada, layers=["numbers:1"])
