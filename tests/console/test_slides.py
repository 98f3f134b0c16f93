"""Code as it comes out of the lectures' PDFs, put right step by step."""

import pytest

from console import linting, slides

ACCOUNT = "111122223333"


async def check(text, path="lambda_function.py", handler="lambda_function.lambda_handler"):
    return await linting.problems(path=path, text=text, runtime="python3.13", handler=handler, account_id=ACCOUNT)


async def cured(text, **given):
    """The text after every button that puts it right was pressed, errors only; and what was said on the way."""
    said = []
    for _press in range(10):
        found = [problem for problem in await check(text, **given) if problem.severity == "error"]
        if not found:
            break
        said.append(found[0].message)
        assert found[0].fix is not None, found[0]
        text = found[0].fix.text
    return text, said


THUMBNAIL = """\
import boto3
                                                                                  aws academy
import uuid
from PIL import Image
s3 client = boto3.client('s3')
def resize image (image path, resized path):
    with Image.open(image path) as image:
        image.thumbnail((128, 128))
        image.save(resized path)
                                                              Recebe o evento do S3 e
                                                             faz download da imagem
def lambda_handler(event, context):
    for record in event['Records']:
                                                              local
        key = record['s3']['object']['key']
        download path = '/tmp/{}{}'.format(uuid.uuid4(), key)
        s3 client.download file(record['s3']['bucket']['name'], key, download path)
        resize image (download path, '/tmp/resized path')
"""


@pytest.mark.asyncio
async def test_the_thumbnail_of_the_slides_is_put_right_by_two_buttons():
    text, said = await cured(THUMBNAIL)
    assert "words from the slide" in said[0] and "underscore" in said[1] and len(said) == 2
    assert "s3_client.download_file(record['s3']['bucket']['name'], key, download_path)" in text
    assert "def resize_image (image_path, resized_path):" in text
    assert "'/tmp/resized path'" in text  # what is inside of text stays
    assert "academy" not in text and "imagem" not in text and "local" not in text
    compile(text, "lambda_function.py", "exec")


@pytest.mark.asyncio
async def test_the_iot_button_of_the_slides_is_put_right():
    code = (
        "import boto3\nclient = boto3.client('iot-data', region name='eu-west-1')\n"
        "def lambda handler(event, context):\n    print event\n    return event\n"
    )
    text, said = await cured(code)
    assert "    print(event)\n" in text
    assert "region_name='eu-west-1'" in text and "def lambda_handler(event" in text
    assert any("parentheses" in message for message in said)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ('print "value1 = " + event["key1"]', 'print("value1 = " + event["key1"])'),
        ("print event, context", "print(event, context)"),
        ('print "%s # no comment" % event', 'print("%s # no comment" % event)'),
    ],
)
async def test_python_2_prints(line, fixed):
    text, _said = await cured(f"def lambda_handler(event, context):\n    {line}\n")
    assert f"    {fixed}\n" in text


def test_code_that_is_right_is_left_alone():
    for code in (
        "match x:\n    case 1: pass\ntype Name = int\n",
        "x = 'lambda handler and friends'  # a comment of many words here\n",
        "async def f(): return not await x if y else z\n",
        'text = """\nwords of a text that is long\n"""\n',
        "from a.b import c as d\nglobal e\nlambda event: None\n",
    ):
        assert slides.pasted(code) == []


@pytest.mark.asyncio
async def test_what_is_the_authors_own_is_made_ones_own():
    code = (
        "import boto3\nsqs = boto3.client('sqs', region_name='eu-west-1')\n\n\ndef lambda_handler(event, context):\n"
        '    url = "https://sqs.us-east-1.amazonaws.com/675696485075/lab-output-queue"\n'
        '    return sqs, url, "arn:aws:iam::147552475298:role/LabRole"\n'
    )
    by_line = {problem.line: problem for problem in await check(code)}
    assert "675696485075" in by_line[6].message
    assert f"amazonaws.com/{ACCOUNT}/lab-output-queue" in by_line[6].fix.text
    assert f"arn:aws:iam::{ACCOUNT}:role/LabRole" in by_line[7].fix.text
    assert "boto3.client('sqs')" in by_line[2].fix.text
    assert {problem.severity for problem in by_line.values()} <= {"info", "warning"}


@pytest.mark.asyncio
async def test_records_0_alone_is_told_and_every_record_is_read_by_one_button():
    code = (
        "import json\n\n\ndef lambda_handler(event, context):\n"
        '    data = int(json.loads(event["Records"][0]["body"])["data"])\n    return {"body": data}\n'
    )
    (problem,) = await check(code)
    assert "first record" in problem.message and problem.severity == "info"
    names: dict = {}
    exec(problem.fix.text, names)
    event = {"Records": [{"body": '{"data": 1}'}, {"body": '{"data": 2}'}]}
    assert names["lambda_handler"](event, None) == [{"body": 1}, {"body": 2}]
    assert await check(problem.fix.text) == []


@pytest.mark.asyncio
async def test_a_handler_of_another_name_is_renamed_in_python_and_in_javascript():
    (problem,) = await check("def main_handler(event, context):\n    return 1\n")
    assert problem.fix.text == "def lambda_handler(event, context):\n    return 1\n"
    given = {"path": "index.mjs", "handler": "index.handler"}
    (problem,) = await check("export const run = async () => 1;\n", **given)
    assert problem.fix.text == "export const handler = async () => 1;\n"
    assert await check("export { run as handler };\n", **given) == []


@pytest.mark.asyncio
async def test_curly_quotes_in_javascript():
    found = await check("export const handler = async () => ‘x’;\n", path="index.mjs", handler="index.handler")
    assert found[0].fix.text == "export const handler = async () => 'x';\n"
