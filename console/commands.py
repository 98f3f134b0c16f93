"""Commands to paste into a shell."""

import shlex

from django.conf import settings

PAYLOAD_SHOWN = 20_000  # bytes; a longer event goes through a file


def aws_invoke(*, name: str, payload: bytes) -> str:
    """``aws lambda invoke`` with the same event; the answer goes to the terminal."""
    return " ".join(
        (
            f"aws lambda invoke --endpoint-url {shlex.quote(settings.API_URL)} --function-name {shlex.quote(name)}",
            f"--cli-binary-format raw-in-base64-out --payload {_payload(payload, 'file://event.json')} /dev/stdout",
        )
    )


def curl_invoke(*, name: str, payload: bytes) -> str:
    """The same with curl, signed with the keys of the environment."""
    url = f"{settings.API_URL}/2015-03-31/functions/{name}/invocations"
    return " ".join(
        (
            f'curl -sS --aws-sigv4 "aws:amz:{settings.REGION}:lambda"',
            '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
            f"--data-binary {_payload(payload, '@event.json')} {shlex.quote(url)}",
        )
    )


def _payload(payload: bytes, file: str) -> str:
    if not payload:
        return "'{}'"
    return shlex.quote(payload.decode("utf-8", "replace")) if len(payload) <= PAYLOAD_SHOWN else file
