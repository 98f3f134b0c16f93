"""Server-sent events as htmx takes them: messages made of ``<hx-partial>`` elements alone."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

EMPTY = SafeString("<span></span>")  # htmx leaves an element alone that is to be filled with nothing


def message(html: str) -> bytes:
    """One server-sent message."""
    return "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n")).encode() + b"\n"


def partial(target: str, swap: str, html: SafeString) -> SafeString:
    """``html`` for the elements that ``target`` selects."""
    return format_html('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>', target, swap, html)
