"""What a page weighs on its way."""

import gzip

from tests.console.conftest import text

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_travels_compressed(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    plain = text(client.get("/ada/functions/hello/"))
    answer = client.get("/ada/functions/hello/", headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert 'id="workbench"' in gzip.decompress(answer.content).decode()
    assert len(answer.content) < min(15_000, len(plain) / 2)


def test_a_package_and_its_bytes_are_left_as_they_are(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).get("/ada/functions/hello/package.zip", headers=GZIP)
    assert "Content-Encoding" not in answer.headers
    assert answer.getvalue().startswith(b"PK")
