// Answers in parts: awslambda.streamifyResponse and awslambda.HttpResponseStream, as AWS's Node.js runtimes have them.
"use strict";

const { Writable } = require("stream");

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const PART = 48 * 1024;
const HTTP_TYPE = "application/vnd.awslambda.http-integration-response";
const PRELUDE_END = Buffer.alloc(8);

// What the handler writes to; each write is on its way before the next is taken.
class ResponseStream extends Writable {
  constructor(channel, id, done) {
    super({ highWaterMark: 64 * 1024 });
    this.channel = channel;
    this.id = id;
    this.begun = false;
    this.contentType = "";
    this.prelude = null;
    this.once("finish", () => done(null));
    this.once("error", (error) => done(error));
  }

  setContentType(type) {
    this.contentType = String(type);
  }

  begin() {
    if (this.begun) return;
    this.begun = true;
    this.channel.sendHeaded("S", { id: this.id, content_type: this.contentType.slice(0, 256) }, Buffer.alloc(0));
    if (this.prelude) this.pass(Buffer.concat([Buffer.from(JSON.stringify(this.prelude)), PRELUDE_END]), () => {});
  }

  pass(data, then) {
    for (let start = 0; start < data.length; start += PART) this.channel.send("P", data.subarray(start, start + PART));
    this.channel.flush(then);
  }

  _write(chunk, encoding, callback) {
    this.begin();
    this.pass(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, encoding), () => callback());
  }

  _final(callback) {
    this.begin();
    this.channel.flush(() => callback());
  }
}

const HttpResponseStream = {
  from(stream, prelude) {
    stream.setContentType(HTTP_TYPE);
    stream.prelude = prelude;
    return stream;
  },
};

function streamifyResponse(handler, options) {
  handler[STREAMING] = "response";
  if (options && options.highWaterMark) handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = options.highWaterMark;
  return handler;
}

function isStreaming(handler) {
  return handler[STREAMING] === "response";
}

function install() {
  globalThis.awslambda = { streamifyResponse, HttpResponseStream };
}

module.exports = { ResponseStream, install, isStreaming };
