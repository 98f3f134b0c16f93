import io
import json
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from console import blueprints, editing
from console.mistakes.loading import functions_of
from functions import archives, selectors
from functions.models import Function
from tests.console.conftest import HTMX, text

NEW = "/ada/functions/new/"


def typed(**given):
    return {"name": "mine", "runtime": "python3.13", "start": "hello-world"} | given


def test_the_name_is_filled_in_and_free(ada, at_browser, make_function):
    make_function(ada, "ada-function")
    assert 'value="ada-function-2"' in text(at_browser(ada).get(NEW))


def test_hello_world_is_the_lectures_first_lab(ada, at_browser):
    answer = at_browser(ada).post(NEW, typed())
    assert answer.url == "/ada/functions/mine/"
    version = selectors.get_version(account=ada, name="mine")
    assert version.environment == {"foo": "bar"}
    files = archives.read_files(version.package_id)
    assert b"print('Loading function')" in files["lambda_function.py"]


@pytest.mark.parametrize(
    ("name", "family"), [(name, family) for name in blueprints.BLUEPRINTS for family in blueprints.languages(name)]
)
def test_every_blueprint_makes_a_function_with_its_handler_and_its_test_event(name, family, ada, at_browser):
    runtime = {"python": "python3.13", "nodejs": "nodejs22.x"}[family]
    client = at_browser(ada)
    assert client.post(NEW, typed(start=name, runtime=runtime)).status_code == 302
    version = selectors.get_version(account=ada, name="mine")
    path = editing.handler_file(list(archives.read_files(version.package_id)), version.handler)
    source = archives.read_files(version.package_id)[path].decode()
    if path.endswith(".py"):
        compile(source, path, "exec")
    assert version.handler.rpartition(".")[2] in functions_of(path, source)
    page = text(client.get("/ada/functions/mine/"))
    chosen = re.search(r'<option value="(saved:[^"]+)"[^>]* selected', page)
    assert chosen and json.loads(text(client.get(f"/ada/functions/mine/events/text/?choice={chosen[1]}"))) is not None


def test_there_are_at_least_twelve_blueprints_in_both_languages_and_each_says_what_it_does():
    offered = blueprints.available()
    assert len(offered) >= 12
    assert {family for name, _row in offered for family in blueprints.languages(name)} == {"python", "nodejs"}
    assert all(str(row.title) and str(row.about) for _name, row in offered)


def test_a_blueprint_whose_service_is_not_here_is_not_offered(monkeypatch):
    monkeypatch.setattr(blueprints, "_has_service", lambda name: name != "sqs")
    names = [name for name, _row in blueprints.available()]
    assert "sqs-to-sqs" not in names and "sqs-sum" in names


def test_htmx_is_sent_on_and_a_plain_form_too(ada, at_browser):
    client = at_browser(ada)
    assert client.post(NEW, typed(), headers=HTMX).headers["HX-Redirect"] == "/ada/functions/mine/"
    assert client.post(NEW, typed(name="other")).status_code == 302


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "no spaces"}, "Only letters, digits, hyphens and underscores"),
        ({"runtime": "cobol"}, "This server cannot run that runtime"),
        ({"start": "nothing"}, "Choose what to begin with"),
        ({"start": "caller", "runtime": "nodejs22.x"}, "This blueprint is for another language"),
        ({"start": "hello-world", "runtime": "provided.al2023"}, "This blueprint is for another language"),
        ({"start": "upload"}, "Choose the zip file"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(given, said, ada, at_browser):
    answer = at_browser(ada).post(NEW, typed(**given), headers=HTMX)
    assert answer.status_code == 422
    assert said in text(answer)
    assert text(answer).lstrip().startswith('<form id="create"')
    assert not Function.objects.exists()


def test_a_zip_of_ones_own(ada, at_browser):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "def run(event, context):\n    return 1\n")
    file = SimpleUploadedFile("code.zip", data.getvalue())
    at_browser(ada).post(NEW, typed(start="upload", zip=file, handler="app.run"))
    assert selectors.get_version(account=ada, name="mine").handler == "app.run"


def test_a_file_that_is_no_zip_is_refused_in_words(ada, at_browser):
    file = SimpleUploadedFile("code.zip", b"not a zip")
    answer = at_browser(ada).post(NEW, typed(start="upload", zip=file), headers=HTMX)
    assert 400 <= answer.status_code < 500
    assert answer.headers["HX-Retarget"] == "#alerts"
    assert not Function.objects.exists()


def test_a_name_that_is_taken(ada, at_browser, make_function):
    make_function(ada, "mine")
    answer = at_browser(ada).post(NEW, typed(), headers=HTMX)
    assert answer.status_code == 409
    assert "ResourceConflictException" in text(answer)


def test_deleting_takes_one_to_the_list(ada, at_browser, make_function):
    make_function(ada, "mine")
    answer = at_browser(ada).post("/ada/functions/mine/delete/", follow=True)
    assert "The function mine is deleted." in text(answer)
    assert not Function.objects.exists()


def test_mallory_deletes_nothing(ada, mallory, at_browser, make_function):
    make_function(ada, "mine")
    client = at_browser(mallory)
    assert client.post("/ada/functions/mine/delete/").status_code == 404
    assert client.post("/mallory/functions/mine/delete/").status_code == 404
    assert Function.objects.count() == 1
    assert at_browser(ada).get("/ada/functions/mine/delete/").status_code == 405


def test_the_runtime_offered_first_runs_on_its_own_version_where_the_host_has_one(ada, at_browser):
    page = text(at_browser(ada).get(NEW))
    chosen = [option for option in page.split("<option ")[1:] if " selected" in option.partition(">")[0]]
    assert len(chosen) == 1
    assert "This server runs" not in chosen[0]
