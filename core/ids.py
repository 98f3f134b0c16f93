"""Identifiers in the shapes AWS gives them."""

import secrets
import uuid

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def request_id() -> str:
    """A request id: a random UUID in text."""
    return str(uuid.uuid4())


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
    return secrets.token_hex(characters // 2)
