"""Links to code: GetFunction and GetLayerVersion answer with a place where the zip can be fetched without signing.

The link is the permission: it names one package, is sealed with the server's key, and ends after ten minutes, as on AWS.
"""

from datetime import timedelta

from django.core import signing

PREFIX = "/_code/"
LIFE = timedelta(minutes=10)
_SALT = "aws.code_links"


def location(*, endpoint: str, sha256: str, name: str) -> str:
    """The address of a package's zip on this server; ``name`` becomes the name of the downloaded file."""
    return f"{endpoint}{PREFIX}{signing.dumps([sha256, name], salt=_SALT)}"


def opened(token: str) -> tuple[str, str] | None:
    """The digest and name that a link was made for; None when it is not ours or too old."""
    try:
        sha256, name = signing.loads(token, salt=_SALT, max_age=LIFE)
    except signing.BadSignature:
        return None
    return sha256, name
