// Frames between the runtime and PID 1; see init.py.
"use strict";

const net = require("net");

class Channel {
  constructor(fd) {
    this.incoming = Buffer.alloc(0);
    this.chunks = [];
    this.waiting = null;
    this.socket = new net.Socket({ fd, readable: true, writable: true });
    this.socket.on("data", (data) => this.take(data));
    this.socket.on("close", () => process.exit(0));
    this.socket.on("error", () => process.exit(0));
  }

  ref() {
    this.socket.ref();
  }

  unref() {
    this.socket.unref();
  }

  flush(then) {
    this.socket.write(Buffer.alloc(0), then);
  }

  send(kind, ...parts) {
    const head = Buffer.alloc(5);
    head.write(kind, 0, "latin1");
    head.writeUInt32BE(parts.reduce((sum, part) => sum + part.length, 0), 1);
    this.socket.write(Buffer.concat([head, ...parts]));
  }

  sendHeaded(kind, header, payload) {
    const data = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    this.send(kind, length, data, payload);
  }

  take(data) {
    this.chunks.push(data);
    this.deliver();
  }

  deliver() {
    if (!this.waiting) return;
    if (this.chunks.length) {
      this.incoming = Buffer.concat([this.incoming, ...this.chunks]);
      this.chunks = [];
    }
    if (this.incoming.length < 5) return;
    const end = 5 + this.incoming.readUInt32BE(1);
    if (this.incoming.length < end) return;
    const { kind, resolve } = this.waiting;
    if (this.incoming.toString("latin1", 0, 1) !== kind) process.exit(1);
    const body = this.incoming.subarray(5, end);
    this.incoming = this.incoming.subarray(end);
    this.waiting = null;
    resolve(body);
  }

  receive(kind) {
    return new Promise((resolve) => {
      this.waiting = { kind, resolve };
      this.deliver();
    });
  }

  async receiveHeaded(kind) {
    const body = await this.receive(kind);
    const length = body.readUInt32BE(0);
    return { header: JSON.parse(body.toString("utf8", 4, 4 + length)), payload: body.subarray(4 + length) };
  }
}

module.exports = { Channel };
