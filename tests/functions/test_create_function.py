import pytest

from accounts.models import Role
from core.errors import InvalidParameterValue
from functions import errors, runtimes, selectors
from functions.models import Function
from tests.functions.conftest import package, role_of


def test_a_new_function_is_active_at_once(ada, make_function):
    version = make_function(ada, "hello")

    assert (version.state, version.last_update_status) == ("Active", "Successful")
    assert version.label == "$LATEST"
    assert (version.memory_size, version.timeout, version.ephemeral_storage) == (128, 3, 512)


def test_a_new_function_can_be_published_in_the_same_step(ada, make_function):
    assert make_function(ada, "hello", publish=True).label == "1"


def test_a_name_is_taken_only_within_its_account(ada, grace, make_function):
    make_function(ada, "hello")
    make_function(grace, "hello")

    with pytest.raises(errors.FunctionAlreadyExists) as caught:
        make_function(ada, "hello")

    assert caught.value.text == "Function already exist: hello"
    assert caught.value.status == 409


@pytest.mark.parametrize(
    "name", ["", "ok\n", "a b", "a" * 65, "fünction", "\uff11\uff12", "\u0430bc", "a.b", "x\u202ey"]
)
def test_odd_names_are_refused(ada, make_function, name):
    with pytest.raises(errors.MemberInvalid):
        make_function(ada, name)


def test_the_account_id_of_a_slide_means_ones_own_role_and_what_was_sent_is_kept(ada, make_function):
    sent = "arn:aws:iam::147552475298:role/LabRole"

    version = make_function(ada, "first_lambda", role_arn=sent)

    assert version.role_arn == role_of(ada)
    assert version.extra["AsSent"] == {"Role": sent}
    assert "147552475298" in selectors.notes(version, "Role")[0]


@pytest.mark.parametrize("role", ["nobody", "service-role/LabRole"])
def test_a_role_that_does_not_exist_cannot_be_assumed(ada, make_function, role):
    with pytest.raises(errors.RoleNotAssumable) as caught:
        make_function(ada, role_arn=f"arn:aws:iam::{ada.id}:role/{role}")

    assert caught.value.text == "The role defined for the function cannot be assumed by Lambda."


def test_a_role_that_does_not_trust_lambda_cannot_be_assumed(ada, make_function):
    role = Role.objects.get(account=ada, name="LabRole")
    role.assume_role_policy = role.assume_role_policy.replace("lambda.amazonaws.com", "ec2.amazonaws.com")
    role.save()

    with pytest.raises(errors.RoleNotAssumable):
        make_function(ada)


def test_a_role_must_be_an_arn(ada, make_function):
    with pytest.raises(errors.MemberInvalid):
        make_function(ada, role_arn="LabRole")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"memory_size": 64},
            "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater",
        ),
        ({"memory_size": 10241}, "Member must have value less than or equal to 10240"),
        ({"timeout": 0}, "Member must have value greater than or equal to 1"),
        ({"timeout": 901}, "Member must have value less than or equal to 900"),
        ({"ephemeral_storage": 511}, "greater than or equal to 512"),
        ({"description": "x" * 257}, "less than or equal to 256"),
        ({"handler": "a b"}, "regular expression pattern: [^\\s]+"),
        ({"handler": "x" * 129}, "less than or equal to 128"),
        ({"handler": "../../x.y"}, "leads out of the deployment package"),
        ({"tracing_mode": "Sometimes"}, "enum value set: [Active, PassThrough]"),
        ({"architectures": ["mips"]}, "enum value set: [x86_64, arm64]"),
        ({"logging": {"LogFormat": "XML"}}, "enum value set: [JSON, Text]"),
        ({"logging": {"ApplicationLogLevel": "DEBUG"}}, "you must set LogFormat to JSON"),
        ({"runtime": "cobol85"}, "Member must satisfy enum value set"),
        ({"runtime": "java21"}, "java21 is not available on this server"),
        ({"runtime": ""}, "Runtime and Handler are mandatory parameters"),
        ({"dead_letter_arn": "arn:aws:nothing:us-east-1:123456789012:queue"}, "is invalid"),
        ({"tags": {"": "x"}}, "tags"),
        ({"tags": {f"k{n}": "" for n in range(51)}}, "more than 50 tags"),
    ],
)
def test_values_out_of_bounds_are_refused_in_awss_words(ada, make_function, given, text):
    with pytest.raises((InvalidParameterValue, errors.MemberInvalid)) as caught:
        make_function(ada, **given)

    assert text in caught.value.text
    assert not Function.objects.exists()


def test_variables_over_4_kb_are_refused_and_measured_as_aws_does(ada, make_function):
    make_function(ada, "fits", environment={"KEY": "x" * (4096 - len('{"KEY":""}'))})

    with pytest.raises(InvalidParameterValue) as caught:
        make_function(ada, "large", environment={"KEY": "x" * (4097 - len('{"KEY":""}'))})

    assert 'exceeded the 4KB limit. String measured: {"KEY":"xxx' in caught.value.text


def test_reserved_variables_are_refused(ada, make_function):
    with pytest.raises(InvalidParameterValue) as caught:
        make_function(ada, environment={"AWS_REGION": "mars-east-1", "FINE": "1"})

    assert caught.value.text.endswith("Reserved keys used in this request: AWS_REGION")


@pytest.mark.parametrize("variables", [{"1X": "a"}, {"x": "a"}, {"A-B": "a"}, {"OK": "a\x00b"}])
def test_odd_variables_are_refused(ada, make_function, variables):
    with pytest.raises((InvalidParameterValue, errors.MemberInvalid)):
        make_function(ada, environment=variables)


def test_a_change_is_seen_by_whoever_caches_the_account(ada, make_function):
    make_function(ada)
    before = ada.stamp

    ada.refresh_from_db()

    assert ada.stamp == before + 1


def test_the_runner_says_which_runtimes_there_are(ada, make_function):
    runtimes.register_availability(lambda identifier: identifier == "python3.11")

    with pytest.raises(errors.RuntimeUnavailable) as caught:
        make_function(ada, runtime="python3.12")

    assert "Available runtimes: python3.11." in caught.value.text


def test_an_old_runtime_is_accepted_and_marked(ada, make_function):
    version = make_function(ada, runtime="python3.8")

    assert runtimes.RUNTIMES[version.runtime].deprecated


def test_code_is_stored_once_for_equal_packages(ada, make_function):
    assert make_function(ada, "a", package=package()).package == make_function(ada, "b", package=package()).package
