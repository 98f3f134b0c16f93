"""Lab: the first function of an ENSAI lecture, with the runtime and the role that stand on its slide."""

from tests.labs.conftest import everywhere, slide

pytestmark = everywhere

HELLO_WORLD = {"key1": "value1", "key2": "value2", "key3": "value3"}


def test_it_gives_back_the_first_value_and_logs_what_it_got(make, hand, log_of):
    name = make("first_lambda", slide("at_000_1"), runtime="python3.8", variables={"foo": "bar"}, timeout=60)
    answer = hand.invoke(name, HELLO_WORLD)
    assert (answer.status, answer.payload, answer.function_error) == (200, "value1", "")
    log = "\n".join(log_of(name))
    assert 'Received event: {\n  "key1": "value1",\n  "key2": "value2",\n  "key3": "value3"\n}' in log
    assert "\nvalue1 = value1\nbar\n" in log


def test_the_module_is_loaded_once_and_before_the_first_start(make, hand, log_of):
    name = make("first_lambda", slide("at_000_1"), runtime="python3.8", variables={"foo": "bar"})
    hand.invoke(name, HELLO_WORLD)
    hand.invoke(name, HELLO_WORLD)
    lines = log_of(name, runs=2)
    starts = [number for number, line in enumerate(lines) if line.startswith("START RequestId: ")]
    loaded = [number for number, line in enumerate(lines) if line == "Loading function"]
    assert len(starts) == 2
    assert len(loaded) == 1
    assert loaded[0] < starts[0]


def test_without_the_key_the_function_fails_with_its_stack(make, hand):
    name = make("first_lambda", slide("at_000_1"), runtime="python3.8")
    answer = hand.invoke(name, {"other": "value"})
    assert (answer.status, answer.function_error) == (200, "Unhandled")
    assert answer.payload["errorType"] == "KeyError"
    assert answer.payload["errorMessage"] == "'key1'"
    assert "lambda_function.py" in "".join(answer.payload["stackTrace"])
    assert "[ERROR] KeyError: 'key1'" in answer.log
