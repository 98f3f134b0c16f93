// The context object that a handler gets, member for member as AWS's.
"use strict";

class Context {
  constructor(header, done, succeed, fail) {
    const environment = process.env;
    this.callbackWaitsForEmptyEventLoop = true;
    this.functionVersion = environment.AWS_LAMBDA_FUNCTION_VERSION;
    this.functionName = environment.AWS_LAMBDA_FUNCTION_NAME;
    this.memoryLimitInMB = environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
    this.logGroupName = environment.AWS_LAMBDA_LOG_GROUP_NAME;
    this.logStreamName = environment.AWS_LAMBDA_LOG_STREAM_NAME;
    this.clientContext = parsed(header.client_context);
    this.identity = undefined;
    this.invokedFunctionArn = header.invoked_arn;
    this.awsRequestId = header.id;
    const hidden = {
      getRemainingTimeInMillis: () => Math.max(0, header.deadline_ms - Date.now()),
      done: (error, result) => done(error, result),
      succeed,
      fail,
    };
    for (const [name, value] of Object.entries(hidden)) {
      Object.defineProperty(this, name, { value, enumerable: true, writable: true });
    }
  }
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { Context };
