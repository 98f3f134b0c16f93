import json

import pytest

from console import linting

pytestmark = pytest.mark.django_db(transaction=True)


async def problems(client, text, path="lambda_function.py"):
    answer = await client.post("/ada/functions/hello/lint/", {"path": path, "text": text})
    assert answer.status_code == 200
    body = b"".join([part async for part in answer]) if answer.streaming else answer.content
    return json.loads(body)["problems"]


@pytest.fixture
def editor(ada, in_editor, make_function):
    make_function(ada)
    return in_editor(ada)


@pytest.mark.asyncio
async def test_a_syntax_error_is_found_on_its_line(editor):
    found = await problems(editor, "import json\n\ndef lambda_handler(event, context)\n    return 1\n")
    assert (found[0]["line"], found[0]["severity"]) == (3, "error")


@pytest.mark.asyncio
async def test_curly_quotes_are_replaced_in_one_step(editor):
    found = await problems(editor, "import boto3\nclient = boto3.client(‘lambda’)\ntext = 'l’heure'\n")
    assert [problem["line"] for problem in found] == [2, 2]
    assert "boto3.client('lambda')" in found[0]["fix"]["text"]


@pytest.mark.asyncio
async def test_an_unknown_name_is_found(editor):
    found = await problems(editor, "def lambda_handler(event, context):\n    return jason.dumps(event)\n")
    assert "jason" in found[0]["message"]


@pytest.mark.asyncio
async def test_a_file_without_its_handler_is_told(editor):
    found = await problems(editor, "def handler(event, context):\n    return 1\n")
    assert "lambda_function.lambda_handler" in found[0]["message"]


@pytest.mark.asyncio
async def test_python_2_print_is_called_by_its_name(editor):
    found = await problems(editor, 'def lambda_handler(event, context):\n    print "hi"\n')
    assert "parentheses" in found[0]["message"]


@pytest.mark.asyncio
async def test_the_event_is_checked_too(editor):
    found = await problems(editor, '{"a": 1,}', path="event.json")
    assert found[0]["fix"]["text"] == '{"a": 1}\n'


@pytest.mark.asyncio
async def test_good_code_and_unknown_kinds_have_no_problems(editor):
    assert await problems(editor, "def lambda_handler(event, context):\n    return 1\n") == []
    assert await problems(editor, "anything ‘at’ all", path="notes.txt") == []


@pytest.mark.asyncio
async def test_hostile_source_harms_nobody(editor):
    for text in ("(" * 20_000, "\x00", "#" + "é" * 5000, "x = " + "[" * 500 + "]" * 500, "'" * 9999):
        assert isinstance(await problems(editor, text), list)


def test_the_grammar_is_that_of_the_functions_own_python():
    assert linting.target("python3.9") == "py39"
    assert linting.target("nodejs22.x") == linting.target("python3.99") == "py314"
