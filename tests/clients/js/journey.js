// One journey with the AWS SDK for JavaScript v3; prints what each step answered, as JSON.
// Endpoint, keys and region come from the environment, as `make up` prints them. argv: name, zip file.
import { readFile } from "node:fs/promises";
import { FilterLogEventsCommand, CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const [name, zip] = process.argv.slice(2);
const lambda = new LambdaClient({});
const said = {};
const wait = { client: lambda, maxWaitTime: 60 };
const parsed = (payload) => JSON.parse(Buffer.from(payload).toString());

said.identity = (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account;
const role = await new IAMClient({}).send(new GetRoleCommand({ RoleName: "LabRole" }));
said.role = role.Role.Arn;

const created = await lambda.send(
  new CreateFunctionCommand({
    FunctionName: name,
    Runtime: "python3.12",
    Handler: "lambda_function.lambda_handler",
    Role: role.Role.Arn,
    Code: { ZipFile: await readFile(zip) },
    Environment: { Variables: { foo: "bar" } },
  }),
);
said.arn = created.FunctionArn;
await waitUntilFunctionActiveV2(wait, { FunctionName: name });

const answer = await lambda.send(
  new InvokeCommand({ FunctionName: name, Payload: JSON.stringify({ key1: "value1" }), LogType: "Tail" }),
);
said.invoke = { status: answer.StatusCode, payload: parsed(answer.Payload), version: answer.ExecutedVersion };
said.tail = Buffer.from(answer.LogResult, "base64").toString();

const failed = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify({}) }));
said.failed = { error: failed.FunctionError, type: parsed(failed.Payload).errorType };

said.event = (
  await lambda.send(new InvokeCommand({ FunctionName: name, InvocationType: "Event", Payload: '{"key1": "later"}' }))
).StatusCode;

await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 7 }));
await waitUntilFunctionUpdatedV2(wait, { FunctionName: name });
said.timeout = (await lambda.send(new GetFunctionCommand({ FunctionName: name }))).Configuration.Timeout;
said.version = (await lambda.send(new PublishVersionCommand({ FunctionName: name }))).Version;
said.listed = (await lambda.send(new ListFunctionsCommand({}))).Functions.map((one) => one.FunctionName);

const logs = new CloudWatchLogsClient({});
for (let tries = 0; tries < 600 && !said.logged; tries++) {
  const found = await logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: '"value1 = later"' }),
  );
  said.logged = found.events[0]?.message;
  if (!said.logged) await new Promise((resolve) => setTimeout(resolve, 100));
}

await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
try {
  await lambda.send(new GetFunctionCommand({ FunctionName: name }));
} catch (error) {
  said.missing = { name: error.name, status: error.$metadata.httpStatusCode, message: error.message };
}
// The SDK connects to the host in the queue's URL, and compares checksums of what it sent and received.
const sqs = new SQSClient({});
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
const MessageAttributes = { Colour: { DataType: "String", StringValue: "röd" } };
const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hallå 👋", MessageAttributes }));
const { Messages } = await sqs.send(
  new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ["All"] }),
);
await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle }));
const rest = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
await sqs.send(new DeleteQueueCommand({ QueueUrl }));
said.queue = {
  same: Messages[0].MessageId === sent.MessageId,
  body: Messages[0].Body,
  colour: Messages[0].MessageAttributes.Colour.StringValue,
  rest: (rest.Messages ?? []).length,
};
try {
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "too late" }));
} catch (error) {
  said.goneQueue = { name: error.name, status: error.$metadata.httpStatusCode };
}

console.log(JSON.stringify(said));
