"""Lab: the handler of an AWS Academy slide."""

from tests.labs.conftest import everywhere, slide

pytestmark = everywhere


def test_it_answers_with_a_status_and_a_body_that_is_json_itself(make, hand):
    answer = hand.invoke(make("hello-academy", slide("at_002_1")), {})
    assert answer.payload == {"statusCode": 200, "body": '"Hello World"'}
