from tests.console.conftest import HTMX, text

LOGS = "/ada/functions/hello/logs/"


def test_before_the_first_run_the_page_says_what_will_come(ada, at_browser, make_function):
    make_function(ada)
    assert "Nothing logged yet" in text(at_browser(ada).get(LOGS))


def test_the_newest_request_comes_first(ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    make_invocation(version, lines=("the first\n",))
    make_invocation(version, lines=("the second\n",))
    page = text(at_browser(ada).get(LOGS))
    assert page.index("the second") < page.index("the first")


def test_a_search_finds_requests_by_what_they_wrote(ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    make_invocation(version, lines=("a needle here\n", "and more\n"))
    make_invocation(version, lines=("hay\n",))
    found = text(at_browser(ada).get(LOGS, {"q": "needle"}, headers=HTMX | {"HX-Target": "section#requests"}))
    assert found.lstrip().startswith('<section id="requests"')
    assert "and more" in found and "hay" not in found


def test_a_search_is_for_text_not_for_a_pattern(ada, at_browser, make_function, make_invocation):
    make_invocation(make_function(ada), lines=('say { $.a = "b" } [x] -y\n',))
    client = at_browser(ada)
    assert "say {" in text(client.get(LOGS, {"q": '{ $.a = "b" } [x] -y'}))
    assert "Nothing found" in text(client.get(LOGS, {"q": '"\\ nothing ['}))


def test_pages_go_back_in_time(ada, at_browser, make_function, make_invocation):
    version = make_function(ada)
    for number in range(27):
        make_invocation(version, lines=(f"run {number:02}\n",))
    client = at_browser(ada)
    first = text(client.get(LOGS))
    assert "run 26" in first and "run 01" not in first
    older = first.split("?before=")[1].split('"')[0]
    assert "run 01" in text(client.get(LOGS, {"before": older}))


def test_five_thousand_lines_do_not_make_a_page_of_five_thousand(ada, at_browser, make_function, make_invocation):
    make_invocation(make_function(ada), lines=tuple(f"line {number}\n" for number in range(5000)))
    page = text(at_browser(ada).get(LOGS))
    assert page.count('class="l"') == 300
    assert "There is more" in page and "5000 entries" in page
