"""Small spellings that AWS gives to things."""

import base64


def code_sha256(hexadecimal: str) -> str:
    """A package's digest as the wire has it: base64 of the sha256 of the zip."""
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()
