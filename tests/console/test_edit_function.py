import base64

from django.test import Client

from functions import archives, selectors
from functions.services.functions import update_function_code
from runner.runtimes import note_for
from tests.console.conftest import HANDLER, HTMX, person, text

PAGE = "/ada/functions/hello/"
NEW_CODE = "def lambda_handler(event, context):\n    return 1\n"


def files(account):
    return archives.read_files(selectors.get_version(account=account, name="hello").package_id)


def test_the_page_shows_every_file_the_handlers_first(ada, at_browser, make_function):
    make_function(ada, files={"a.py": b"", "lambda_function.py": HANDLER.encode(), "logo.png": b"\x89PNG\0"})
    page = text(at_browser(ada).get(PAGE))
    assert page.index('data-path="lambda_function.py"') < page.index('data-path="a.py"')
    assert "logo.png is not text (5 bytes)" in page


def test_saving_keeps_what_is_not_on_screen(ada, at_browser, make_function):
    make_function(ada, files={"lambda_function.py": HANDLER.encode(), "logo.png": b"\x89PNG\0"})
    answer = at_browser(ada).post(f"{PAGE}save/", {"file:lambda_function.py": NEW_CODE}, headers=HTMX)
    assert "All changes deployed" in text(answer)
    assert files(ada) == {"lambda_function.py": NEW_CODE.encode(), "logo.png": b"\x89PNG\0"}


def test_line_ends_stay_as_they_were(ada, at_browser, make_function):
    make_function(ada, files={"lambda_function.py": HANDLER.encode(), "dos.txt": b"a\r\nb\r\n"})
    sent = {"file:lambda_function.py": NEW_CODE.replace("\n", "\r\n"), "file:dos.txt": "a\r\nc\r\n"}
    at_browser(ada).post(f"{PAGE}save/", sent)
    assert files(ada) == {"lambda_function.py": NEW_CODE.encode(), "dos.txt": b"a\r\nc\r\n"}


def test_nothing_changed_makes_no_new_package(ada, at_browser, make_function):
    before = make_function(ada)
    at_browser(ada).post(f"{PAGE}save/", {"file:lambda_function.py": HANDLER.replace("\n", "\r\n")})
    after = selectors.get_version(account=ada, name="hello")
    assert (after.package_id, after.revision_id) == (before.package_id, before.revision_id)


def test_a_file_is_added_renamed_and_removed(ada, at_browser, make_function):
    make_function(ada, files={"lambda_function.py": HANDLER.encode(), "old.py": b"x = 1\n"})
    sent = {"file:lambda_function.py": HANDLER, "file:lib/new.py": "x = 1\n", "removed": "old.py"}
    at_browser(ada).post(f"{PAGE}save/", sent)
    assert set(files(ada)) == {"lambda_function.py", "lib/new.py"}


def test_a_change_from_elsewhere_is_not_overwritten(ada, at_browser, make_function):
    before = make_function(ada)
    package = archives.store_package(archives.pack({"lambda_function.py": b"elsewhere = 1\n"}))
    update_function_code(account=ada, name="hello", package=package)
    sent = {"file:lambda_function.py": NEW_CODE, "base": before.package_id}
    answer = at_browser(ada).post(f"{PAGE}save/", sent, headers=HTMX)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#conflict-slot"
    assert "changed elsewhere" in text(answer)
    assert "-elsewhere = 1" in text(answer) and "+    return 1" in text(answer)
    assert "elsewhere = 1\\n" in text(answer)  # theirs, whole, to take
    assert files(ada) == {"lambda_function.py": b"elsewhere = 1\n"}


def test_a_path_out_of_the_package_is_refused(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(f"{PAGE}save/", {"file:../../etc/passwd": "x"}, headers=HTMX)
    assert 400 <= answer.status_code < 500
    assert files(ada) == {"lambda_function.py": HANDLER.encode()}


def test_code_is_never_markup(ada, at_browser, make_function):
    code = '</textarea><script>alert(1)</script><hx-partial hx-target="#alerts">'
    make_function(ada, code=code, files={"lambda_function.py": code.encode()})
    page = text(at_browser(ada).get(PAGE))
    assert "<script>alert" not in page and '<hx-partial hx-target="#alerts">' not in page
    assert "&lt;/textarea&gt;&lt;script&gt;" in page


def test_an_event_that_is_not_json_is_not_run(ada, at_browser, make_function):
    make_function(ada)
    answer = at_browser(ada).post(f"{PAGE}test/", {"event": '{\n "a": 1, // one\n}'}, headers=HTMX)
    assert answer.status_code == 422
    assert "Line 2 of the event" in text(answer)


def test_mallory_sees_and_saves_nothing(ada, mallory, at_browser, make_function):
    make_function(ada)
    client = at_browser(mallory)
    for path in ("", "save/", "test/", "lint/", "package.zip", "configuration/general/", "versions/", "logs/"):
        assert client.get(f"{PAGE}{path}").status_code == 404
        assert client.post(f"{PAGE}{path}", {"file:lambda_function.py": "x"}).status_code == 404
    assert files(ada) == {"lambda_function.py": HANDLER.encode()}


def test_the_package_can_be_taken_home_and_replaced(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    zipped = client.get(f"{PAGE}package.zip")
    assert zipped.headers["Content-Disposition"] == 'attachment; filename="hello.zip"'
    assert zipped.content.startswith(b"PK")


def test_saved_events(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    said = client.post(f"{PAGE}events/save/", {"name": "two", "event": '{"a": 2}'}, headers=HTMX)
    assert 'value="saved:two"' in text(said) and said.headers["HX-Trigger"] == "close-dialog"
    assert "saved:two" in text(client.get(PAGE))
    wrong = client.post(f"{PAGE}events/save/", {"name": "not good", "event": "{}"}, headers=HTMX)
    assert wrong.status_code == 422
    assert text(client.get(f"{PAGE}events/text/?choice=saved:two")) == '{"a": 2}'
    client.post(f"{PAGE}events/delete/", {"choice": "saved:two"}, headers=HTMX)
    assert "saved:two" not in text(client.get(PAGE))


def test_a_private_event_is_its_owners_and_a_shared_one_everybodys_in_the_account(ada, at_browser, make_function):
    make_function(ada)
    first, second = at_browser(ada), Client()
    second.force_login(person(ada, "classmate"))
    first.post(f"{PAGE}events/save/", {"name": "mine", "event": "{}"})
    first.post(f"{PAGE}events/save/", {"name": "ours", "event": "[]", "sharing": "shared"})
    page = text(second.get(PAGE))
    assert "saved:mine" not in page and 'value="shared:ours"' in page
    assert second.get(f"{PAGE}events/text/?choice=saved:mine").status_code == 404
    assert text(second.get(f"{PAGE}events/text/?choice=shared:ours")) == "[]"


def test_every_template_can_be_chosen_and_nothing_else(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    assert "Hello from SQS!" in text(client.get(f"{PAGE}events/text/?choice=sqs"))
    assert client.get(f"{PAGE}events/text/?choice=../../settings").status_code == 404


def test_a_file_that_is_no_text_is_uploaded_with_the_save(ada, at_browser, make_function):
    make_function(ada)
    client = at_browser(ada)
    client.post(f"{PAGE}save/", {"binary:logo.png": base64.b64encode(b"\x89PNG\0").decode()})
    assert files(ada)["logo.png"] == b"\x89PNG\0"
    assert client.post(f"{PAGE}save/", {"binary:logo.png": "no base64"}, headers=HTMX).status_code == 400


def test_the_runtime_that_stands_in_for_another_is_named_in_the_header(ada, at_browser, make_function):
    make_function(ada, runtime="python3.8")
    note = note_for("python3.8")
    assert note and note in text(at_browser(ada).get(PAGE))


def test_a_session_that_ended_comes_back_to_the_same_page(ada, make_function):
    make_function(ada)
    answer = Client().post(f"{PAGE}save/", {"x": "y"}, headers={**HTMX, "Referer": f"http://testserver{PAGE}"})
    assert answer.headers["HX-Redirect"] == "/login/?next=%2Fada%2Ffunctions%2Fhello%2F"
