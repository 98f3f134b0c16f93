"""The AWS managed policies that courses and deployment tools use, readable and attachable in every account.

They are a table, not rows: the same for everybody, and nobody can change them. The documents say what AWS's say about
the services that a function meets; grants on services far from this product (EC2, KMS …) are left out of the large ones.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts import identifiers
from core import arns

_SINCE = datetime(2015, 2, 6, 18, 40, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """A policy that AWS keeps; its document is the only version."""

    path: str
    name: str
    description: str
    document: str
    created_at: datetime = _SINCE
    updated_at: datetime = _SINCE
    default_version: int = 1
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return arns.iam("aws", f"policy{self.path}{self.name}")

    @property
    def unique_id(self) -> str:
        return identifiers.policy_id(self.arn)


def _allow(actions: str, resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions.split(), "Resource": resource, **more}


_LOGS = "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents"
_PASS_TO_LAMBDA = _allow(
    "iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
)  # fmt: skip
_READ_ROLES = (
    "iam:GetPolicy iam:GetPolicyVersion iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies "
    "iam:ListRolePolicies iam:ListRoles"
)
_READ_FUNCTION_LOGS = _allow(
    "logs:DescribeLogStreams logs:GetLogEvents logs:FilterLogEvents", "arn:aws:logs:*:*:log-group:/aws/lambda/*"
)

# (path, name, description, statements)
_TABLE: tuple[tuple[str, str, str, tuple[dict[str, Any], ...]], ...] = (
    ("/", "AdministratorAccess", "Provides full access to AWS services and resources.", (_allow("*"),)),
    (
        "/",
        "PowerUserAccess",
        "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
        (
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
            _allow("iam:CreateServiceLinkedRole iam:DeleteServiceLinkedRole iam:ListRoles"),
        ),
    ),
    (
        "/service-role/",
        "AWSLambdaBasicExecutionRole",
        "Provides write permissions to CloudWatch Logs.",
        (_allow(_LOGS),),
    ),
    (
        "/service-role/",
        "AWSLambdaSQSQueueExecutionRole",
        "Provides receive message, delete message, and read attribute access to SQS queues, and write permissions "
        "to CloudWatch logs.",
        (_allow(f"sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes {_LOGS}"),),
    ),
    (
        "/service-role/",
        "AWSLambdaDynamoDBExecutionRole",
        "Provides list and read access to DynamoDB streams and write permissions to CloudWatch logs.",
        (
            _allow(
                f"dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams {_LOGS}"
            ),
        ),
    ),
    (
        "/service-role/",
        "AWSLambdaKinesisExecutionRole",
        "Provides list and read access to Kinesis streams and write permissions to CloudWatch logs.",
        (
            _allow(
                "kinesis:DescribeStream kinesis:DescribeStreamSummary kinesis:GetRecords kinesis:GetShardIterator "
                f"kinesis:ListShards kinesis:ListStreams kinesis:SubscribeToShard {_LOGS}"
            ),
        ),
    ),
    (
        "/service-role/",
        "AWSLambdaVPCAccessExecutionRole",
        "Provides minimum permissions for a Lambda function to execute while accessing a resource within a VPC.",
        (
            _allow(
                f"{_LOGS} ec2:CreateNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets "
                "ec2:DeleteNetworkInterface ec2:AssignPrivateIpAddresses ec2:UnassignPrivateIpAddresses"
            ),
        ),
    ),
    (
        "/service-role/",
        "AWSLambdaRole",
        "Default policy for AWS Lambda service role.",
        (_allow("lambda:InvokeFunction"),),
    ),
    (
        "/service-role/",
        "AmazonAPIGatewayPushToCloudWatchLogs",
        "Allows API Gateway to push logs to user's account.",
        (_allow(f"{_LOGS} logs:DescribeLogGroups logs:DescribeLogStreams logs:GetLogEvents logs:FilterLogEvents"),),
    ),
    (
        "/",
        "AWSLambdaExecute",
        "Provides Put, Get access to S3 and full access to CloudWatch Logs.",
        (_allow("logs:*", "arn:aws:logs:*:*:*"), _allow("s3:GetObject s3:PutObject", "arn:aws:s3:::*")),
    ),
    (
        "/",
        "AWSLambdaInvocation-DynamoDB",
        "Provides read access to DynamoDB Streams.",
        (
            _allow("lambda:InvokeFunction"),
            _allow("dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams"),
        ),
    ),
    (
        "/",
        "AWSLambda_FullAccess",
        "Grants full access to AWS Lambda service, AWS Lambda console features, and other related AWS services.",
        (
            _allow(
                "cloudformation:DescribeStacks cloudformation:ListStackResources cloudwatch:ListMetrics "
                f"cloudwatch:GetMetricData {_READ_ROLES} lambda:* logs:DescribeLogGroups "
                "states:DescribeStateMachine states:ListStateMachines tag:GetResources"
            ),
            _PASS_TO_LAMBDA,
            _READ_FUNCTION_LOGS,
        ),
    ),
    (
        "/",
        "AWSLambda_ReadOnlyAccess",
        "Grants read-only access to AWS Lambda service, AWS Lambda console features, and other related AWS services.",
        (
            _allow(
                "cloudformation:DescribeStacks cloudformation:ListStackResources cloudwatch:GetMetricData "
                f"cloudwatch:ListMetrics {_READ_ROLES} logs:DescribeLogGroups lambda:Get* lambda:List* "
                "states:DescribeStateMachine states:ListStateMachines tag:GetResources"
            ),
            _READ_FUNCTION_LOGS,
        ),
    ),
    (
        "/",
        "AmazonS3FullAccess",
        "Provides full access to all buckets via the AWS Management Console.",
        (_allow("s3:* s3-object-lambda:*"),),
    ),
    (
        "/",
        "AmazonS3ReadOnlyAccess",
        "Provides read only access to all buckets via the AWS Management Console.",
        (_allow("s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*"),),
    ),
    (
        "/",
        "AmazonSQSFullAccess",
        "Provides full access to Amazon SQS via the AWS Management Console.",
        (_allow("sqs:*"),),
    ),
    (
        "/",
        "AmazonSQSReadOnlyAccess",
        "Provides read only access to Amazon SQS via the AWS Management Console.",
        (
            _allow(
                "sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListDeadLetterSourceQueues sqs:ListQueues "
                "sqs:ListMessageMoveTasks sqs:ListQueueTags"
            ),
        ),
    ),
    (
        "/",
        "AmazonSNSFullAccess",
        "Provides full access to Amazon SNS via the AWS Management Console.",
        (_allow("sns:*"),),
    ),
    (
        "/",
        "AmazonSNSReadOnlyAccess",
        "Provides read only access to Amazon SNS via the AWS Management Console.",
        (_allow("sns:GetTopicAttributes sns:List* sns:CheckIfPhoneNumberIsOptedOut sns:GetEndpointAttributes"),),
    ),
    (
        "/",
        "AmazonDynamoDBFullAccess",
        "Provides full access to Amazon DynamoDB via the AWS Management Console.",
        (
            _allow(
                "dynamodb:* cloudwatch:DescribeAlarms cloudwatch:GetMetricStatistics cloudwatch:ListMetrics "
                "cloudwatch:GetMetricData iam:GetRole iam:ListRoles sns:ListTopics sns:ListSubscriptions "
                "lambda:CreateFunction lambda:ListFunctions lambda:ListEventSourceMappings "
                "lambda:CreateEventSourceMapping lambda:DeleteEventSourceMapping lambda:GetFunctionConfiguration "
                "lambda:DeleteFunction"
            ),
            _PASS_TO_LAMBDA,
        ),
    ),
    (
        "/",
        "AmazonDynamoDBReadOnlyAccess",
        "Provides read only access to Amazon DynamoDB via the AWS Management Console.",
        (
            _allow(
                "dynamodb:BatchGetItem dynamodb:Describe* dynamodb:List* dynamodb:GetItem dynamodb:Query "
                "dynamodb:Scan dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:PartiQLSelect"
            ),
        ),
    ),
    (
        "/",
        "CloudWatchLogsFullAccess",
        "Provides full access to CloudWatch Logs.",
        (_allow("logs:* cloudwatch:GenerateQuery"),),
    ),
    (
        "/",
        "CloudWatchLogsReadOnlyAccess",
        "Provides read only access to CloudWatch Logs.",
        (
            _allow(
                "logs:Describe* logs:Get* logs:List* logs:StartQuery logs:StopQuery logs:TestMetricFilter "
                "logs:FilterLogEvents logs:StartLiveTail logs:StopLiveTail cloudwatch:GenerateQuery"
            ),
        ),
    ),
    (
        "/",
        "CloudWatchFullAccess",
        "Provides full access to CloudWatch.",
        (_allow("cloudwatch:* logs:* sns:* iam:GetPolicy iam:GetPolicyVersion iam:GetRole"),),
    ),
    (
        "/",
        "AmazonEventBridgeFullAccess",
        "Provides full access to Amazon EventBridge.",
        (_allow("events:* schemas:* scheduler:* pipes:*"),),
    ),
    (
        "/",
        "AmazonEventBridgeSchedulerFullAccess",
        "Grants full access to the EventBridge Scheduler service.",
        (
            _allow("scheduler:*"),
            _allow(
                "iam:PassRole",
                "arn:aws:iam::*:role/*",
                Condition={"StringLike": {"iam:PassedToService": "scheduler.amazonaws.com"}},
            ),
        ),
    ),
    (
        "/",
        "AmazonAPIGatewayAdministrator",
        "Provides full access to create, edit or delete APIs in Amazon API Gateway via the AWS Management Console.",
        (_allow("apigateway:*", "arn:aws:apigateway:*::/*"),),
    ),
    (
        "/",
        "AmazonAPIGatewayInvokeFullAccess",
        "Provides full access to invoke APIs in Amazon API Gateway.",
        (_allow("execute-api:Invoke execute-api:ManageConnections", "arn:aws:execute-api:*:*:*"),),
    ),
    (
        "/",
        "AWSStepFunctionsFullAccess",
        "An access policy for providing a user or role access to the AWS StepFunctions APIs.",
        (_allow("states:*"),),
    ),
    (
        "/",
        "AWSCloudFormationFullAccess",
        "Provides full access to AWS CloudFormation.",
        (_allow("cloudformation:*"),),
    ),
    (
        "/",
        "IAMReadOnlyAccess",
        "Provides read only access to IAM via the AWS Management Console.",
        (
            _allow(
                "iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:Get* iam:List* "
                "iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy"
            ),
        ),
    ),
    (
        "/",
        "SecretsManagerReadWrite",
        "Provides read/write access to AWS Secrets Manager via the AWS Management Console.",
        (_allow("secretsmanager:* lambda:ListFunctions tag:GetResources"),),
    ),
    (
        "/",
        "AmazonSSMReadOnlyAccess",
        "Provides read only access to Amazon SSM.",
        (_allow("ssm:Describe* ssm:Get* ssm:List*"),),
    ),
    (
        "/",
        "AWSXRayDaemonWriteAccess",
        "Allow the AWS X-Ray Daemon to relay raw trace segments data to the service's API and retrieve sampling data.",
        (
            _allow(
                "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets "
                "xray:GetSamplingStatisticSummaries"
            ),
        ),
    ),
    (
        "/",
        "AWSXrayWriteOnlyAccess",
        "AWS X-Ray write only managed policy",
        (
            _allow(
                "xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets "
                "xray:GetSamplingStatisticSummaries"
            ),
        ),
    ),
)


def _document(statements: Iterable[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=4)


AWS_POLICIES: dict[str, AwsPolicy] = {
    policy.arn: policy
    for policy in (AwsPolicy(path, name, about, _document(statements)) for path, name, about, statements in _TABLE)
}
