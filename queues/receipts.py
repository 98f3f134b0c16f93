"""Receipt handles: which message, and which receive of it. Pure.

Only the latest receive of a message can delete it: its token is random, stored with the message, and part of the handle.
"""

import base64
import binascii
import struct
from dataclasses import dataclass

from queues.errors import ReceiptHandleIsInvalid

_VERSION = b"\x01\x01\x00"  # in base 64 it begins with AQEA, as AWS's handles look
_FORMAT = struct.Struct(">3sQQQ16s")
_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Receipt:
    """``message`` is the primary key; ``token`` (32 hex digits) belongs to the receive at ``received_ms``."""

    queue: int
    message: int
    received_ms: int
    token: str


def encode(receipt: Receipt) -> str:
    """The handle as clients get it."""
    token = bytes.fromhex(receipt.token)
    packed = _FORMAT.pack(_VERSION, receipt.queue, receipt.message, receipt.received_ms, token)
    return base64.b64encode(packed).decode("ascii")


def decode(handle: str, *, queue: int) -> Receipt:
    """What a handle names. Raises ``ReceiptHandleIsInvalid`` for anything that was not given out for ``queue``."""
    try:
        packed = base64.b64decode(handle.encode("ascii"), validate=True) if len(handle) == _LENGTH else b""
        version, of_queue, message, received_ms, token = _FORMAT.unpack(packed)
    except (binascii.Error, struct.error, UnicodeError):
        raise ReceiptHandleIsInvalid(handle=handle[:1024]) from None
    if version != _VERSION or of_queue != queue or message >= 1 << 63:
        raise ReceiptHandleIsInvalid(handle=handle)
    return Receipt(queue, message, received_ms, token.hex())
