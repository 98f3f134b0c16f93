"""What every sandbox driver must do with functions in Node.js. Run by ``test_<driver>.py``, which gives the ``bench``."""

import pytest

from runner.outcomes import Kind
from tests.runner.sandbox_contract import HELLO
from tests.runner.sandboxed import Bench, newest


@pytest.fixture
def node() -> None:
    if newest("node") is None:
        pytest.skip("no Node.js here")


def test_node_runs_asynchronous_handlers(bench: Bench, node: None):
    reply = bench.function(
        """
        exports.handler = async (event, context) => {
          console.log("hello\\nworld", { a: 1 });
          return { key: event.key1, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0 };
        };
        """,
        family="node",
    ).invoke(HELLO)
    assert reply.value == {"key": "value1", "id": "request-1", "left": True}
    stamp, request_id, level, message = reply.lines[0].split("\t")
    assert (request_id, level, message) == ("request-1", "INFO", "hello\nworld { a: 1 }")
    assert stamp.endswith("Z")


def test_node_runs_callbacks_and_waits_for_what_is_left_to_do(bench: Bench, node: None):
    function = bench.function(
        """
        exports.handler = (event, context, callback) => {
          context.callbackWaitsForEmptyEventLoop = event.wait;
          setTimeout(() => console.log("later"), 50);
          callback(null, "called back");
        };
        """,
        family="node",
    )
    waited = function.invoke({"wait": True})
    assert waited.value == "called back"
    assert "later" in waited.text
    at_once = function.invoke({"wait": False})
    assert at_once.value == "called back"
    assert "later" not in at_once.text


def test_node_runs_es_modules(bench: Bench, node: None):
    files = {"index.mjs": "import os from 'node:os'; export const handler = async () => os.hostname().length > 0;"}
    assert bench.function(files, family="node").invoke().value is True


def test_node_runs_the_context_methods_of_old(bench: Bench, node: None):
    source = "exports.handler = (event, context) => event ? context.succeed(event) : context.fail(new Error('no'));"
    function = bench.function(source, family="node")
    assert function.invoke("yes").value == "yes"
    assert function.invoke(None).value["errorMessage"] == "no"


def test_a_node_exception_is_answered_with_type_message_and_trace(bench: Bench, node: None):
    reply = bench.function("exports.handler = async () => { throw new TypeError('bad'); };", family="node").invoke()
    assert reply.outcome.kind is Kind.FUNCTION_ERROR
    assert (reply.value["errorType"], reply.value["errorMessage"]) == ("TypeError", "bad")
    assert reply.value["trace"][0] == "TypeError: bad"
    assert "\tERROR\tInvoke Error \t" in reply.text


@pytest.mark.parametrize(
    ("source", "handler", "error_type"),
    [
        ("exports.other = 1", "index.handler", "Runtime.HandlerNotFound"),
        ("require('nothing-here')", "index.handler", "Runtime.ImportModuleError"),
        ("exports.handler = (", "index.handler", "Runtime.UserCodeSyntaxError"),
    ],
)
def test_a_node_function_that_cannot_be_loaded_says_why(bench: Bench, node: None, source, handler, error_type):
    began = bench.prepare(source, handler=handler, family="node").init()
    assert began.outcome.kind is Kind.INIT_ERROR
    assert began.value["errorType"] == error_type


def test_node_exits_are_reported_with_their_status(bench: Bench, node: None):
    reply = bench.function("exports.handler = async () => process.exit(3);", family="node").invoke()
    assert reply.value["errorMessage"] == "RequestId: request-1 Error: Runtime exited with error: exit status 3"
