"""Answers that are a stream of events: ``application/vnd.amazon.eventstream``.

An operation returns, under the member that the model calls an event stream, an async generator of
``(event name, members)``; it is closed when the client goes away. Source: Smithy, "Amazon Event Stream specification".
"""

import logging
import struct
import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from aws.errors import describe
from aws.model import Member, ServiceModel, Shape
from aws.protocols import json_values
from aws.protocols.json_bodies import dump, error_members
from core.errors import ServiceError, ServiceFailure

CONTENT_TYPE = "application/vnd.amazon.eventstream"
type Event = tuple[str, Mapping[str, Any]]

logger = logging.getLogger(__name__)

_STRING = 7


def stream_member(shape: Shape) -> Member | None:
    """The member of an output that is an event stream; None for most."""
    return next((member for member in shape.members.values() if member.shape.traits.get("eventstream")), None)


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message: lengths and their checksum, headers, payload, checksum of it all."""
    parts = []
    for name, value in headers.items():
        text = value.encode()
        parts.append(struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", _STRING, len(text)) + text)
    head = b"".join(parts)
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def initial_response(members: Mapping[str, Any]) -> bytes:
    """The first message of the JSON protocol: the output's other members."""
    headers = {":message-type": "event", ":event-type": "initial-response", ":content-type": "application/json"}
    return message(headers, dump(members))


async def encode(
    service: ServiceModel, stream: Shape, events: AsyncGenerator[Event], first: bytes = b""
) -> AsyncGenerator[bytes]:
    """The bytes of a stream. What goes wrong on the way is its last message, as the status is sent by then."""
    if first:
        yield first
    try:
        async with aclosing(events):
            async for name, members in events:
                yield _event(service, stream.members[name], members)
    except ServiceError as error:
        yield _exception(service, stream, error)
    except Exception:
        # The door's last word, as for an answer in one piece.
        logger.exception("A stream of %s broke off.", service.name)
        yield _exception(service, stream, ServiceFailure())


def _event(service: ServiceModel, member: Member, members: Mapping[str, Any]) -> bytes:
    shape = member.shape
    payload = next((m for m in shape.members.values() if m.trait("eventpayload")), None)
    headers = {":message-type": "event", ":event-type": member.name}
    if payload is not None and payload.shape.type == "blob":
        return message(headers | {":content-type": "application/octet-stream"}, members.get(payload.name, b""))
    write = json_values.writer(service, payload or member)
    value = members[payload.name] if payload is not None else members
    return message(headers | {":content-type": "application/json"}, dump(write(value) if write else value))


def _exception(service: ServiceModel, stream: Shape, error: ServiceError) -> bytes:
    """A modelled exception of the stream, or an error that is none."""
    wire = describe(service, error)
    if wire.code in stream.members:
        headers = {":message-type": "exception", ":exception-type": wire.code, ":content-type": "application/json"}
        return message(headers, dump(error_members(service, wire)))
    return message({":message-type": "error", ":error-code": wire.code, ":error-message": wire.message[:1000]}, b"")
