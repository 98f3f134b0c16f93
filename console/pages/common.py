"""What the tabs of a function's page share."""

from typing import Any

from console.http import ConsoleRequest
from console.overview import overview
from functions.models import Version


def function_context(request: ConsoleRequest, version: Version, *, tab: str) -> dict[str, Any]:
    """The function, its ``$LATEST`` and the frame around a tab."""
    return {
        "function": version.function,
        "version": version,
        "tab": tab,
        "overview": overview(account=request.account, version=version),
    }
