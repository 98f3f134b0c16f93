import io

import pytest

from functions import archives, selectors
from functions.services.functions import update_function_configuration
from functions.services.layers import publish_layer_version
from runner.models import LayerBuild
from tests.console.conftest import HTMX, text

ZIP = archives.pack({"python/greeting.py": b"HELLO = 'hej'\n", "python/data/<b>.bin": b"\0\1"})


@pytest.fixture
def greeting(ada):
    return publish_layer_version(
        account=ada, name="greeting", package=archives.store_package(ZIP), compatible_runtimes=["python3.13"]
    )


@pytest.fixture
def no_worker(monkeypatch):
    """Nobody takes tasks: what was asked for stays as it is."""
    monkeypatch.setattr("runner.layerbuilds.requests.tell_workers", lambda build_id: None)


def test_an_empty_list_names_the_next_action(ada, at_browser):
    page = text(at_browser(ada).get("/ada/layers/"))
    assert "No layers yet" in page and page.count('href="/ada/layers/new/"') == 1


def test_a_layer_is_made_from_a_zip(ada, at_browser):
    sent = {"name": "greeting", "start": "upload", "zip": io.BytesIO(ZIP), "compatible": ["python3.13"]}
    page = text(at_browser(ada).post("/ada/layers/new/", sent, follow=True))
    assert "The layer is published." in page and "greeting.py" in page
    assert selectors.get_layer_version(account=ada, name="greeting", number=1).compatible_runtimes == ["python3.13"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "no spaces"}, "at most 140"),
        ({"start": "upload"}, "Choose the zip file of the layer."),
        ({"start": "upload", "zip": io.BytesIO(b"no zip")}, "Could not unzip uploaded file"),
        ({"packages": ""}, "Name at least one package."),
        ({"packages": "--index-url=http://elsewhere.test/ requests"}, "is not the name of a package"),
        ({"packages": "https://elsewhere.test/evil.whl"}, "is not the name of a package"),
        ({"packages": "requests @ file:///etc"}, "is not the name of a package"),
        ({"packages": "../evil"}, "is not the name of a package"),
        ({"runtime": "nodejs22.x"}, "This server cannot run that runtime."),
    ],
)
def test_what_cannot_be_is_told_and_stays_typed(wrong, said, ada, at_browser, no_worker):
    sent = {"name": "libs", "start": "packages", "packages": "requests", "runtime": "python3.13"} | wrong
    answer = at_browser(ada).post("/ada/layers/new/", sent, headers=HTMX)
    assert answer.status_code == 422 and said in text(answer).replace("&#x27;", "'")
    assert f'value="{sent["name"]}"' in text(answer)
    assert LayerBuild.objects.count() == 0


def test_packages_are_installed_by_a_worker_while_the_page_looks_on(ada, at_browser, no_worker):
    client = at_browser(ada)
    sent = {"name": "libs", "start": "packages", "packages": "requests\nboto3==1.40", "runtime": "python3.13"}
    page = text(client.post("/ada/layers/new/", sent, follow=True))
    build = LayerBuild.objects.get()
    assert "Waiting for its turn" in page and 'hx-trigger="every 1s"' in page
    assert build.packages == ["requests", "boto3==1.40"]
    LayerBuild.objects.update(state="running", log="Collecting requests\n")
    address = f"/ada/layers/builds/{build.pk}/"
    part = text(client.get(address, headers=HTMX | {"HX-Target": "section#build"}))
    assert part.lstrip().startswith("<section") and "Collecting requests" in part
    assert "Being made" in text(client.get("/ada/layers/"))


@pytest.mark.parametrize("failure", LayerBuild.Failure.values)
def test_every_failure_has_its_words_and_a_next_action(failure, ada, at_browser):
    build = LayerBuild.objects.create(
        account=ada,
        layer_name="libs",
        runtime="python3.13",
        packages=["x"],
        state="failed",
        failure=failure,
        detail="d",
    )
    page = text(at_browser(ada).get(f"/ada/layers/builds/{build.pk}/"))
    assert "Try again" in page and "every 1s" not in page
    assert build.get_failure_display() not in page


def test_versions_say_who_uses_them(ada, at_browser, make_function, greeting):
    make_function(ada)
    update_function_configuration(account=ada, name="hello", layers=[greeting.arn])
    client = at_browser(ada)
    for page in ("", "greeting/versions/", "greeting/versions/1/"):
        assert "/ada/functions/hello/" in text(client.get(f"/ada/layers/{page}"))


def test_files_are_browsed_and_read_without_becoming_markup(ada, at_browser, greeting):
    client = at_browser(ada)
    page = text(client.get("/ada/layers/greeting/versions/1/", {"file": "python/greeting.py"}))
    assert "HELLO = &#x27;hej&#x27;" in page
    assert "<b>.bin" not in page and "&lt;b&gt;.bin" in page
    binary = text(client.get("/ada/layers/greeting/versions/1/", {"file": "python/data/<b>.bin"}))
    assert "This file is not text" in binary
    assert "This file is not text" in text(client.get("/ada/layers/greeting/versions/1/", {"file": "../../etc/passwd"}))


def test_a_deep_tree_is_shown(ada, at_browser):
    deep = "/".join("d" for _ in range(400))
    package = archives.store_package(archives.pack({f"{deep}/file.txt": b"down here"}))
    publish_layer_version(account=ada, name="deep", package=package)
    assert "file.txt" in text(at_browser(ada).get("/ada/layers/deep/versions/1/"))


def test_the_zip_is_given_back_as_it_was(ada, at_browser, greeting):
    assert at_browser(ada).get("/ada/layers/greeting/versions/1/package.zip").content == ZIP


def test_a_deleted_version_is_gone(ada, at_browser, greeting):
    client = at_browser(ada)
    assert "is deleted" in text(client.post("/ada/layers/greeting/versions/1/delete/", follow=True))
    assert client.get("/ada/layers/greeting/versions/1/").status_code == 404
    assert client.get("/ada/layers/greeting/versions/").status_code == 404


@pytest.mark.parametrize(
    "page", ["", "new/", "greeting/versions/", "greeting/versions/1/", "greeting/versions/1/package.zip"]
)
def test_layers_are_nobody_elses_and_take_no_other_method(page, ada, mallory, at_browser, greeting):
    address = f"/ada/layers/{page}"
    assert at_browser(mallory).get(address).status_code == 404
    assert at_browser(ada).get(address).status_code == 200
    assert at_browser(ada).put(address).status_code == 405


def test_a_build_is_nobody_elses(ada, mallory, at_browser):
    build = LayerBuild.objects.create(account=ada, layer_name="libs", runtime="python3.13", packages=["x"])
    assert at_browser(mallory).get(f"/ada/layers/builds/{build.pk}/").status_code == 404
    assert at_browser(mallory).get(f"/mallory/layers/builds/{build.pk}/").status_code == 404
    assert at_browser(ada).post("/ada/layers/greeting/versions/1/delete/").status_code == 404
    assert at_browser(ada).get("/ada/layers/greeting/versions/1/delete/").status_code == 405
