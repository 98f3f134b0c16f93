"""The layout of frames; see ``init.py`` for what they mean."""

import json
import struct

HEAD = struct.Struct(">cI")
READ = 1 << 16  # at a time: what is larger would be mapped and unmapped for each
ANSWER_LIMIT = 6 * 1024 * 1024 + 16 * 1024


def headed(header):
    """The beginning of a headed body; the payload follows."""
    data = json.dumps(header).encode()
    return struct.pack(">I", len(data)) + data


def split(body):
    """Header and payload of a headed body; the header is None when there is none to be read."""
    try:
        (length,) = struct.unpack_from(">I", body)
        header = json.loads(body[4 : 4 + length].decode())
    except (struct.error, ValueError, RecursionError):
        return None, b""
    return (header if isinstance(header, dict) else None), body[4 + length :]


def take(incoming):
    """Remove the first whole frame from a bytearray: type and body, or None while it is not all there."""
    if len(incoming) < HEAD.size:
        return None
    kind, length = HEAD.unpack_from(incoming)
    end = HEAD.size + length
    if len(incoming) < end:
        return None
    body = bytes(memoryview(incoming)[HEAD.size : end])
    del incoming[:end]
    return kind, body
