import pytest

from console import loglines
from tests.console.conftest import HTMX, text

LIST = "/ada/functions/hello/invocations/"
HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(1)><div hx-get="/logout/" hx-trigger="load">'
    '<hx-partial hx-target="body">x</hx-partial></pre></textarea>\n'
)


def test_the_list_has_a_row_for_each_run(ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    assert "Nothing here yet" in text(at_browser(ada).get(LIST))
    row = make_invocation(version)
    page = text(at_browser(ada).get(LIST))
    assert "Succeeded" in page and "1234.57 ms" in page and str(row.pk)[:8] in page


def test_figures_are_written_as_the_language_writes_them(ada, at_browser, make_function, make_invocation):
    make_invocation(make_function(ada))
    page = text(at_browser(ada).get(LIST, headers={"Accept-Language": "fr"}))
    assert "1234,57 ms" in page


def test_choosing_a_result_answers_with_the_table_alone(ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    make_invocation(version)
    make_invocation(version, state="failed", error_type="KeyError")
    found = text(at_browser(ada).get(f"{LIST}?state=failed", headers=HTMX | {"HX-Target": "section#invocations"}))
    assert found.lstrip().startswith('<section id="invocations"')
    assert "KeyError" in found and found.count("<tr>") == 2


def test_an_invocation_has_a_page_with_event_result_and_log(ada, at_browser, make_function, make_invocation):
    row = make_invocation(make_function(ada), lines=("value1 = value1\n",))
    page = text(at_browser(ada).get(f"{LIST}{row.pk}/"))
    for part in ("value1 = value1", "&quot;key1&quot;", str(row.pk), "41 MB", "$0.000002773"):
        assert part in page


def test_a_failed_one_is_explained(ada, at_browser, make_function, make_invocation):
    row = make_invocation(
        make_function(ada, code="def lambda_handler(event, context):\n    return event['key4']\n"),
        state="failed",
        error_type="KeyError",
        error_message="'key4'",
        response=b'{"errorMessage": "\'key4\'", "errorType": "KeyError", "stackTrace": '
        b'["  File \\"/var/task/lambda_function.py\\", line 2, in lambda_handler\\n"]}',
    )
    page = text(at_browser(ada).get(f"{LIST}{row.pk}/"))
    assert "lambda_function.py, line 2" in page
    assert "<code>key1</code>" in page


def test_what_a_function_says_is_never_markup(ada, at_browser, make_function, make_invocation):
    row = make_invocation(
        make_function(ada),
        lines=(HOSTILE, "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00 end\n"),
        state="failed",
        error_type=HOSTILE[:200],
        error_message=HOSTILE,
        response=('"' + HOSTILE.replace('"', "'").strip() + '"').encode(),
        payload=('"' + HOSTILE.replace('"', "'").strip() + '"').encode(),
    )
    client = at_browser(ada)
    for path in (f"{LIST}{row.pk}/", LIST, "/ada/functions/hello/logs/"):
        page = text(client.get(path))
        assert "<script>alert" not in page and "<img src=x" not in page
        assert '<div hx-get="/logout/"' not in page and '<hx-partial hx-target="body">' not in page
        assert "\x1b" not in page and "\x00" not in page
    assert "red" in page and "[31m" not in page


def test_colours_and_control_characters_are_taken_out_of_log_lines():
    assert loglines.split("\x1b[1;31mred\x1b[0m\x1b[K\r\nnext\x08\n") == ["red", "next\ufffd"]
    assert loglines.kind("[ERROR] KeyError: 'a'", "f") == " e"
    assert loglines.kind("REPORT RequestId: x", "p") == " p"
    assert loglines.kind("REPORT RequestId: x", "f") == ""


def test_one_that_is_not_over_asks_again_until_it_is(ada, at_browser, make_function, make_invocation):
    row = make_invocation(make_function(ada), state="running", finished_at=None, response=None)
    asked = text(at_browser(ada).get(f"{LIST}{row.pk}/"))
    assert 'hx-trigger="every 2s"' in asked


@pytest.mark.parametrize(
    "name", ["00000000-0000-0000-0000-000000000000", "nonsense", "556856f2-2c05-4ac3-b6b2-f3a0d259ae68"]
)
def test_one_that_is_not_there(name, ada, at_browser, make_function):
    make_function(ada)
    assert at_browser(ada).get(f"{LIST}{name}/").status_code == 404


def test_mallory_sees_none_and_not_under_her_own_function(ada, mallory, at_browser, make_function, make_invocation):
    row = make_invocation(make_function(ada))
    make_function(mallory)
    client = at_browser(mallory)
    assert client.get(f"{LIST}{row.pk}/").status_code == 404
    assert client.get(f"/mallory/functions/hello/invocations/{row.pk}/").status_code == 404


def test_the_event_of_an_invocation_is_brought_back_to_the_test(ada, at_browser, make_function, make_invocation):
    row = make_invocation(make_function(ada), payload=b'{"from": "an earlier run"}')
    client = at_browser(ada)
    link = f"/ada/functions/hello/?event={row.pk}"
    assert link in text(client.get(f"{LIST}{row.pk}/"))
    assert "an earlier run" in text(client.get(link))
    for other in ("nonsense", "5b1f2a52-64f5-4a53-9f2b-3e1f6d6d5a10"):
        assert "an earlier run" not in text(client.get(f"/ada/functions/hello/?event={other}"))
