"""docs/errors.md says what the console says: forty mistakes, each with its cause, its place and what to do next.

``ERRORS_MD=write`` in the environment writes the document again.
"""

import os
from pathlib import Path

import pytest
from django.utils import translation

from functions import errors as functions_errors
from runner import errors as runner_errors
from tests.console.error_cases import PYTHON, Told, event, failed, refused, typed

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "errors.md"
DENIED = (
    "An error occurred (AccessDeniedException) when calling the Invoke operation: User: arn:aws:sts::111122223333:"
    "assumed-role/LabRole/f is not authorized to perform: lambda:InvokeFunction on resource: "
    "arn:aws:lambda:us-east-1:111122223333:function:other because no identity-based policy allows the action"
)
NESTED = PYTHON.format("return event['Records'][0]['s3']['buckt']")
TWO_RECORDS = PYTHON.format('return event["Records"][0]["body"]')
SYNTAX = "Syntax error in module 'lambda_function': {} (lambda_function.py, line 1)"

CASES = {
    "A colon is missing": typed("def lambda_handler(event, context)\n    return 1\n"),
    "Typographic quotes in code": typed("client = boto3.client(‘lambda’)\n"),
    "A non-breaking space in code": typed("x =\u00a01\n"),
    "Python 2's print": typed(PYTHON.format("print event")),
    "A lost underscore": typed("def lambda handler(event, context):\n    return 1\n"),
    "Words of the slide between the code": typed(f"import json\n{' ' * 60}Recebe o evento\nx = (\n"),
    "A name that is not defined, while typing": typed(PYTHON.format("return jason.dumps(event)")),
    "The handler has another name, while typing": typed("def handler(event, context):\n    return 1\n"),
    "The handler has another name, in JavaScript": typed(
        "export const run = async () => 1;\n", "index.mjs", "index.handler"
    ),
    "Somebody else's queue URL": typed(
        PYTHON.format('return "https://sqs.us-east-1.amazonaws.com/675696485075/lab-output-queue"')
    ),
    "Somebody else's account in an ARN": typed(PYTHON.format('return "arn:aws:iam::147552475298:role/LabRole"')),
    "A region that is fixed": typed(
        f"import boto3\nsqs = boto3.client('sqs', region_name='eu-west-1')\n{PYTHON.format('return sqs')}"
    ),
    "Only Records[0] is read": typed(TWO_RECORDS),
    "A comment in the event": event('{\n  "body": "Hello" // the message\n}'),
    "A comma after the last entry": event('{\n  "a": 1,\n}'),
    "Typographic quotes in the event": event("{“a”: 1}"),
    "Single quotes in the event": event("{'a': 1}"),
    "Python's words in the event": event('{"a": None}'),
    "A comma is missing in the event": event('{\n  "a": 1\n  "b": 2\n}'),
    "An empty event": event(""),
    "A syntax error that runs": failed(
        "Runtime.UserCodeSyntaxError", SYNTAX.format("expected ':'"), "def lambda_handler(event, context)  # it\n"
    ),
    "The handler's function is missing": failed(
        "Runtime.HandlerNotFound",
        "Handler 'lambda_handler' missing on module 'lambda_function'",
        "def handler(event, context):\n    pass\n",
    ),
    "The handler's file is missing": failed(
        "Runtime.ImportModuleError",
        "Unable to import module 'lambda_function': No module named 'lambda_function'",
        files={"app.py": "def lambda_handler(event, context): ...\n"},
    ),
    "The handler is written wrongly": failed(
        "Runtime.MalformedHandlerName", "Bad handler 'handler'", handler="handler"
    ),
    "A library is missing": failed(
        "Runtime.ImportModuleError",
        "Unable to import module 'lambda_function': No module named 'requests'",
        "import json\nimport requests\n",
    ),
    "A key that the event does not have": failed("KeyError", "'key4'", PYTHON.format("return event['key4']"), 2),
    "A key that is missing deep inside": failed(
        "KeyError", "'buckt'", NESTED, 2, payload={"Records": [{"s3": {"bucket": {}, "object": {}}}]}
    ),
    "A dot instead of brackets": failed(
        "AttributeError", "'dict' object has no attribute 'key1'", PYTHON.format("return event.key1"), 2
    ),
    "An index past the end": failed("IndexError", "list index out of range", TWO_RECORDS, 2, payload={"Records": []}),
    "Text that should be a dictionary": failed(
        "TypeError", "string indices must be integers, not 'str'", PYTHON.format("return event['body']['a']"), 2
    ),
    "A body that is not JSON": failed(
        "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)", PYTHON.format("return json.loads('Hello')"), 2
    ),
    "An answer that is not JSON": failed(
        "Runtime.MarshalError", "Unable to marshal response: Object of type datetime is not JSON serializable"
    ),
    "A value that is undefined, in JavaScript": failed(
        "TypeError", "Cannot read properties of undefined (reading 'b')", "x\n", 1, path="index.mjs"
    ),
    "The timeout": failed("Sandbox.Timedout", "Task timed out after 3.00 seconds"),
    "Too little memory": failed("Runtime.OutOfMemory", "RequestId: r Error: Runtime exited with error: signal: killed"),
    "The process ended": failed("Runtime.ExitError", "RequestId: r Error: Runtime exited with error: exit status 1"),
    "Writing outside of /tmp": failed(
        "OSError", "[Errno 30] Read-only file system: 'a'", PYTHON.format("open('a')"), 2
    ),
    "A permission that is missing": failed("AccessDeniedException", DENIED, PYTHON.format("client.invoke()"), 2),
    "Too many at once": refused(runner_errors.ReservedConcurrencyExceeded(), "result"),
    "A zip that is none": refused(functions_errors.ArchiveRefused("Could not unzip uploaded file."), "page"),
}


def row(name: str, told: Told) -> str:
    cells = [text.replace("|", "\\|") for text in (name, told.cause, told.place, told.action)]
    return f"| {' | '.join(cells)} |"


def document() -> str:
    rows = [row(name, provoke()) for name, provoke in CASES.items()]
    return "\n".join(
        (
            "# Forty mistakes, and what the console says",
            "",
            "What somebody does wrong, the cause as the console tells it, the place it points at, and the next action. A test",
            "provokes each one and compares this table with what is shown; `ERRORS_MD=write` before it writes the table again.",
            "",
            "| mistake | cause | place | next action |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )


def test_there_are_forty():
    assert len(CASES) == 40


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_has_its_cause_its_place_and_its_next_action(name):
    told = CASES[name]()
    assert told.cause and told.place and told.action


@pytest.mark.parametrize("language", ["fr", "pt-br", "sv", "ja"])
def test_every_cause_is_told_in_every_language(language):
    english = {name: provoke().cause for name, provoke in CASES.items()}
    with translation.override(language):
        assert [name for name, provoke in CASES.items() if provoke().cause == english[name]] == []


def test_the_document_says_what_the_console_says():
    if os.environ.get("ERRORS_MD") == "write":
        DOCUMENT.write_text(document())
    assert DOCUMENT.read_text() == document()
