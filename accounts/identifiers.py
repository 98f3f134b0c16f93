"""Identifiers that say where they belong, in the form AWS gives them."""

import base64
import hashlib
import re
import secrets

ACCESS_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z2-7]{16}", re.ASCII)
_RANDOM_BITS = 39


def account_id() -> str:
    """Twelve random digits that do not start with 0, so that no spreadsheet shortens them."""
    return str(secrets.choice(range(10**11, 10**12)))


def access_key_id(prefix: str, account_id: str) -> str:
    """``AKIA`` or ``ASIA`` and 16 characters of base 32: a one bit, the account in 40 bits, 39 random bits."""
    number = ((1 << 40 | int(account_id)) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    return prefix + base64.b32encode(number.to_bytes(10)).decode()


def account_of(access_key_id: str) -> str | None:
    """The account inside an access key id, or None when it has not the form of one."""
    if not ACCESS_KEY_ID.fullmatch(access_key_id):
        return None
    number = int.from_bytes(base64.b32decode(access_key_id[4:]))
    return f"{number >> _RANDOM_BITS & (1 << 40) - 1:012d}"


def role_id(role_arn: str) -> str:
    """The ``AROA…`` of a role: made from its ARN, so that credentials name it without looking it up."""
    return _derived("AROA", role_arn)


def user_id(user_arn: str) -> str:
    """The ``AIDA…`` of a user."""
    return _derived("AIDA", user_arn)


def policy_id(policy_arn: str) -> str:
    """The ``ANPA…`` of a managed policy that AWS keeps."""
    return _derived("ANPA", policy_arn)


def _derived(prefix: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).digest()
    return prefix + base64.b32encode(digest).decode()[:16]
