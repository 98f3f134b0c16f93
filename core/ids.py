"""Identifiers in the shapes AWS gives them."""

import os
import secrets
import threading
import uuid

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def request_id() -> str:
    """A request id: a random UUID in text."""
    digits = _random.take(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:]}"


_VARIANTS = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


class _Random:
    """The kernel's random bytes, many at a time: each call of it may cost a busy thread its turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = b""
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock, self._left = threading.Lock(), b""

    def take(self, count: int) -> bytes:
        with self._lock:
            if len(self._left) < count:
                self._left = os.urandom(_AT_ONCE)
            taken, self._left = self._left[:count], self._left[count:]
            return taken


_AT_ONCE = 1024
_random = _Random()


def revision_id() -> str:
    """A revision id, new with each change of what it marks."""
    return str(uuid.uuid4())


def unique_id(prefix: str) -> str:
    """An IAM-style unique id: ``AROA``, ``AKIA``, ``ASIA`` … and 16 characters of base 32."""
    return prefix + "".join(secrets.choice(_BASE32) for _ in range(16))


def secret_access_key() -> str:
    """40 characters, as AWS's secret access keys have."""
    return secrets.token_urlsafe(30)


def hex_token(characters: int = 32) -> str:
    """Random lower-case hexadecimal, for log stream names and fencing tokens."""
    return _random.take(characters // 2).hex()
