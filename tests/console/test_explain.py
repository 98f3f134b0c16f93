import html
import json
import re

import pytest

from console.case import Case, Place
from console.explain import explain
from console.results import Result

CODE = "import json\n\n\ndef lambda_handler(event, context):\n    return event['key4']\n"


def failed(error_type, message, trace=(), payload=None, **given):
    values = {
        "request_id": "r",
        "ok": False,
        "response": "",
        "cut": False,
        "error_type": error_type,
        "error_message": message,
        "trace": tuple(trace),
        "version": "$LATEST",
        "duration_ms": 1.0,
        "billed_ms": 1,
        "init_ms": None,
        "memory_size": 128,
        "max_memory_used": 40,
        "code_sha256": "",
        "payload": json.dumps(payload if payload is not None else {"key1": 1, "key2": 2}).encode(),
    }
    files = given.pop("files", {"lambda_function.py": CODE})
    settings = {"handler": "lambda_function.lambda_handler", "timeout": 3, "memory_size": 128} | given
    return explain(Case(Result(**values), files=files, **settings))


def frame(line, path="lambda_function.py"):
    return f'  File "/var/task/{path}", line {line}, in lambda_handler\n    code\n'


def test_a_missing_key_lists_the_keys_there_are_and_guesses_the_one_meant():
    told = failed("KeyError", "'key4'", [frame(5)])
    assert told.place == Place("lambda_function.py", 5)
    assert "<code>key1</code>, <code>key2</code>" in told.text
    assert "Did you mean" in told.text


def test_a_missing_key_deep_inside_names_the_part_that_lacks_it():
    code = "def lambda_handler(event, context):\n    return event['Records'][0]['s3']['buckt']\n"
    event = {"Records": [{"s3": {"bucket": {}, "object": {}}}]}
    told = failed("KeyError", "'buckt'", [frame(2)], payload=event, files={"lambda_function.py": code})
    assert "event[&quot;Records&quot;][0][&quot;s3&quot;]" in told.text
    assert "<code>bucket</code>" in told.text


def test_the_keys_of_an_event_are_never_markup():
    told = failed("KeyError", "'x'", [frame(5)], payload={"<img src=x onerror=alert(1)>": 1})
    assert "<img" not in told.text
    assert "&lt;img" in told.text


def test_a_missing_handler_offers_the_functions_there_are():
    files = {"lambda_function.py": "def handler(event, context):\n    pass\n\ndef helper():\n    pass\n"}
    told = failed(
        "Runtime.HandlerNotFound", "Handler 'lambda_handler' missing on module 'lambda_function'", files=files
    )
    assert [fix.value for fix in told.fixes] == ["lambda_function.handler", "lambda_function.helper"]
    assert told.fixes[0].setting == "handler"


def test_a_missing_file_offers_the_handlers_of_the_others():
    files = {"app.py": "def helper(): ...\ndef my_handler(event, context): ...\n"}
    told = failed(
        "Runtime.ImportModuleError",
        "Unable to import module 'lambda_function': No module named 'lambda_function'",
        files=files,
    )
    assert told.fixes[0].value == "app.my_handler"


def test_a_missing_library_says_where_it_belongs_and_where_it_is_imported():
    files = {"lambda_function.py": "import json\nimport requests\n"}
    told = failed(
        "Runtime.ImportModuleError",
        "Unable to import module 'lambda_function': No module named 'requests'",
        files=files,
    )
    assert told.place == Place("lambda_function.py", 2)
    assert "<code>requests</code>" in told.text and "layer" in told.text


START = (1_000, "START RequestId: 1\n", "p")
STOPPED = (4_000, "Task timed out after 3.00 seconds\n", "p")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "Until then it had written nothing"),
        (
            ((1_100, "loading\n", "f"), (1_600, "step <1>\n", "f")),
            "The last line it wrote is step <1>. Its longest step, 2.4 s, came after that.",
        ),
        (
            ((1_100, "asking\n", "f"), (3_500, "answered\n", "f")),
            "The last line it wrote is answered. Its longest step, 2.4 s, came after asking.",
        ),
        (
            ((3_500, "at last\n", "f"),),
            "The last line it wrote is at last. Its longest step, 2.5 s, came before its first line.",
        ),
    ],
)
def test_a_timeout_tells_how_far_it_came_and_where_the_time_went(lines, told):
    found = failed("Sandbox.Timedout", "Task timed out after 3.00 seconds", log=(START, *lines, STOPPED))
    assert told in html.unescape(re.sub("</?code>", "", found.text))


def test_a_timeout_offers_a_longer_one():
    told = failed("Sandbox.Timedout", "Task timed out after 3.00 seconds")
    assert [(fix.setting, fix.value) for fix in told.fixes] == [("timeout", "15")]
    assert failed("Sandbox.Timedout", "Task timed out after 900.00 seconds", timeout=900).fixes == ()


def test_too_little_memory_offers_more():
    told = failed("Runtime.OutOfMemory", "RequestId: r Error: Runtime exited with error: signal: killed")
    assert [(fix.setting, fix.value) for fix in told.fixes] == [("memory_size", "256")]


def test_a_syntax_error_has_its_line():
    told = failed(
        "Runtime.UserCodeSyntaxError",
        "Syntax error in module 'lambda_function': expected ':' (lambda_function.py, line 4)",
    )
    assert told.place == Place("lambda_function.py", 4)


def test_quotes_from_a_slide_are_named():
    files = {"lambda_function.py": "x = boto3.client(‘lambda’)\n"}
    message = "Syntax error in module 'lambda_function': invalid character '‘' (U+2018) (lambda_function.py, line 1)"
    assert "typographic quotes" in failed("Runtime.UserCodeSyntaxError", message, files=files).text


def test_a_node_error_has_its_line_too():
    files = {"index.mjs": "export const handler = async (event) => {\n  return event.a.b;\n};\n"}
    told = failed(
        "TypeError",
        "Cannot read properties of undefined (reading 'b')",
        ["TypeError: Cannot read …", "    at Runtime.handler (file:///var/task/index.mjs:2:18)"],
        files=files,
        handler="index.handler",
    )
    assert told.place == Place("index.mjs", 2)


def test_an_error_nobody_knows_has_at_least_its_place():
    told = failed("MyError", "no idea", [frame(4)])
    assert (told.text, told.place) == ("", Place("lambda_function.py", 4))
    assert failed("MyError", "no idea") is None


def test_lines_of_libraries_are_not_the_place():
    told = failed("ValueError", "x", [frame(4), '  File "/opt/python/lib.py", line 9, in f\n    y\n'])
    assert told.place == Place("lambda_function.py", 4)


def test_nothing_is_said_where_there_is_nothing_to_say():
    assert (
        failed("Runtime.UserCodeSyntaxError", "Syntax error in module 'x': expected ':' (x.py, line 4)", files={})
        is None
    )
