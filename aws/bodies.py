"""Request bodies from strangers: bounded before they are read, in time, and decoded from AWS's encodings."""

import asyncio
import hashlib
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

from aws.errors import BadRequest, EntityTooLarge, Overloaded, RequestTimeout, UnsupportedEncoding
from core.errors import RequestTooLarge, ServiceError
from core.limits import INVOKE_SYNC_PAYLOAD, KIB, MIB, PACKAGE_ZIPPED_SIZE

type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

DEFAULT_LIMIT = 1 * MIB
INVOKE_LIMIT = INVOKE_SYNC_PAYLOAD + 64 * KIB  # a payload just over its limit gets the house's own words
PACKAGE_LIMIT = PACKAGE_ZIPPED_SIZE * 4 // 3 + 1  # 69,905,067 bytes, the figure that AWS's message names
EVENTS_LIMIT = 8 * MIB  # a megabyte of events, escaped as JSON in JSON
LOGS_LIMIT = 6 * MIB
MESSAGES_LIMIT = 8 * MIB  # a megabyte of messages, escaped as JSON or as a form
LIMITS: Mapping[tuple[str, str], int] = {
    ("events", "PutEvents"): EVENTS_LIMIT,
    ("lambda", "CreateFunction"): PACKAGE_LIMIT,
    ("lambda", "Invoke"): INVOKE_LIMIT,
    ("lambda", "InvokeAsync"): INVOKE_LIMIT,
    ("lambda", "InvokeWithResponseStream"): INVOKE_LIMIT,
    ("lambda", "PublishLayerVersion"): PACKAGE_LIMIT,
    ("lambda", "UpdateFunctionCode"): PACKAGE_LIMIT,
    ("logs", "PutLogEvents"): LOGS_LIMIT,
    ("sqs", "SendMessage"): MESSAGES_LIMIT,
    ("sqs", "SendMessageBatch"): MESSAGES_LIMIT,
}
"""Operations that take more than ``DEFAULT_LIMIT``."""
FORM_LIMITS: Mapping[str, int] = {"sqs": MESSAGES_LIMIT}
"""Services whose forms may be larger, whatever the operation: that is known when the form has been read."""

FIRST_BYTE_S = 20.0
SLOWEST_BYTES_PER_S = 16 * KIB
DRAIN_BYTES, DRAIN_S = 96 * MIB, 5.0


BUDGET, BUDGET_OF_AN_ACCOUNT = 512 * MIB, 160 * MIB
SMALL_BODY = 1 * MIB


class Disconnected(Exception):
    """The client went away; there is nobody to answer."""


class Body(NamedTuple):
    """A body as it was sent, and its hash, made while it came."""

    data: bytes
    sha256: str


_NOT_COUNTED = nullcontext()


class Budget:
    """The memory that bodies may take at once, in all and for one account; small ones are not counted.

    Whoever comes when it is spent is refused and tries again: waiting would let a few slow uploads hold up a class.
    """

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def reserve(self, account_id: str, size: int) -> AbstractContextManager[None]:
        """Hold ``size`` bytes for as long as the call lasts; raises Overloaded."""
        return _NOT_COUNTED if size <= SMALL_BODY else self._reserve(account_id, size)

    @contextmanager
    def _reserve(self, account_id: str, size: int) -> Iterator[None]:
        held = self._held.get(account_id, 0)
        if held + size > BUDGET_OF_AN_ACCOUNT or sum(self._held.values()) + size > BUDGET:
            raise Overloaded()
        self._held[account_id] = held + size
        try:
            yield
        finally:
            self._held[account_id] -= size
            if not self._held[account_id]:
                del self._held[account_id]


def expected_size(headers: Mapping[str, str], *, limit: int) -> int:
    """How much a body may take: what it declares, or its operation's limit when it does not say."""
    declared = content_length(headers)
    return min(declared, limit) if declared >= 0 else limit


async def read(receive: Receive, headers: Mapping[str, str], *, operation: str, limit: int) -> Body:
    """The whole body, at most ``limit`` bytes of it.

    Raises EntityTooLarge (before reading, when Content-Length says so), RequestTimeout when it comes more slowly
    than ``SLOWEST_BYTES_PER_S`` allows, and Disconnected.
    """
    declared = content_length(headers)
    if declared > limit:
        raise too_large(operation, limit)
    allowed_s = FIRST_BYTE_S + (declared if declared >= 0 else limit) / SLOWEST_BYTES_PER_S
    try:
        async with asyncio.timeout(allowed_s if declared else None):
            return await _read(receive, operation=operation, limit=limit)
    except TimeoutError:
        raise RequestTimeout() from None


async def _read(receive: Receive, *, operation: str, limit: int) -> Body:
    digest, size = hashlib.sha256(), 0
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        if part := message.get("body", b""):
            size += len(part)
            if size > limit:
                raise too_large(operation, limit)
            digest.update(part)
            parts.append(part)
        if not message.get("more_body"):
            return Body(parts[0] if len(parts) == 1 else b"".join(parts), digest.hexdigest())


def too_large(operation: str, limit: int) -> ServiceError:
    """The refusal of a body over its limit. For an invocation it is in Lambda's model; for the rest a common error."""
    if operation.startswith("Invoke"):
        return RequestTooLarge(
            f"Request must be smaller than {INVOKE_SYNC_PAYLOAD} bytes for the InvokeFunction operation"
        )
    return EntityTooLarge(limit=limit, operation=operation)


def content_length(headers: Mapping[str, str]) -> int:
    """The declared length; -1 when none is."""
    text = headers.get("content-length", "")
    if not text:
        return 0 if "transfer-encoding" not in headers else -1
    if not text.isdecimal() or len(text) > 15:
        raise BadRequest("The Content-Length header is not a number.")
    return int(text)


async def drain(receive: Receive) -> None:
    """Let a refused body pass by, within bounds, so that the client gets to read why it was refused."""
    size = 0
    try:
        async with asyncio.timeout(DRAIN_S):
            while size < DRAIN_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        return


# -- content encodings -----------------------------------------------------------------------------


def decode(data: bytes, headers: Mapping[str, str], *, operation: str, limit: int) -> bytes:
    """The body without its content encodings; what they unpack to is bounded as the body itself is."""
    encodings = [name.strip().lower() for name in headers.get("content-encoding", "").split(",") if name.strip()]
    for encoding in reversed(encodings):
        match encoding:
            case "aws-chunked":
                data, _ = decode_aws_chunked(data)
            case "gzip" | "x-gzip":
                data = _gunzip(data, operation=operation, limit=limit)
            case "identity":
                pass
            case _:
                raise UnsupportedEncoding(encoding=encoding[:64])
    return data


def _gunzip(data: bytes, *, operation: str, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise BadRequest("The body is not valid gzip.") from None
    if len(unpacked) > limit:
        raise too_large(operation, limit)
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequest("The body is not valid gzip.")
    return unpacked


def decode_aws_chunked(data: bytes) -> tuple[bytes, dict[str, str]]:
    """The content and the trailers of ``aws-chunked``: hexadecimal size, extensions, CRLF, data, CRLF … 0, trailers.

    Chunk signatures are extensions and are passed over: the hash that the request's own signature covers is what
    proves the body here. Source: AWS, "Signature calculations: transferring payload in multiple chunks".
    """
    parts: list[bytes] = []
    at = 0
    while True:
        end = data.find(b"\r\n", at)
        line = data[at:end].partition(b";")[0].strip() if end >= 0 else b""
        if not line or len(line) > 15 or line.strip(b"0123456789abcdefABCDEF"):
            raise BadRequest("The body is not valid aws-chunked: a chunk has no size.")
        size, at = int(line, 16), end + 2
        if size == 0:
            return b"".join(parts), _trailers(data[at:])
        if data[at + size : at + size + 2] != b"\r\n":
            raise BadRequest("The body is not valid aws-chunked: a chunk is shorter than its size.")
        parts.append(data[at : at + size])
        at += size + 2


def _trailers(data: bytes) -> dict[str, str]:
    found = {}
    for line in data.decode("latin-1").split("\r\n"):
        name, separator, value = line.partition(":")
        if separator:
            found[name.strip().lower()] = value.strip()
    return found
