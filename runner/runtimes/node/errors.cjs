// Error documents, in AWS's shape: errorType, errorMessage, trace.
"use strict";

class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// Everything that is worth printing: the error's own members too, as AWS prints them.
function documentOf(error) {
  if (!isError(error)) {
    return { errorType: typeof error, errorMessage: printable(error), trace: [] };
  }
  const document = {
    errorType: String(error.name || "Error"),
    errorMessage: String(error.message === undefined ? "" : error.message),
  };
  for (const name of Object.keys(error)) {
    if (!["name", "message", "stack", "errorType", "errorMessage"].includes(name)) document[name] = error[name];
  }
  document.trace = String(error.stack || "").replace(/\x7f/g, "%7F").split("\n");
  return document;
}

// What the caller gets: type, message and trace.
function answerOf(document) {
  return { errorType: document.errorType, errorMessage: document.errorMessage, trace: document.trace };
}

function isError(value) {
  return value instanceof Error || (value && typeof value === "object" && "message" in value && "stack" in value);
}

function printable(value) {
  try {
    return typeof value === "string" ? value : String(JSON.stringify(value) ?? value);
  } catch {
    return String(value);
  }
}

module.exports = { Fault, documentOf, answerOf };
