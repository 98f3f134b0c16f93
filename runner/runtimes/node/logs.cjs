// console in AWS's format: time, request id, level and message between tabs; or JSON where LoggingConfig says so.
// Log events are lines; a newline inside one event is written "\0\n", which the worker puts back together.
"use strict";

const fs = require("fs");
const util = require("util");

const LEVELS = { trace: "TRACE", debug: "DEBUG", info: "INFO", log: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" };
const ORDER = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
let requestId;

function setRequestId(id) {
  requestId = id;
}

function isJson() {
  return (process.env.AWS_LAMBDA_LOG_FORMAT || "").toUpperCase() === "JSON";
}

function write(text) {
  let data = Buffer.from(text.replace(/\n/g, "\0\n") + "\n");
  while (data.length) {
    try {
      data = data.subarray(fs.writeSync(1, data));
    } catch (error) {
      if (error.code !== "EAGAIN") return;
    }
  }
}

function patchConsole() {
  const least = ORDER.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL || "").toUpperCase());
  for (const [name, level] of Object.entries(LEVELS)) {
    if (isJson() && ORDER.indexOf(level) < least) console[name] = () => {};
    else console[name] = (...values) => emit(level, values);
  }
}

function emit(level, values) {
  const time = new Date().toISOString();
  if (!isJson()) {
    return write(`${time}\t${requestId}\t${level}\t${util.format(...values)}`);
  }
  const record = { timestamp: time, level, requestId, message: values.length === 1 ? values[0] : util.format(...values) };
  if (values[0] instanceof Error) {
    const error = values[0];
    Object.assign(record, { errorType: error.name, errorMessage: error.message, stackTrace: String(error.stack).split("\n").slice(1) });
    record.message = util.format(error);
  }
  write(stringify(record));
}

function stringify(record) {
  try {
    return JSON.stringify(record);
  } catch {
    return JSON.stringify({ ...record, message: util.format(record.message) });
  }
}

function logError(title, document) {
  const { trace, ...members } = document;
  const printed = stringify({ ...members, stack: trace });
  const time = new Date().toISOString();
  if (isJson()) return write(stringify({ timestamp: time, level: "ERROR", requestId, message: document }));
  write(`${time}\t${requestId}\tERROR\t${title} \t${printed}`);
}

module.exports = { setRequestId, patchConsole, logError };
