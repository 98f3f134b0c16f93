"""Every page is looked at in a browser: whoever adds one adds it to tests/journeys/pages.py, too."""

from typing import Any
from urllib.parse import urlsplit

from django.urls import URLPattern, URLResolver, resolve, reverse

from console.urls import urlpatterns
from tests.journeys.pages import NO_PAGES, PAGES, WAYS_IN

SAMPLES = {"str": "x", "slug": "ada", "path": "x", "int": 1, "uuid": "5b1f2a52-64f5-4a53-9f2b-3e1f6d6d5a10"}


def names_and_arguments(patterns: Any, before: tuple[Any, ...] = ()) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for pattern in patterns:
        own = tuple(_sample(converter) for converter in pattern.pattern.converters.values())
        if isinstance(pattern, URLResolver):
            found |= names_and_arguments(pattern.url_patterns, before + own)
        elif isinstance(pattern, URLPattern) and pattern.name:
            found[pattern.name] = before + own
    return found


def _sample(converter: Any) -> Any:
    return SAMPLES[type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")]


def looked_at() -> set[str | None]:
    values = {"name": "x", "request_id": "x"}
    paths = [urlsplit("/ada/" + path.format(**values)).path for path in PAGES.values()]
    return {resolve(path).url_name for path in [*paths, *WAYS_IN]}


def test_every_address_that_shows_something_is_looked_at_in_a_browser_or_says_why_not(ada, at_browser):
    client = at_browser(ada)
    known = looked_at() | NO_PAGES.keys()
    forgotten = [
        name
        for name, arguments in names_and_arguments(urlpatterns).items()
        if name not in known and client.get(reverse(name, args=arguments)).status_code != 405
    ]
    assert forgotten == []
