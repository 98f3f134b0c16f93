"""Where people find this server."""

from django.conf import settings

ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # what a listener on every address is called from here


def reachable(host: str) -> str:
    """A host name to which this machine can connect, for an address listened on."""
    return ANY.get(host, f"[{host}]" if ":" in host else host)


def console_url() -> str:
    """The console's origin, as this machine reaches it."""
    return f"http://{reachable(settings.CONSOLE_HOST)}:{settings.CONSOLE_PORT}"


def sign_in_url(token: str) -> str:
    """The link that signs in with a token of ``accounts.services.create_sign_in_link``."""
    return f"{console_url()}/sign-in/{token}/"
