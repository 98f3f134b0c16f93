"""Lab: what the context object tells a function about itself."""

from tests.labs.conftest import everywhere

pytestmark = everywhere

HANDLER = """
def lambda_handler(event, context):
    return {
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "aws_request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
    }
"""


def test_the_context_knows_the_function_its_limits_and_its_log(make, hand, live):
    answer = hand.invoke(make("about-itself", HANDLER, timeout=5))
    account = live.client("sts").get_caller_identity()["Account"]
    said = answer.payload
    assert said["function_name"] == "about-itself"
    assert said["function_version"] == "$LATEST"
    assert said["invoked_function_arn"] == f"arn:aws:lambda:us-east-1:{account}:function:about-itself"
    assert int(said["memory_limit_in_mb"]) == 128
    assert f"START RequestId: {said['aws_request_id']} Version: $LATEST" in answer.log
    assert 0 < said["remaining"] <= 5000
    assert said["log_group_name"] == "/aws/lambda/about-itself"
    assert "[$LATEST]" in said["log_stream_name"]
