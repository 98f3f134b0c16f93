"""Links to code: GetFunction and GetLayerVersion answer with a place where the zip can be fetched without signing.

The link is the permission: it names one package, is sealed with the server's key, and ends after ten minutes, as on AWS.
"""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

from django.core import signing

from aws.http import Request, Response, percent_decode
from core.errors import AccessDenied
from functions import archives

PREFIX = "/_code/"
LIFE = timedelta(minutes=10)
_SALT = "aws.code_links"
_CHUNK = 256 * 1024


def location(*, endpoint: str, sha256: str, name: str) -> str:
    """The address of a package's zip on this server; ``name`` becomes the name of the downloaded file."""
    return f"{endpoint}{PREFIX}{signing.dumps([sha256, name], salt=_SALT)}"


def download(request: Request) -> Response:
    """The zip behind a link; ``AccessDenied`` when the link is not ours, or too old."""
    try:
        sha256, name = signing.loads(percent_decode(request.path.removeprefix(PREFIX)), salt=_SALT, max_age=LIFE)
    except signing.BadSignature:
        raise AccessDenied("Request has expired") from None
    path = archives.package_path(sha256)
    headers = [
        ("Content-Type", "application/zip"),
        ("Content-Disposition", f'attachment; filename="{name}.zip"'),
        ("Content-Length", str(path.stat().st_size)),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "private, no-store"),
    ]
    return Response(200, headers, _parts(path))


async def _parts(path: Path) -> AsyncGenerator[bytes]:
    """A package may have 50 MB: it passes through memory a piece at a time."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while part := await asyncio.to_thread(file.read, _CHUNK):
            yield part
