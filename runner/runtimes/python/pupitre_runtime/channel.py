"""Frames between the runtime and PID 1; see ``init.py``."""

import json
import os
import struct

HEAD = struct.Struct(">cI")


class Channel:
    def __init__(self, fd):
        self.fd = fd
        self.waiting = b""
        os.set_inheritable(fd, False)

    def send(self, kind, *parts):
        data = memoryview(HEAD.pack(kind, sum(len(part) for part in parts)) + b"".join(parts))
        while data:
            data = data[os.write(self.fd, data) :]

    def send_headed(self, kind, header, payload):
        data = json.dumps(header).encode()
        self.send(kind, struct.pack(">I", len(data)), data, payload)

    def receive(self, kind):
        """The body of the next frame, which must be of ``kind``; the process ends when there is none."""
        found, length = HEAD.unpack(self.read(HEAD.size))
        if found != kind:
            raise SystemExit("unexpected frame %r" % found)
        return self.read(length)

    def receive_json(self, kind):
        return json.loads(self.receive(kind))

    def receive_headed(self, kind):
        body = self.receive(kind)
        (length,) = struct.unpack_from(">I", body)
        return json.loads(body[4 : 4 + length].decode()), body[4 + length :]

    def read(self, count):
        """Exactly so many bytes; a small frame comes whole with its head."""
        while len(self.waiting) < count:
            data = os.read(self.fd, max(1 << 16, min(count - len(self.waiting), 1 << 20)))
            if not data:
                os._exit(0)
            self.waiting += data
        data = self.waiting[:count]
        self.waiting = self.waiting[count:]
        return data
