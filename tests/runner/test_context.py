"""What a function finds in its environment variables, as on AWS."""

from runner import context
from tests.conftest import NOON

CREDENTIALS = context.FunctionCredentials(access_key_id="ASIA1", secret_access_key="s", session_token="t")


def variables(version, **given: object) -> dict[str, str]:
    for name, value in given.items():
        setattr(version, name, value)
    return context.environment_variables(version=version, credentials=CREDENTIALS, log_stream_name="stream")


def test_the_functions_own_variables_are_there(ada, make_function):
    assert variables(make_function(ada, environment={"foo": "bar"}))["foo"] == "bar"


def test_reserved_variables_cannot_be_overridden_and_others_can(ada, make_function):
    version = make_function(ada)
    found = variables(version, environment={"AWS_REGION": "mars-1", "AWS_ENDPOINT_URL": "http://mine", "LANG": "C"})
    assert found["AWS_REGION"] == "us-east-1"
    assert (found["AWS_ENDPOINT_URL"], found["LANG"]) == ("http://mine", "C")


def test_the_function_is_named_in_its_variables(ada, make_function):
    found = variables(make_function(ada, memory_size=256))
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "hello"
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/hello"
    assert found["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert found["AWS_SESSION_TOKEN"] == "t"


def test_the_logging_configuration_reaches_the_runtime(ada, make_function):
    version = make_function(ada)
    assert variables(version)["AWS_LAMBDA_LOG_FORMAT"] == "Text"
    found = variables(version, logging={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "/mine"})
    assert (found["AWS_LAMBDA_LOG_FORMAT"], found["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "DEBUG")
    assert found["AWS_LAMBDA_LOG_GROUP_NAME"] == "/mine"


def test_log_streams_are_named_after_day_and_version(ada, make_function):
    name = context.new_log_stream_name(version=make_function(ada), now=NOON)
    assert name.startswith("2026/11/23/[$LATEST]")
    assert len(name) == len("2026/11/23/[$LATEST]") + 32
