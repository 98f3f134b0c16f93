"""Mistakes with queues: operation, members, and the code and words that SQS answers with."""

import json

CODES = [
    ("CreateQueue", {"QueueName": "a/b"}, "InvalidParameterValue", "alphanumeric characters, hyphens"),
    ("CreateQueue", {"QueueName": "a.fifo"}, "InvalidParameterValue", "alphanumeric characters, hyphens"),
    (
        "CreateQueue",
        {"QueueName": "a", "Attributes": {"FifoQueue": "true"}},
        "InvalidParameterValue",
        "must end with .fifo suffix",
    ),
    (
        "CreateQueue",
        {"QueueName": "orders", "Attributes": {"DelaySeconds": "1"}},
        "QueueAlreadyExists",
        "different value for attribute DelaySeconds",
    ),
    ("CreateQueue", {"QueueName": "a", "Attributes": {"Nope": "1"}}, "InvalidAttributeName", "Unknown Attribute Nope."),
    (
        "CreateQueue",
        {"QueueName": "a", "Attributes": {"DelaySeconds": "901"}},
        "InvalidAttributeValue",
        "Invalid value for the parameter DelaySeconds.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "none", "MessageBody": "x"},
        "AWS.SimpleQueueService.NonExistentQueue",
        "specified queue",
    ),
    (
        "SendMessage",
        {"QueueUrl": "http://host/", "MessageBody": "x"},
        "InvalidAddress",
        "is not valid for this endpoint",
    ),
    (
        "SendMessage",
        {"QueueUrl": "orders", "MessageBody": ""},
        "MissingParameter",
        "contain the parameter MessageBody.",
    ),
    (
        "SendMessage",
        {"QueueUrl": "orders", "MessageBody": "\x01"},
        "InvalidMessageContents",
        "Invalid characters found",
    ),
    ("DeleteMessage", {"QueueUrl": "orders", "ReceiptHandle": "garbage"}, "ReceiptHandleIsInvalid", '"garbage" is not'),
    ("ReceiveMessage", {"QueueUrl": "orders", "MaxNumberOfMessages": 11}, "InvalidParameterValue", "between 1 and 10"),
    (
        "ReceiveMessage",
        {"QueueUrl": "orders", "WaitTimeSeconds": 21},
        "InvalidParameterValue",
        "Must be >= 0 and <= 20",
    ),
    (
        "ReceiveMessage",
        {"QueueUrl": "orders", "VisibilityTimeout": 43201},
        "InvalidParameterValue",
        "VisibilityTimeout",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "orders", "Entries": []},
        "AWS.SimpleQueueService.EmptyBatchRequest",
        "at least one",
    ),
    (
        "DeleteMessageBatch",
        {"QueueUrl": "orders", "Entries": [{"Id": "a", "ReceiptHandle": "x"}] * 2},
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "Id a repeated.",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "orders", "Entries": [{"Id": "a:b", "MessageBody": "x"}]},
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        "alphanumeric characters, hyphens and underscores",
    ),
    (
        "SendMessageBatch",
        {"QueueUrl": "orders", "Entries": [{"Id": f"{n}", "MessageBody": "x"} for n in range(11)]},
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "You have sent 11.",
    ),
    ("GetQueueAttributes", {"QueueUrl": "orders", "AttributeNames": ["Nope"]}, "InvalidAttributeName", "Nope"),
    (
        "SetQueueAttributes",
        {"QueueUrl": "orders", "Attributes": {"RedrivePolicy": "{}"}},
        "InvalidParameterValue",
        "mandatory attribute: deadLetterTargetArn",
    ),
    ("SetQueueAttributes", {"QueueUrl": "orders", "Attributes": {"Policy": "no"}}, "InvalidAttributeValue", "Policy"),
    ("StartMessageMoveTask", {"SourceArn": "arn:aws:sqs:us-east-1:1:x"}, "ResourceNotFoundException", "SourceArn"),
    ("CancelMessageMoveTask", {"TaskHandle": "x"}, "InvalidParameterValue", "TaskHandle is invalid"),
]


TEXT = {"DataType": "String", "StringValue": "x"}
VALUE, NAME, PARAMETER, MISSING = (
    "InvalidAttributeValue",
    "InvalidAttributeName",
    "InvalidParameterValue",
    "MissingParameter",
)


def message(code, words, queue="orders", **members):
    return "SendMessage", {"QueueUrl": queue, "MessageBody": "x"} | members, code, words


def in_group(code, words, **members):
    """To a FIFO queue."""
    whole = {"MessageGroupId": "g", "MessageDeduplicationId": "d"} | members
    return message(code, words, "f.fifo", **{name: value for name, value in whole.items() if value is not None})


def attributes(words, queue="orders", code=VALUE, **given):
    return "SetQueueAttributes", {"QueueUrl": queue, "Attributes": given}, code, words


def redrive(words, **policy):
    return attributes(words, code=PARAMETER, RedrivePolicy=json.dumps(policy))


def tags(words, **given):
    return "TagQueue", {"QueueUrl": "orders", "Tags": given}, PARAMETER, words


def permission(words, label="a", account="123456789012", action="SendMessage"):
    members = {"QueueUrl": "orders", "Label": label, "AWSAccountIds": [account], "Actions": [action]}
    return "AddPermission", members, PARAMETER, words


HANDLE = {"QueueUrl": "orders", "ReceiptHandle": "garbage"}
MORE_CODES = [
    message(PARAMETER, "DelaySeconds must be >= 0 and <= 900.", DelaySeconds=901),
    message(PARAMETER, "DelaySeconds must be >= 0 and <= 900.", DelaySeconds=-1),
    message(PARAMETER, "Message must be shorter than 1048576 bytes.", MessageBody="x" * 1_048_577),
    message(PARAMETER, "not valid for this queue type", MessageDeduplicationId="a"),
    message(
        PARAMETER,
        "supported type prefixes: Binary, Number, String.",
        MessageAttributes={"a": TEXT | {"DataType": "No"}},
    ),
    message(PARAMETER, "Can't cast the value", MessageAttributes={"a": TEXT | {"DataType": "Number"}}),
    message(PARAMETER, "must contain a non-empty value", MessageAttributes={"a": {"DataType": "String"}}),
    message(PARAMETER, "can not start with 'AWS.'", MessageAttributes={"AWS.a": TEXT}),
    message(PARAMETER, "Attribute name can contain A-Z", MessageAttributes={"a b": TEXT}),
    message(PARAMETER, "[11] exceeds the allowed maximum [10]", MessageAttributes={f"a{n}": TEXT for n in range(11)}),
    message(PARAMETER, "'Nope' is invalid", MessageSystemAttributes={"Nope": TEXT}),
    message(
        PARAMETER,
        "must be a non-empty value of type 'String'",
        MessageSystemAttributes={"AWSTraceHeader": TEXT | {"DataType": "Number"}},
    ),
    in_group(MISSING, "MessageGroupId", MessageGroupId=None),
    in_group(PARAMETER, "ContentBasedDeduplication enabled", MessageDeduplicationId=None),
    in_group(PARAMETER, "MessageGroupId can only include alphanumeric", MessageGroupId="g g"),
    in_group(PARAMETER, "MessageGroupId can only include alphanumeric", MessageGroupId="g" * 129),
    in_group(PARAMETER, "MessageDeduplicationId can only include alphanumeric", MessageDeduplicationId="a b"),
    in_group(PARAMETER, "not valid for this queue type", DelaySeconds=5),
    (
        "SendMessageBatch",
        {"QueueUrl": "orders", "Entries": [{"Id": f"{n}", "MessageBody": "x" * 300_000} for n in range(4)]},
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "You have sent 1200000 bytes.",
    ),
    ("ReceiveMessage", {"QueueUrl": "orders", "MaxNumberOfMessages": 0}, PARAMETER, "between 1 and 10"),
    ("ReceiveMessage", {"QueueUrl": "orders", "WaitTimeSeconds": -1}, PARAMETER, "Must be >= 0 and <= 20"),
    ("ReceiveMessage", {"QueueUrl": "orders", "VisibilityTimeout": -1}, PARAMETER, "Must be >= 0 and <= 43200"),
    ("ReceiveMessage", {"QueueUrl": "orders", "AttributeNames": ["Nope"]}, PARAMETER, "Unknown Attribute Nope."),
    ("ReceiveMessage", {"QueueUrl": "f.fifo", "ReceiveRequestAttemptId": "a b"}, PARAMETER, "ReceiveRequestAttemptId"),
    ("ChangeMessageVisibility", HANDLE | {"VisibilityTimeout": 1}, "ReceiptHandleIsInvalid", '"garbage" is not'),
    ("ChangeMessageVisibility", HANDLE | {"VisibilityTimeout": 43201}, PARAMETER, "Must be >= 0 and <= 43200"),
    ("DeleteMessage", HANDLE | {"ReceiptHandle": ""}, MISSING, "ReceiptHandle"),
    attributes("VisibilityTimeout", VisibilityTimeout="43201"),
    attributes("VisibilityTimeout", VisibilityTimeout="x"),
    attributes("MaximumMessageSize", MaximumMessageSize="1023"),
    attributes("MaximumMessageSize", MaximumMessageSize="1048577"),
    attributes("MessageRetentionPeriod", MessageRetentionPeriod="59"),
    attributes("MessageRetentionPeriod", MessageRetentionPeriod="1209601"),
    attributes("ReceiveMessageWaitTimeSeconds", ReceiveMessageWaitTimeSeconds="21"),
    attributes("KmsDataKeyReusePeriodSeconds", KmsDataKeyReusePeriodSeconds="1"),
    attributes("SqsManagedSseEnabled", SqsManagedSseEnabled="maybe"),
    attributes("Unknown Attribute FifoQueue.", code=NAME, FifoQueue="true"),
    attributes("Unknown Attribute QueueArn.", code=NAME, QueueArn="x"),
    attributes("DeduplicationScope", "f.fifo", DeduplicationScope="no"),
    attributes("FifoThroughputLimit", "f.fifo", FifoThroughputLimit="no"),
    attributes("Modifying queue type is not supported.", "f.fifo", FifoQueue="false"),
    attributes("not a valid JSON map", code=PARAMETER, RedrivePolicy="{"),
    redrive("Invalid value for deadLetterTargetArn", deadLetterTargetArn="no", maxReceiveCount=1),
    redrive("maxReceiveCount", deadLetterTargetArn="arn:aws:sqs:us-east-1:675696485075:orders", maxReceiveCount=0),
    redrive("deadLetterTargetArn", deadLetterTargetArn="arn:aws:sqs:us-east-1:675696485075:f.fifo", maxReceiveCount=3),
    attributes("Invalid value for redrivePermission", code=PARAMETER, RedriveAllowPolicy="{}"),
    permission("Can only include alphanumeric characters, hyphens, or underscores.", label="a b"),
    permission("Value 1 for parameter PrincipalId is invalid.", account="1"),
    permission("Only the queue owner is allowed to invoke this action.", action="Nope"),
    ("RemovePermission", {"QueueUrl": "orders", "Label": "none"}, PARAMETER, "can't find label"),
    ("ListQueues", {"MaxResults": 1001}, PARAMETER, "MaxResults must be an integer between 1 and 1000"),
    ("ListQueues", {"NextToken": "no"}, PARAMETER, "Invalid or expired next token."),
    tags("a queue can have 50", **{f"k{n}": "v" for n in range(51)}),
    tags("reserved and cannot be set", **{"aws:x": "v"}),
    tags("between 1 and 128 characters", **{"k" * 129: "v"}),
    ("GetQueueUrl", {"QueueName": "none"}, "AWS.SimpleQueueService.NonExistentQueue", "specified queue"),
    ("GetQueueUrl", {"QueueName": ""}, MISSING, "QueueName"),
    ("DeleteQueue", {"QueueUrl": "none"}, "AWS.SimpleQueueService.NonExistentQueue", "specified queue"),
    ("ListMessageMoveTasks", {"SourceArn": "no"}, "ResourceNotFoundException", "SourceArn"),
    (
        "StartMessageMoveTask",
        {"SourceArn": "arn:aws:sqs:us-east-1:675696485075:orders"},
        PARAMETER,
        "must be configured as a Dead Letter Queue",
    ),
]
