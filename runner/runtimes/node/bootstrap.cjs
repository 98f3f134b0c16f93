// The Node.js runtime: loads a function's handler and runs it, one event after another.
// Speaks frames with PID 1 over file descriptor 3 (see init.py). Every Node.js from 18; names, texts and formats are
// those of AWS's Node.js runtimes.
"use strict";

const { Channel } = require("./channel.cjs");
const { Context } = require("./context.cjs");
const errors = require("./errors.cjs");
const logs = require("./logs.cjs");
const { load } = require("./loading.cjs");
const streaming = require("./streaming.cjs");

const ANSWER_LIMIT = 6 * 1024 * 1024 + 100;

async function main() {
  const channel = new Channel(3);
  channel.send("Y", Buffer.from("{}"));
  const order = JSON.parse((await channel.receive("B")).toString());
  enter(order.environment);
  logs.patchConsole();
  streaming.install();
  let handler;
  try {
    handler = await load(order.environment.LAMBDA_TASK_ROOT, order.handler);
  } catch (error) {
    const document = errors.documentOf(error);
    logs.logError("Uncaught Exception", document);
    channel.send("E", Buffer.from(JSON.stringify(document)));
    return;
  }
  channel.send("N", Buffer.alloc(0));
  run(channel, handler);
}

// Takes on the function's environment variables; what starts with NODE_ was set when the process started.
function enter(environment) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(environment.LAMBDA_TASK_ROOT);
}

// One invocation after another. What nobody caught ends the process, after it was answered, as on AWS.
function run(channel, handler) {
  let current = null;

  function finish(kind, header, payload) {
    if (!current) return;
    const id = current.id;
    current = null;
    channel.sendHeaded(kind, { id, ...header }, payload);
    channel.ref();
    next();
  }

  // The handler writes its answer to a stream; the end of that is the end of the invocation.
  function respondInParts(event) {
    const mine = current;
    const stream = new streaming.ResponseStream(channel, mine.id, (error) => {
      if (mine !== current) return;
      if (error) fail(error);
      else finish("R", {}, Buffer.alloc(0));
    });
    mine.waiting = () => stream.end();
    return handler(event, stream, mine.context);
  }

  function fail(error, fatal) {
    const document = errors.documentOf(error);
    if (fatal) document.errorType = fatal === "rejection" ? "Runtime.UnhandledPromiseRejection" : document.errorType;
    logs.logError(fatal ? (fatal === "rejection" ? "Unhandled Promise Rejection" : "Uncaught Exception") : "Invoke Error", document);
    finish("F", {}, Buffer.from(JSON.stringify(errors.answerOf(document))));
  }

  function succeed(result) {
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result);
      if (text === undefined) text = "null";
    } catch (error) {
      return fail(new errors.Fault("Runtime.MarshalError", `Unable to stringify response body`));
    }
    const payload = Buffer.from(text);
    if (payload.length > ANSWER_LIMIT) return finish("T", { size: payload.length }, Buffer.alloc(0));
    finish("R", {}, payload);
  }

  // A callback's answer waits until nothing is left to do, unless the handler has said that it need not.
  function later(act) {
    if (!current) return;
    if (!current.context.callbackWaitsForEmptyEventLoop) return setImmediate(act);
    current.waiting = act;
    channel.unref();
  }

  process.on("beforeExit", () => {
    if (!current) return;
    const act = current.waiting || (() => succeed(null));
    act();
  });
  process.on("uncaughtException", (error) => dying(error, "exception"));
  process.on("unhandledRejection", (error) => dying(error, "rejection"));

  function dying(error, why) {
    if (!current) process.exit(129);
    fail(error, why);
    channel.flush(() => process.exit(why === "rejection" ? 128 : 129));
  }

  async function next() {
    const { header, payload } = await channel.receiveHeaded("I");
    logs.setRequestId(header.id);
    if (header.trace_id) process.env._X_AMZN_TRACE_ID = header.trace_id;
    else delete process.env._X_AMZN_TRACE_ID;
    const done = (error, result) => later(() => (error ? fail(error) : succeed(result)));
    current = { id: header.id, context: new Context(header, done, succeedNow, failNow), waiting: null };
    channel.unref();
    try {
      const event = JSON.parse(payload.toString());
      const streams = streaming.isStreaming(handler);
      const returned = streams ? respondInParts(event) : handler(event, current.context, done);
      if (returned && typeof returned.then === "function") {
        const mine = current;
        returned.then(
          (result) => mine === current && !streams && succeed(result),
          (error) => mine === current && fail(error),
        );
      }
    } catch (error) {
      fail(error);
    }
  }

  function succeedNow(result) {
    setImmediate(() => succeed(result));
  }

  function failNow(error) {
    setImmediate(() => fail(error));
  }

  next();
}

main();
