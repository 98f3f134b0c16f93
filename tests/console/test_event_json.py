import json

import pytest

from console import event_json, event_templates
from queues.services.managing import create_queue


@pytest.mark.parametrize(
    ("text", "line", "said", "fixed"),
    [
        ('{\n  "a": 1 // one\n}', 2, "no comments", {"a": 1}),
        ('{\n  "a": 1, /* one\n two */\n  "b": 2\n}', 2, "no comments", {"a": 1, "b": 2}),
        ('{\n  "a": 1,\n}', 2, "no comma after the last", {"a": 1}),
        ('{\n  "a": [1, 2, ]\n}', 2, "no comma after the last", {"a": [1, 2]}),
        ("{\n  “a”: 1\n}", 2, "typographic quote", {"a": 1}),
        ("{‘file’: ‘path’}", 1, "typographic quote", {"file": "path"}),
        ("{'a': 'b'}", 1, "double quotes", {"a": "b"}),
        ('{"a": None, "b": True}', 1, "null, true and false", {"a": None, "b": True}),
    ],
)
def test_what_slides_do_to_json_is_named_and_put_right(text, line, said, fixed):
    problem = event_json.check(text)[0]
    assert problem.line == line
    assert said in problem.message
    assert problem.fix is not None
    assert json.loads(problem.fix.text) == fixed


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('{\n "a": 1\n "b": 2\n}', 3, "comma is missing"),
        ('{\n "a" 1\n}', 2, "colon is missing"),
        ('{\n "a": \n}', 3, "value is missing"),
        ('{"a": "b', 1, "closing quote"),
        ("{} {}", 1, "after the end"),
        ("", 1, "empty"),
    ],
)
def test_other_mistakes_are_said_in_words_on_their_line(text, line, said):
    problem = event_json.check(text)[0]
    assert problem.line == line
    assert said in problem.message


def test_what_is_inside_of_text_is_left_alone():
    assert event_json.check('{"url": "http://a.b/, }", "say": "it’s // fine"}') == []


def test_a_very_long_event_is_still_checked_quickly():
    assert event_json.check('{"a": [' + ", " * 200_000)[0].line == 1


def test_every_template_is_json_under_the_name_aws_has_for_it():
    templates = event_templates.all_of_them()
    assert len(templates) == 69  # AWS's 68, and hello-world
    for name in templates:
        assert json.loads(event_templates.body(name))
    assert templates["s3-put"].label == "Amazon S3 Put"


def test_what_the_lectures_use_comes_first():
    title, first = event_templates.groups()[0]
    assert title == ""
    assert [template.name for template in first][:5] == ["hello-world", "sqs", "s3-put", "s3-delete", "scheduled"]
    assert sum(len(group) for _title, group in event_templates.groups()) == 69


@pytest.mark.django_db
def test_a_template_names_ones_own_account_where_nothing_else_is_asked_for(ada):
    scheduled = json.loads(event_templates.body("scheduled", account=ada))
    assert scheduled["account"] == ada.id
    assert json.loads(event_templates.body("sqs", account=ada)) == json.loads(event_templates.body("sqs"))


@pytest.mark.django_db
def test_the_sqs_template_names_ones_own_queue(ada, grace):
    create_queue(account=ada, name="numbers")
    record = json.loads(event_templates.body("sqs", account=ada))["Records"][0]
    assert record["eventSourceARN"] == f"arn:aws:sqs:us-east-1:{ada.id}:numbers"
    assert json.loads(event_templates.body("sqs", account=grace)) == json.loads(event_templates.body("sqs"))


def test_a_template_takes_the_names_of_what_one_has():
    template = event_templates.all_of_them()["sqs"]
    own = {"account_id": "111122223333", "region": "eu-west-3", "queue_name": 'my"queue'}
    record = json.loads(template.filled(own))["Records"][0]
    assert record["eventSourceARN"] == 'arn:aws:sqs:eu-west-3:111122223333:my"queue'


def test_the_sqs_template_is_the_one_of_the_slides_to_the_letter():
    record = json.loads(event_templates.body("sqs"))["Records"][0]
    assert record["messageId"] == "19dd0b57-b21e-4ac1-bd88-01bbb068cb78"
    assert record["receiptHandle"] == "MessageReceiptHandle"
    assert record["attributes"] == {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1523232000000",
        "SenderId": "123456789012",
        "ApproximateFirstReceiveTimestamp": "1523232000001",
    }
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:MyQueue"
