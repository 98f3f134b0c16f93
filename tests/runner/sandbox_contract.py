"""What every sandbox driver must do. Run by ``test_<driver>.py``, which gives the ``bench`` fixture."""

import json
import logging
import threading

import pytest

from runner.outcomes import Kind
from runner.runtimes import interpreters
from runner.sandboxes.base import SandboxFailure, Sdk
from tests.runner.sandboxed import Bench

ECHO = """
    import json, os
    print('Loading function')
    def lambda_handler(event, context):
        print("Received event: " + json.dumps(event, indent=2))
        print("value1 = " + event['key1'])
        print(os.getenv("foo"))
        return event['key1']
    """
HELLO = {"key1": "value1", "key2": "value2", "key3": "value3"}


# -- answers ---------------------------------------------------------------------------------------


def test_the_handlers_return_value_is_the_answer(bench: Bench):
    reply = bench.function(ECHO, environment={"foo": "bar"}).invoke(HELLO)
    assert reply.outcome.kind is Kind.OK
    assert reply.value == "value1"
    assert "value1 = value1" in reply.lines
    assert "bar" in reply.lines


def test_module_level_output_is_logged_on_the_cold_start_only(bench: Bench):
    function = bench.function(ECHO)
    assert function.began.lines == ["Loading function"]
    assert "Loading function" not in function.invoke(HELLO).lines
    assert "Loading function" not in function.invoke(HELLO).lines


def test_an_exception_is_answered_with_its_type_message_and_trace(bench: Bench):
    reply = bench.function(ECHO).invoke({})
    assert reply.outcome.kind is Kind.FUNCTION_ERROR
    assert reply.outcome.reusable
    document = reply.value
    assert document["errorType"] == "KeyError"
    assert document["errorMessage"] == "'key1'"
    assert document["requestId"] == "request-1"
    assert 'lambda_function.py", line 6, in lambda_handler\n    print(' in document["stackTrace"][0]
    assert len(document["stackTrace"]) == 1
    assert any(line.startswith("[ERROR] KeyError: 'key1'\nTraceback (most recent call last):") for line in reply.lines)


def test_an_exceptions_words_can_be_stored_whatever_they_are(bench: Bench):
    function = bench.function(r"""
        def lambda_handler(event, context):
            raise ValueError("half a pair \ud800, and a \0")
        """)
    outcome = function.invoke({}).outcome
    assert outcome.kind is Kind.FUNCTION_ERROR
    assert outcome.error_message == "half a pair ?, and a \ufffd"


def test_the_context_has_what_aws_gives_it(bench: Bench):
    function = bench.function("""
        def lambda_handler(event, context):
            return {
                "name": context.function_name, "version": context.function_version,
                "memory": context.memory_limit_in_mb, "id": context.aws_request_id,
                "group": context.log_group_name, "stream": context.log_stream_name,
                "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
                "identity": context.identity.cognito_identity_id,
                "custom": context.client_context.custom, "title": context.client_context.client.app_title,
            }
        """)
    client = json.dumps({"custom": {"a": 1}, "client": {"app_title": "App"}})
    value = function.invoke(timeout_s=5, client_context=client).value
    assert 0 < value.pop("left") <= 5000
    assert value == {
        "name": "hello",
        "version": "$LATEST",
        "memory": "128",
        "id": "request-1",
        "group": "/aws/lambda/hello",
        "stream": "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:hello",
        "identity": None,
        "custom": {"a": 1},
        "title": "App",
    }


def test_decimals_and_not_a_number_are_marshalled_as_aws_does(bench: Bench):
    reply = bench.function("""
        from decimal import Decimal
        def lambda_handler(event, context):
            return [Decimal("1.10"), Decimal(3), float("nan"), "é"]
        """).invoke()
    assert reply.outcome.payload.decode() == '[1.10, 3, NaN, "é"]'


def test_what_json_cannot_hold_is_a_marshal_error(bench: Bench):
    reply = bench.function("""
        import datetime
        def lambda_handler(event, context):
            return datetime.date(2026, 1, 1)
        """).invoke()
    assert reply.value["errorType"] == "Runtime.MarshalError"
    assert reply.value["errorMessage"] == "Unable to marshal response: Object of type date is not JSON serializable"
    assert reply.outcome.reusable


def test_an_answer_over_six_megabytes_is_refused_and_the_environment_goes_on(bench: Bench):
    function = bench.function("def lambda_handler(event, context): return 'x' * event")
    reply = function.invoke(7_000_000)
    assert reply.outcome.kind is Kind.RESPONSE_TOO_LARGE
    assert reply.value["errorType"] == "Function.ResponseSizeTooLarge"
    assert len(function.invoke(6_000_000).value) == 6_000_000


def test_an_event_of_six_megabytes_arrives_whole(bench: Bench):
    assert (
        bench.function("def lambda_handler(event, context): return len(event)").invoke("x" * 6_000_000).value
        == 6_000_000
    )


def test_a_module_path_may_have_dots_or_slashes(bench: Bench):
    files = {"src/app/main.py": "def handle(event, context): return 'found'", "src/app/__init__.py": ""}
    assert bench.function(files, handler="src/app/main.handle").invoke().value == "found"
    assert bench.function(files, handler="src.app.main.handle").invoke().value == "found"


def test_the_logging_module_writes_in_awss_format(bench: Bench):
    reply = bench.function("""
        import logging
        logging.getLogger().setLevel("INFO")
        def lambda_handler(event, context):
            logging.info("two\\nlines")
            print("printed")
            logging.getLogger("x").warning("careful")
        """).invoke()
    level, stamp, request_id, message = reply.lines[0].split("\t")
    assert (level, request_id, message) == ("[INFO]", "request-1", "two\nlines")
    assert stamp.endswith("Z")
    assert reply.lines[1] == "printed"
    assert reply.lines[2].startswith("[WARNING]\t")


def test_log_lines_are_heard_while_the_handler_still_runs(bench: Bench):
    function = bench.function("""
        import time
        def lambda_handler(event, context):
            print("first")
            time.sleep(30)
        """)
    reply = function.invoke(timeout_s=1)
    assert reply.lines == ["first"]


def test_json_logs_have_a_level_and_the_request_id(bench: Bench):
    reply = bench.function(
        """
        import logging
        def lambda_handler(event, context):
            logging.getLogger("mine").info("hello %s", "you", extra={"order": 7})
        """,
        environment={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    ).invoke()
    record = json.loads(reply.lines[0])
    assert (record["level"], record["message"], record["requestId"]) == ("INFO", "hello you", "request-1")
    assert (record["logger"], record["order"]) == ("mine", 7)


# -- init ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "message"),
    [
        (
            "import nothing_here",
            "lambda_function.lambda_handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'lambda_function': No module named 'nothing_here'",
        ),
        (
            "x = 1",
            "other.lambda_handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        (
            "x = 1",
            "lambda_function.lambda_handler",
            "Runtime.HandlerNotFound",
            "Handler 'lambda_handler' missing on module 'lambda_function'",
        ),
        (
            "x = 1",
            "lambda_function",
            "Runtime.MalformedHandlerName",
            "Bad handler 'lambda_function': not enough values to unpack (expected 2, got 1)",
        ),
        ("raise ValueError('early')", "lambda_function.lambda_handler", "ValueError", "early"),
    ],
)
def test_a_function_that_cannot_be_loaded_says_why_in_awss_words(bench: Bench, source, handler, error_type, message):
    began = bench.prepare(source, handler=handler).init()
    assert began.outcome.kind is Kind.INIT_ERROR
    assert not began.outcome.reusable
    assert (began.value["errorType"], began.value["errorMessage"]) == (error_type, message)
    assert began.value["requestId"] == "init-id"
    assert began.lines[-1].startswith(f"[ERROR] {error_type}: {message}")


def test_a_syntax_error_names_file_and_line(bench: Bench):
    began = bench.prepare("def lambda_handler(event, context)\n    return 1").init()
    assert began.outcome.error_type == "Runtime.UserCodeSyntaxError"
    assert began.outcome.error_message.startswith("Syntax error in module 'lambda_function': ")
    assert 'lambda_function.py" Line 1' in began.value["stackTrace"][0]


def test_an_init_that_never_ends_is_ended(bench: Bench):
    began = bench.prepare("print('starting')\nwhile True: pass").init(timeout_s=0.5)
    assert began.outcome.kind is Kind.INIT_TIMEOUT
    assert began.lines == ["starting"]


def test_leaving_in_the_init_phase_is_an_exit(bench: Bench):
    began = bench.prepare("import sys; sys.exit(4)").init()
    assert began.outcome.kind is Kind.EXIT
    assert began.outcome.error_message == "RequestId: init-id Error: Runtime exited with error: exit status 4"


# -- ends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
        ("ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
        ("os.kill(os.getpid(), 15)", "Runtime exited with error: signal: terminated"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_runtime_that_exits_is_reported_with_its_status(bench: Bench, act: str, reason: str):
    source = f"""
        import ctypes, os, sys
        def lambda_handler(event, context):
            print("last words")
            {act}
        """
    reply = bench.function(source).invoke()
    assert reply.outcome.kind is Kind.EXIT
    assert not reply.outcome.reusable
    assert reply.value["errorType"] == "Runtime.ExitError"
    assert reply.value["errorMessage"] == f"RequestId: request-1 Error: {reason}"
    assert reply.lines[0] == "last words"


def test_a_handler_that_runs_too_long_times_out(bench: Bench):
    reply = bench.function("""
        import time
        def lambda_handler(event, context):
            print("begun")
            time.sleep(60)
        """).invoke(timeout_s=1.0)
    assert reply.outcome.kind is Kind.TIMEOUT
    assert not reply.outcome.reusable
    assert reply.value["errorType"] == "Sandbox.Timedout"
    assert reply.value["errorMessage"].endswith(" request-1 Task timed out after 1.00 seconds")
    assert 1000 <= reply.outcome.duration_ms < 60_000
    assert reply.lines == ["begun"]
    assert reply.outcome.max_memory_mb > 0


def test_output_beyond_the_limit_is_counted_and_dropped(bench: Bench):
    function = bench.function("""
        def lambda_handler(event, context):
            for _ in range(event):
                print("x" * 1023)
        """)
    reply = function.invoke(1000)
    assert reply.outcome.ok
    assert sum(len(line) + 1 for line in reply.lines) == 256 * 1024
    assert reply.outcome.log_dropped == (1000 - 256) * 1024
    assert len(function.invoke(3).lines) == 3


def test_what_is_left_running_is_frozen_until_the_next_invocation(bench: Bench):
    function = bench.function("""
        import threading, time
        ticks = 0
        def tick():
            global ticks
            while True:
                time.sleep(0.001)
                ticks += 1
        threading.Thread(target=tick, daemon=True).start()
        def lambda_handler(event, context):
            time.sleep(0.02)
            return ticks
        """)
    before = function.invoke().value
    threading.Event().wait(1)
    after = function.invoke().value
    assert before > 0
    assert after - before < 400


def test_an_environment_that_was_stopped_is_a_failure_of_the_platform(bench: Bench, caplog: pytest.LogCaptureFixture):
    function = bench.function("def lambda_handler(event, context): return 1")
    function.environment.stop()
    with caplog.at_level(logging.CRITICAL):
        assert function.invoke().outcome.kind is Kind.PLATFORM_FAILURE


def test_a_sandbox_is_never_bound_to_another_interpreter(bench: Bench):
    others = [found for found in interpreters() if found.family == "python"]
    if len(others) < 2:
        pytest.skip("only one Python here")
    sandbox = bench.driver.start(others[0])
    spec = bench.prepare("x = 1", interpreter=others[1]).spec
    with pytest.raises(SandboxFailure):
        sandbox.bind(spec)
    sandbox.kill()


def test_a_sandbox_that_has_run_a_function_takes_no_other(bench: Bench):
    function = bench.function("def lambda_handler(event, context): return 1")
    with pytest.raises(SandboxFailure):
        function.environment.sandbox.bind(function.spec)


def test_layers_are_merged_in_order_and_found_after_the_functions_own_files(bench: Bench):
    layers = (
        {"python/one.py": "x = 1", "python/both.py": "x = 1"},
        {"python/both.py": "x = 2", "python/own.py": "x = 2"},
    )
    files = {
        "own.py": "x = 'own'",
        "lambda_function.py": """
            import both, one, own
            def lambda_handler(event, context):
                return [one.x, both.x, own.x]
            """,
    }
    assert bench.function(files, layers=layers).invoke().value == [1, 2, "own"]


def test_a_package_that_brings_its_own_sdk_gets_that_one(bench: Bench):
    files = {
        "boto3/__init__.py": "__version__ = 'mine'",
        "lambda_function.py": """
            import boto3
            def lambda_handler(event, context):
                return boto3.__version__
            """,
    }
    assert bench.function(files, sdk=Sdk.AHEAD).invoke().value == "mine"


def test_many_sandboxes_at_once_all_answer(bench: Bench):
    functions = [bench.function("def lambda_handler(event, context): return 'fine'") for _ in range(4)]
    answers: list[object] = []
    threads = [threading.Thread(target=lambda one=one: answers.append(one.invoke().value)) for one in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["fine"] * 4


def test_every_python_of_this_host_runs_functions(bench: Bench):
    for interpreter in interpreters():
        if interpreter.family == "python":
            function = bench.function(
                "import sys\ndef lambda_handler(event, context): return list(sys.version_info[:2])",
                interpreter=interpreter,
            )
            assert function.invoke().value == list(interpreter.version)
